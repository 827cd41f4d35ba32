"""Tells the truth about the health of a Celery worker or Beat, over HTTP."""
