"""A task that publishes ten tasks a second, and what writes down which ids came and ran."""
import os
import time

from celery import Celery, signals

app = Celery('stalls')
app.conf.beat_schedule = {
    'tick': {'task': 'stalls_app.child', 'schedule': 1.0, 'options': {'queue': 'beat'}}}


def note(what, task_id):
    # One write to a file opened to append: whole, whichever process it is.
    with open('ids', 'a') as file:
        file.write(f'{what} {task_id}\n')


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


@signals.task_received.connect
def received(request, **_):
    note('received', request.id)


@signals.task_prerun.connect
def ran(task_id, **_):
    note('ran', task_id)
