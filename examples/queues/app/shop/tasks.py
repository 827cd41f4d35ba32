from celery import Celery

app = Celery("shop")
app.conf.task_routes = {"shop.tasks.call": {"queue": "calls"}, "shop.tasks.report": {"queue": "reports"}}


@app.task
def call(url):
    import requests

    return requests.get(url, timeout=10).status_code


@app.task
def report(month):
    return f"report of {month}"
