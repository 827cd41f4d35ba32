"""For applications under test: writes down which tasks came and ran, in the file `ids` of the
working directory."""
from celery import signals


def note(what, task_id):
    # One write to a file that is opened to append: whole, whichever process it is.
    with open('ids', 'a') as file:
        file.write(f'{what} {task_id}\n')


@signals.task_received.connect
def received(request, **_):
    note('received', request.id)


@signals.task_prerun.connect
def ran(task_id, **_):
    note('ran', task_id)


@signals.task_success.connect
def done(sender, **_):
    note('done', sender.request.id)
