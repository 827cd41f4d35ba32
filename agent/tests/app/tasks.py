"""The application under test."""
import os
import time

from celery import Celery

BROKER = os.environ['TEST_BROKER']

app = Celery('tasks', broker=BROKER, backend=os.environ.get('TEST_BACKEND', BROKER))
app.conf.broker_connection_retry_on_startup = True
app.conf.broker_connection_max_retries = None
app.conf.beat_schedule = {
    'add': {'task': 'tasks.add', 'schedule': float(os.environ.get('TEST_EVERY', '0.5')),
            'args': (4, 4)},
}
#: Keyword arguments in Python: what a test adds to the settings.
app.conf.update(eval(f"dict({os.environ.get('TEST_CONF', '')})"))


@app.task
def add(x, y):
    return x + y


@app.task
def nap(seconds):
    time.sleep(seconds)


@app.task
def burn(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@app.task(rate_limit='1/m')
def limited():
    pass


@app.task
def die():
    os.kill(os.getpid(), 9)


#: What a test adds to the application.
exec(os.environ.get('TEST_CODE', ''))
