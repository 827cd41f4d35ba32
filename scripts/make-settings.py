#!/usr/bin/env python3
"""Writes src/celery/settings-table.ts: all settings of each locked Celery, from its own definitions.

    python3 scripts/make-settings.py              # installs each Celery of locks/index.json
    VENV/bin/python scripts/make-settings.py --describe    # prints those of the installed Celery

Needs a Python that the locks are made for, and a package index.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
import venv
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / 'locks'
TABLE = ROOT / 'src' / 'celery' / 'settings-table.ts'

# What Celery reads of its configuration without defining it in celery/app/defaults.py:
# type, default, and where.
READ_ONLY_THERE = {
    'cassandra_secure_bundle_path': ('string', None, 'backends/cassandra.py'),
    'dynamodb_endpoint_url': ('string', None, 'backends/dynamodb.py'),
    'firestore_project': ('string', None, 'backends/gcs.py'),
    'gcs_threadpool_maxsize': ('int', 10, 'backends/gcs.py'),
    'override_backends': ('dict', None, 'loaders/base.py'),
    'redis_backend_credential_provider': ('string', None, 'backends/redis.py'),
    'redis_backend_health_check_interval': ('float', None, 'backends/redis.py'),
    'redis_client_name': ('string', None, 'backends/redis.py'),
    'result_backend_thread_safe': ('bool', False, 'backends/base.py'),
}

# Celery writes some types as Python classes, or as names that mean another's.
TYPES = {'str': 'string', 'bytes': 'string'}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--describe', action='store_true',
                        help='print the settings of the Celery that this Python has')
    if parser.parse_args().describe:
        print(json.dumps(describe()))
        return
    versions = list(json.loads((LOCKS / 'index.json').read_text())['celery'])
    text = table(versions, [installed(version) for version in versions])
    TABLE.write_text(text, encoding='utf-8')


def installed(celery: str) -> dict[str, dict]:
    """The settings of one Celery, in a virtual environment of its own."""
    python = f'{sys.version_info.major}.{sys.version_info.minor}'
    lock = LOCKS / f'celery-{celery}-python{python}.txt'
    if not lock.exists():
        sys.exit(f'no {lock.name}: run this with a Python that the locks are made for')
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        own = Path(folder) / 'bin' / 'python'
        subprocess.run([own, '-m', 'pip', 'install', '--quiet', f'celery=={celery}', '-c', lock],
                       check=True)
        return json.loads(subprocess.run([own, __file__, '--describe'], check=True,
                                         stdout=subprocess.PIPE).stdout)


def describe() -> dict[str, dict]:
    """What the installed Celery says of its settings."""
    import celery
    from celery.app.defaults import NAMESPACES, flatten

    found = {}
    for name, option in flatten(NAMESPACES):
        kind = option.type if isinstance(option.type, str) else option.type.__name__
        found[name] = {'type': TYPES.get(kind, kind), **default(option.default)}
        if option.deprecate_by:
            found[name]['deprecated'] = option.alt or f'since {option.deprecate_by}'
        old = sorted(template.format(name).lower() for template in option.old or ())
        if old:
            found[name]['old'] = old
    package = Path(celery.__file__).parent
    for name, (kind, value, path) in READ_ONLY_THERE.items():
        if name in found:
            sys.exit(f'celery {celery.__version__} defines {name}: take it out of READ_ONLY_THERE')
        source = package / path
        if source.exists() and name in source.read_text(encoding='utf-8'):
            found[name] = {'type': kind, **default(value)}
    return dict(sorted(found.items()))


def default(value) -> dict:
    """A default as JSON, and as Python code where JSON has no such value."""
    if isinstance(value, timedelta):
        return {'default': value.total_seconds()}
    if isinstance(value, float) and not math.isfinite(value):
        return {'default': None, 'python': f"float('{value}')"}
    return {'default': list(value) if isinstance(value, tuple) else value}


def table(versions: list[str], described: list[dict[str, dict]]) -> str:
    """One line for each setting: since when it is there, and what later versions changed of it."""
    settings: dict[str, dict] = {}
    for name in sorted(set().union(*described)):
        row: dict = {}
        now: dict | None = None
        for version, known in zip(versions, described):
            says = known.get(name)
            if not row and says is not None:
                row = {'since': version, **says}
            elif row and says is None and now is not None:
                row['until'] = version
            elif row and says is not None and now is None:
                sys.exit(f'celery {version} has {name} again, and the table has no word for that')
            elif row and says != now:
                changed = {key: says.get(key) for key in {**now, **says} if says.get(key) != now.get(key)}
                row.setdefault('changes', {})[version] = changed
            now = says
        settings[name] = row
    rows = [f'    {name}: {json.dumps(row)},' for name, row in settings.items()]
    return '\n'.join([
        '/* eslint-disable */',
        "// Generated by scripts/make-settings.py from Celery's own definitions. Do not edit.",
        "import type { SettingsTable } from './settings';",
        '',
        'export const SETTINGS: SettingsTable = {',
        f'  celery: {json.dumps(versions)},',
        '  settings: {',
        *rows,
        '  },',
        '};',
        '',
    ])


if __name__ == '__main__':
    main()
