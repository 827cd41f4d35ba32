"""Another application, which knows no task of the shop."""
from celery import Celery

app = Celery('crm')


@app.task
def call(customer):
    print(f'called {customer}', flush=True)
