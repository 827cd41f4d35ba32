#!/usr/bin/env python3
"""Writes locks/: one pip constraints file per Celery and Python, and index.json about them.

    python3 scripts/make-locks.py                              # the index as of last midnight, UTC
    python3 scripts/make-locks.py --exclude-newer 2026-11-23   # ... as of the start of that day

The same date gives the same files. Needs Python 3.11 or newer and a package index that serves the
JSON simple API with upload times; uv is installed into a temporary virtual environment.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import urllib.request
import venv
from datetime import date, datetime, timezone
from pathlib import Path
from typing import NamedTuple

LOCKS = Path(__file__).resolve().parent.parent / 'locks'
UV = 'uv==0.13.9'

CELERY = ('5.3.4', '5.4.0', '5.5.3', '5.6.3', '5.7.0')
PYTHONS = ('3.11', '3.12')
# What the images we run in are: glibc, on either processor. A lock has to hold on both.
PLATFORMS = ('x86_64-manylinux_2_28', 'aarch64-manylinux_2_28')


class Held(NamedTuple):
    """A package kept below what the metadata allows, because the newest does not work."""

    celery: tuple[str, ...]
    constraint: str
    why: str
    source: str


HELD = (
    Held(
        ('5.3.4', '5.4.0'),
        'kombu<5.7',
        "kombu 5.7 imports packaging, which only its own redis extra brings, and wants redis-py "
        "6.1 or newer; these Celerys ask for redis-py below 6 and not for that extra, so every "
        "Celery process dies at start: No module named 'packaging'",
        'test/locks/locks.test.ts reproduces it',
    ),
)

# Releases that the index no longer lists at all, not even as yanked (Celery's changelog says why).
WITHDRAWN = {
    version: 'withdrawn for breaking API changes (celery/celery#8338, celery/celery#8383)'
    for version in ('5.3.2', '5.3.3')
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--exclude-newer', metavar='YYYY-MM-DD', type=date.fromisoformat,
                        default=datetime.now(timezone.utc).date(),
                        help='ignore what was uploaded on or after this day (default: today, UTC)')
    day = parser.parse_args().exclude_newer

    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(Path(folder), day)
        locks = {(celery, python): tools.resolve(celery, python)
                 for celery in CELERY for python in PYTHONS}
        index = make_index(tools, locks)

    files = {f'celery-{celery}-python{python}.txt': lock_text(celery, python, day, lock)
             for (celery, python), lock in locks.items()}
    files['index.json'] = json.dumps(index, indent=2) + '\n'
    LOCKS.mkdir(exist_ok=True)
    for stale in LOCKS.glob('celery-*.txt'):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (LOCKS / name).write_text(text, encoding='utf-8')


class Tools:
    """uv, pip and the package index as they were at the start of a day."""

    def __init__(self, folder: Path, day: date) -> None:
        self.before = f'{day.isoformat()}T00:00:00Z'
        self.folder = folder
        venv.create(folder / 'venv', with_pip=True)
        self.bin = folder / 'venv' / 'bin'
        self.run('pip', 'install', '--quiet', UV)

    def run(self, tool: str, *args: str, stdin: str = '') -> str:
        # Resolving for a Python needs no such Python: uv is not to fetch one.
        done = subprocess.run([self.bin / tool, *args], input=stdin, text=True,
                              stdout=subprocess.PIPE,
                              env={**os.environ, 'UV_PYTHON_DOWNLOADS': 'never'})
        if done.returncode:
            sys.exit(f'{tool} {" ".join(args)}: exit code {done.returncode}, see above')
        return done.stdout

    def resolve(self, celery: str, python: str) -> dict[str, str]:
        """The tree as {name: version}; `python` means its first patch release and all later."""
        held = self.folder / 'held.txt'
        held.write_text('\n'.join(h.constraint for h in held_for(celery)))
        lock: dict[str, str] = {}
        for platform in PLATFORMS:
            # Wheels only: what a source distribution needs is not known before it is built.
            text = self.run('uv', 'pip', 'compile', '--quiet', '--no-header', '--no-annotate',
                            '--only-binary', ':all:', '--exclude-newer', self.before,
                            '--python-version', python, '--python-platform', platform,
                            '--constraints', str(held), '-',
                            stdin=f'celery[redis,gevent]=={celery}\nflower\n')
            for name, version in (line.split('==') for line in text.split()):
                if lock.setdefault(name, version) != version:
                    sys.exit(f'celery {celery}, Python {python}: {name} is {lock[name]} '
                             f'on {PLATFORMS[0]}, but {version} on {platform}: no lock holds both')
        return dict(sorted(lock.items()))

    def releases(self, project: str) -> dict[str, list[dict]]:
        """The index's files of each final release, oldest release first."""
        # uv knows which index this machine uses and prints it on demand.
        printed = self.run('uv', 'pip', 'compile', '--quiet', '--emit-index-url', '-')
        url = re.findall(r'^--index-url (\S+)', printed, re.M)[0].rstrip('/')
        request = urllib.request.Request(f'{url}/{project}/', headers={
            'Accept': 'application/vnd.pypi.simple.v1+json'})
        with urllib.request.urlopen(request, timeout=60) as answer:
            files = [f for f in json.load(answer)['files'] if f['upload-time'] < self.before]
        found: dict[str, list[dict]] = {}
        for file in files:
            final = re.fullmatch(rf'{project}-([0-9.]+)(\.tar\.gz|-.*\.whl)', file['filename'])
            if final:
                found.setdefault(final.group(1), []).append(file)
        return dict(sorted(found.items(), key=lambda release: version_key(release[0])))

    def requirements(self, project: str, version: str) -> list[str]:
        report = json.loads(self.run(
            'pip', 'install', '--quiet', '--dry-run', '--no-deps', '--only-binary', ':all:',
            '--report', '-', f'{project}=={version}'))
        return report['install'][0]['metadata']['requires_dist']


