"""Tasks of a shop that has a RabbitMQ and a Redis already."""
import os

from celery import Celery

app = Celery('orders')
app.conf.task_routes = {'orders.tasks.upload': {'queue': 'uploads'}}


@app.task
def total(prices):
    return sum(prices)


@app.task
def upload(name):
    return f'{name} is in {os.environ["ORDERS_REGION"]}'
