from celery import Celery

app = Celery('cost')


@app.task(ignore_result=True)
def add(x, y):
    return x + y
