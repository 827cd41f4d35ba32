from celery import Celery

app = Celery('tasks')
app.conf.beat_schedule = {
    'two-and-two-every-minute': {'task': 'tasks.add', 'schedule': 60.0, 'args': (2, 2)},
}


@app.task
def add(x, y):
    return x + y
