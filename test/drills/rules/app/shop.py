"""The application of the drills: tasks that say when they begin and when they are done."""
import os
import time

from celery import Celery
from celery.signals import worker_process_init

app = Celery('shop')
app.conf.task_ignore_result = True
app.conf.beat_schedule = {'stocktaking': {'task': 'shop.count', 'schedule': 5.0}}

memory = []


@worker_process_init.connect
def load_catalogue(**kwargs):
    """What an application with large imports needs in every child."""
    memory.append(b'x' * (int(os.environ.get('CATALOGUE_MIB', '0')) << 20))


@app.task
def pack(order, seconds=0):
    print(f'packing {order}', flush=True)
    time.sleep(seconds)
    print(f'packed {order}', flush=True)


@app.task
def count():
    print('counted', flush=True)


@app.task
def leak(mebibytes):
    memory.append(b'x' * (mebibytes << 20))
    print('leaked', flush=True)
