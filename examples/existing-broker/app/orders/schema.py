"""Stands for the migrations of a web framework: `migrate` makes the schema, `check` says whether it is there."""
import os
import sys

import redis

VERSION = '1'


def main(command):
    database = redis.Redis.from_url(os.environ['CELERY_RESULT_BACKEND'])
    if command == 'migrate':
        database.set('schema', VERSION)
        print(f'schema {VERSION} is there')
    elif (database.get('schema') or b'').decode() != VERSION:
        sys.exit(f'schema {VERSION} is not there yet')


if __name__ == '__main__':
    main(sys.argv[1])
