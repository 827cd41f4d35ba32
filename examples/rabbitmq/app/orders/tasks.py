"""Tasks of a shop that has a PostgreSQL already."""
from celery import Celery

app = Celery('orders')


@app.task
def total(prices):
    return sum(prices)
