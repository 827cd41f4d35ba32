"""What the lock tests run: one task with a result, one that Beat sends every second.

Broker and result backend come from CELERY_BROKER_URL and CELERY_RESULT_BACKEND.
"""
from celery import Celery

app = Celery('tasks')
app.conf.broker_connection_retry_on_startup = True
app.conf.beat_schedule = {'tick': {'task': 'tasks.tick', 'schedule': 1.0}}


@app.task
def add(x, y):
    return x + y


@app.task
def tick():
    return 'tick'
