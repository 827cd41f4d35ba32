"""Before a program: writes to given-options.json what it gives to each of the data types in data-types.json."""
import atexit
import json

import cdk8s_celery

GIVEN = {}


def record(data_type):
    make = data_type.__init__

    def recorded(self, **options):
        make(self, **options)
        GIVEN.setdefault(data_type.__name__, set()).update(self._values)

    data_type.__init__ = recorded


def write():
    with open('given-options.json', 'w') as file:
        json.dump({name: sorted(options) for name, options in GIVEN.items()}, file)


with open('data-types.json') as file:
    for name in json.load(file):
        record(getattr(cdk8s_celery, name))
atexit.register(write)