def make_index(tools: Tools, locks: dict[tuple[str, str], dict[str, str]]) -> dict[str, dict]:
    releases = {version: files for version, files in tools.releases('celery').items()
                if version_key(version) >= (5,)}
    yanked = {version: reason for version, files in releases.items()
              if (reason := yank_reason(files))}
    known = {version: files[0]['requires-python'].rstrip(',')
             for version, files in releases.items() if version not in yanked}
    for version in WITHDRAWN:
        if version in known:
            sys.exit(f'celery {version} is back on the index: take it out of WITHDRAWN')

    celery = {}
    for version in CELERY:
        needs = tools.requirements('celery', version)
        # Celery either names redis-py itself or leaves it to kombu's extra.
        redis = specifiers(needs, 'redis', extra='redis')
        if not redis:
            kombu = single(locks[version, python]['kombu'] for python in PYTHONS)
            redis = specifiers(tools.requirements('kombu', kombu), 'redis', extra='redis')
        celery[version] = {
            'requiresPython': known[version],
            'kombu': specifiers(needs, 'kombu'),
            'redis': redis,
            'flower': single(locks[version, python]['flower'] for python in PYTHONS),
            'pythons': list(PYTHONS),
        }
    every_yanked = sorted({**yanked, **WITHDRAWN}.items(), key=lambda row: version_key(row[0]))
    return {'celery': celery, 'yanked': {'celery': dict(every_yanked)}, 'known': known}


def yank_reason(files: list[dict]) -> str:
    """Why a release is yanked, or nothing when a file of it can still be had."""
    reasons = [file['yanked'] for file in files]
    if not all(reasons):
        return ''
    return next((r for r in reasons if isinstance(r, str)), 'yanked, no reason given')


def specifiers(requirements: list[str], project: str, extra: str = '') -> str:
    """What `requirements` say of a project, in order of version: '>=4.5.2,!=4.5.5,<5.0.0'."""
    for requirement in requirements:
        what, _, marker = requirement.partition(';')
        # 'redis (<5.0.0,>=4.5.2)' or 'redis<5.0.0,>=4.5.2', by the age of the metadata
        [(name, wanted)] = re.findall(r'^([\w.-]+)(?:\[.*\])? *\(?([^)]*?)\)? *$', what)
        extras = re.findall(r'extra == [\'"](.*?)[\'"]', marker)
        if name == project and extras == ([extra] if extra else []):
            parts = (part.strip() for part in wanted.split(','))
            return ','.join(sorted(parts, key=lambda part: version_key(part.lstrip('<>=!~'))))
    return ''


def single(values) -> str:
    """The one value that all Pythons of a Celery share."""
    found = set(values)
    if len(found) != 1:
        sys.exit(f'index.json has room for one version, the Pythons differ: {sorted(found)}')
    return found.pop()


def held_for(celery: str) -> list[Held]:
    return [held for held in HELD if celery in held.celery]


def version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r'\d+', version))


def lock_text(celery: str, python: str, day: date, lock: dict[str, str]) -> str:
    says = [
        f'All that celery[redis,gevent]=={celery} and flower need on Python {python} and Linux '
        '(x86_64, aarch64): a constraints file for pip install -c.',
        f'Made by scripts/make-locks.py --exclude-newer {day.isoformat()}: the newest that the '
        'package index had at the start of that day. Do not edit.',
        *(f'{held.constraint}: {held.why} ({held.source}).' for held in held_for(celery)),
    ]
    comment = [line for paragraph in says
               for line in textwrap.wrap(paragraph, 98, break_on_hyphens=False)]
    return '\n'.join([*(f'# {line}' for line in comment),
                      *(f'{name}=={version}' for name, version in lock.items()), ''])


if __name__ == '__main__':
    main()
