import time

from celery import Celery

app = Celery('shop')
app.conf.task_routes = {'shop.tasks.send_mail': 'mail', 'shop.tasks.encode': 'video'}


@app.task
def order(number):
    return number


@app.task
def send_mail(address):
    time.sleep(1)
    return address


@app.task
def encode(path):
    # Up to 20 minutes.
    time.sleep(60)
    return path
