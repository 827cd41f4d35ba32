"""The Celery app that main.ts deploys. Broker and result backend come from the environment."""
from celery import Celery

app = Celery("tasks")


@app.task
def add(x, y):
    return x + y


app.conf.beat_schedule = {
    "add-every-30-seconds": {"task": "tasks.add", "schedule": 30.0, "args": (2, 2)},
}
