"""Gives settings to the command lines of worker and Beat, as Celery itself parses them.

Reads {"arguments": {argument: JSON}, "lines": {line of code: Python expression}} from stdin. Prints
what did not become, in app.conf, exactly the value of the JSON or the expression; and how many
there were.
"""
import contextlib
import io
import json
import sys
import types

import celery.bin.celery
import click
from celery import Celery


class Process:
    """In the place of the worker and of Beat: everything up to them is Celery's own."""

    exitcode = 0

    def __init__(self, *args, **kwargs):
        pass

    def start(self):
        pass

    run = start


def make_app():
    app = Celery('probe')
    # Cached properties of the app.
    app.__dict__.update(Worker=Process, Beat=Process)
    sys.modules['probe'] = types.SimpleNamespace(app=app, __name__='probe')
    return app


def parsed(command, argument):
    app = make_app()
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            code = celery.bin.celery.celery.main(
                args=['-A', 'probe:app', command, '--', argument], standalone_mode=False)
    except click.UsageError as error:
        return f'refused: {error.message}'
    return f'exit code {code}: {said.getvalue()}' if code else repr(app.conf[argument.partition('=')[0]])


def executed(line):
    app = make_app()
    exec(line, {'app': app})
    return repr(eval(line.partition(' = ')[0], {'app': app}))


given = json.load(sys.stdin)
# repr tells 1 from 1.0 and from True.
checked = [
    *((command, argument, parsed(command, argument), repr(json.loads(wanted)))
      for argument, wanted in given['arguments'].items() for command in ('worker', 'beat')),
    *(('code', line, executed(line), repr(eval(wanted))) for line, wanted in given['lines'].items()),
]
json.dump({
    'checked': len(checked),
    'different': [f'{by} {what}: {found}' for by, what, found, wanted in checked if found != wanted],
}, sys.stdout)
