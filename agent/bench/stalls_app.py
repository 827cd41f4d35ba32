"""A task that publishes ten tasks a second."""
import os
import time

from celery import Celery
from noted import note

app = Celery('stalls')
app.conf.beat_schedule = {
    'tick': {'task': 'stalls_app.child', 'schedule': 1.0, 'options': {'queue': 'beat'}}}


@app.task
def child():
    pass


@app.task
def publish():
    number = 0
    while not os.path.exists('enough'):
        number += 1
        try:
            child.apply_async(task_id=f'child-{number}')
        except Exception as exc:
            note('refused', f'child-{number} {exc!r}')
        else:
            note('sent', f'child-{number}')
        time.sleep(0.1)
