#!/usr/bin/env python3
"""Writes locks/: for each Celery and Python constraints and lists with hashes; and index.json.

    celery-5.3.4-python3.11.txt         the version of each package, for pip install --constraint
    celery-5.3.4-python3.11/base.txt    what Celery needs, with the hashes of its wheels, for
                                        pip install --require-hashes --no-deps --only-binary :all:
    celery-5.3.4-python3.11/redis.txt   what Redis needs in addition: one such list a need (NEEDS)

All lists of a Celery and a Python are parts of one solution, so any of them go together. index.json
has what the releases of Celery and kombu ask for. The same table goes into
agent/cdk8s_celery_agent/versions.py, with which the agent compares its Celery.

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
from typing import Any, Iterable, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / 'locks'
AGENT_VERSIONS = ROOT / 'agent' / 'cdk8s_celery_agent' / 'versions.py'
UV = 'uv==0.13.9'

CELERY = ('5.3.4', '5.4.0', '5.5.3', '5.6.3', '5.7.0')
PYTHONS = ('3.11', '3.12')
# What the images we run in are: glibc, on either processor. A lock has to hold on both.
PLATFORMS = ('x86_64-manylinux_2_28', 'aarch64-manylinux_2_28')

# What a pod may need, and its requirements, of which the first names it. The list of the base has
# everything that its requirement needs, each other list what its own need in addition to that.
BASE = 'base'
NEEDS = {
    BASE: ('celery',),
    'redis': ('celery[redis]',),
    'gevent': ('gevent',),
    'flower': ('flower',),
    'sqs': ('celery[sqs]',),
    # With the driver for PostgreSQL, which SQLAlchemy leaves to its user.
    'sqlalchemy': ('celery[sqlalchemy]', 'psycopg[binary]'),
    'redbeat': ('celery-redbeat',),
    'django-celery-beat': ('django-celery-beat',),
}
# Other needs without which one is of no use: what is in their lists is not in its own.
TOGETHER = {'redbeat': ('redis',)}
# What a list leaves out: SQLAlchemy runs without greenlet, which only its asyncio API imports.
LEFT_OUT = {'sqlalchemy': ('greenlet',)}


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
WITHDRAWN = dict.fromkeys(
    ('5.3.2', '5.3.3'),
    'withdrawn for breaking API changes (celery/celery#8338, celery/celery#8383)')

# A file of a project, as the index describes it.
File = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--exclude-newer', metavar='YYYY-MM-DD', type=date.fromisoformat,
                        default=datetime.now(timezone.utc).date(),
                        help='ignore what was uploaded on or after this day (default: today, UTC)')
    day = parser.parse_args().exclude_newer

    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(Path(folder), day)
        locks = {(celery, python): tools.resolve(celery, python, sum(NEEDS.values(), ()))
                 for celery in CELERY for python in PYTHONS}
        index = make_index(tools, locks)
        files = {'index.json': json.dumps(index, indent=2) + '\n'}
        for (celery, python), lock in locks.items():
            name = f'celery-{celery}-python{python}'
            files[f'{name}.txt'] = lock_text(celery, python, day, lock)
            for need, packages in split(tools, celery, python, lock).items():
                files[f'{name}/{need}.txt'] = list_text(tools, celery, python, need, packages)

    for stale in [LOCKS / 'index.json', *LOCKS.glob('celery-*.txt'), *LOCKS.glob('celery-*/*')]:
        stale.unlink(missing_ok=True)
    for emptied in LOCKS.glob('celery-*/'):
        emptied.rmdir()
    for name, text in files.items():
        path = LOCKS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    AGENT_VERSIONS.write_text(agent_versions(AGENT_VERSIONS.read_text('utf-8')), encoding='utf-8')


class Tools:
    """uv, pip and the package index as they were at the start of a day."""

    def __init__(self, folder: Path, day: date) -> None:
        self.before = f'{day.isoformat()}T00:00:00Z'
        self.folder = folder
        venv.create(folder / 'venv', with_pip=True)
        self.bin = folder / 'venv' / 'bin'
        self.projects: dict[str, list[File]] = {}
        self.metadata: dict[str, list[str]] = {}
        self.run('pip', 'install', '--quiet', UV)
        # uv knows which index this machine uses and prints it on demand.
        printed = self.run('uv', 'pip', 'compile', '--quiet', '--emit-index-url', '-')
        self.index = re.findall(r'^--index-url (\S+)', printed, re.M)[0].rstrip('/')

    def run(self, tool: str, *args: str, stdin: str = '') -> str:
        # Resolving for a Python needs no such Python: uv is not to fetch one.
        done = subprocess.run([self.bin / tool, *args], input=stdin, text=True,
                              stdout=subprocess.PIPE,
                              env={**os.environ, 'UV_PYTHON_DOWNLOADS': 'never'})
        if done.returncode:
            sys.exit(f'{tool} {" ".join(args)}: exit code {done.returncode}, see above')
        return done.stdout

    def resolve(self, celery: str, python: str, needs: Iterable[str],
                within: dict[str, str] | None = None) -> dict[str, str]:
        """The tree as {name: version}; `python` means its first patch release and all later."""
        constraints = self.folder / 'constraints.txt'
        constraints.write_text('\n'.join([
            f'celery=={celery}',
            *(held.constraint for held in held_for(celery)),
            *(f'{name}=={version}' for name, version in (within or {}).items())]))
        lock: dict[str, str] = {}
        for platform in PLATFORMS:
            # Wheels only: what a source distribution needs is not known before it is built.
            text = self.run('uv', 'pip', 'compile', '--quiet', '--no-header', '--no-annotate',
                            '--only-binary', ':all:', '--exclude-newer', self.before,
                            '--python-version', python, '--python-platform', platform,
                            '--constraints', str(constraints), '-', stdin='\n'.join(needs))
            for name, version in (line.split('==') for line in text.split()):
                if lock.setdefault(name, version) != version:
                    sys.exit(f'celery {celery}, Python {python}: {name} is {lock[name]} '
                             f'on {PLATFORMS[0]}, but {version} on {platform}: no lock holds both')
        return dict(sorted(lock.items()))

    def files(self, project: str) -> list[File]:
        """All files that the index had of a project."""
        if project not in self.projects:
            request = urllib.request.Request(f'{self.index}/{project}/', headers={
                'Accept': 'application/vnd.pypi.simple.v1+json'})
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.projects[project] = [file for file in json.load(answer)['files']
                                          if file['upload-time'] < self.before]
        return self.projects[project]

    def hashes(self, project: str, version: str, python: str) -> list[str]:
        """The SHA-256 of each wheel that pip may choose on one of PLATFORMS."""
        found = sorted(file['hashes']['sha256'] for file in self.files(project)
                       if fits(file['filename'], version, python))
        if not found:
            sys.exit(f'{project} {version} has no wheel for Python {python}')
        return found

    def releases(self, project: str) -> dict[str, list[File]]:
        """The index's files of each final release, oldest release first."""
        found: dict[str, list[File]] = {}
        for file in self.files(project):
            final = re.fullmatch(rf'{project}-([0-9.]+)(\.tar\.gz|-.*\.whl)', file['filename'])
            if final:
                found.setdefault(final.group(1), []).append(file)
        return dict(sorted(found.items(), key=lambda release: version_key(release[0])))

    def requirements(self, project: str, version: str) -> list[str]:
        """What a release asks for, whatever Python runs this."""
        pin = f'{project}=={version}'
        if pin not in self.metadata:
            report = json.loads(self.run(
                'pip', 'install', '--quiet', '--dry-run', '--no-deps', '--only-binary', ':all:',
                '--ignore-requires-python', '--report', '-', pin))
            self.metadata[pin] = report['install'][0]['metadata'].get('requires_dist', [])
        return self.metadata[pin]


def fits(filename: str, version: str, python: str) -> bool:
    """Whether pip may choose this wheel for a version, on a Python and any glibc."""
    if not filename.endswith('.whl'):
        return False
    _, of, *_, pythons, abis, platforms = filename.removesuffix('.whl').split('-')
    if of != version:
        return False
    own = f'cp{python.replace(".", "")}'
    linux = platforms == 'any' or any(
        re.fullmatch(r'manylinux\w*_(x86_64|aarch64)', each) for each in platforms.split('.'))
    stable = 'abi3' in abis.split('.') and any(
        re.fullmatch(r'cp3\d+', tag) and int(tag[3:]) <= int(own[3:]) for tag in pythons.split('.'))
    pure = 'none' in abis.split('.') and {'py3', own} & set(pythons.split('.'))
    exact = {own} & set(pythons.split('.')) and own in abis.split('.')
    return linux and bool(stable or pure or exact)


def split(tools: Tools, celery: str, python: str,
          lock: dict[str, str]) -> dict[str, dict[str, str]]:
    """The packages of each need; each package is in one list only."""
    trees = {need: tools.resolve(celery, python, requirements, lock)
             for need, requirements in NEEDS.items()}
    elsewhere = {need: {name for other in (BASE, *TOGETHER.get(need, ())) if other != need
                        for name in trees[other]}.union(LEFT_OUT.get(need, ()))
                 for need in NEEDS}
    lists = {need: {name: version for name, version in tree.items() if name not in elsewhere[need]}
             for need, tree in trees.items()}
    once = [name for packages in lists.values() for name in packages]
    if sorted(once) != sorted(lock):
        sys.exit(f'celery {celery}, Python {python}: not in exactly one list: '
                 f'{sorted(name for name in lock if once.count(name) != 1)}')
    return lists


def make_index(tools: Tools, locks: dict[tuple[str, str], dict[str, str]]) -> dict[str, Any]:
    releases = {version: files for version, files in tools.releases('celery').items()
                if version_key(version) >= (5,)}
    yanked = {version: reason for version, files in releases.items()
              if (reason := yank_reason(files))}
    known = {version: files[0]['requires-python'].rstrip(',')
             for version, files in releases.items() if version not in yanked}
    for version in WITHDRAWN:
        if version in known:
            sys.exit(f'celery {version} is back on the index: take it out of WITHDRAWN')

    # A release never changes what it asks for, and a new pip refuses the metadata of some old ones.
    before = json.loads((LOCKS / 'index.json').read_text('utf-8'))['releases']
    asked = {version: before['celery'].get(version) or asks(tools, version) for version in known}
    kombu = {version: before['kombu'].get(version) or specifiers(
        tools.requirements('kombu', version), 'redis', extra='redis')
        for version in usable(tools, 'kombu', (5,))}
    celery = {}
    for version in CELERY:
        locked = single(locks[version, python]['kombu'] for python in PYTHONS)
        celery[version] = {
            'requiresPython': known[version],
            'kombu': asked[version]['kombu'],
            # Celery either names redis-py itself or leaves it to kombu's extra.
            'redis': asked[version].get('redis', kombu[locked]),
            'flower': single(locks[version, python]['flower'] for python in PYTHONS),
            # An app brings the Django that it is written for, in a range of django-celery-beat's.
            'django': specifiers(tools.requirements('django-celery-beat', single(
                locks[version, python]['django-celery-beat'] for python in PYTHONS)), 'Django'),
            'pythons': list(PYTHONS),
        }
    every_yanked = sorted({**yanked, **WITHDRAWN}.items(), key=lambda row: version_key(row[0]))
    return {
        'needs': {need: requirements[0] for need, requirements in NEEDS.items()},
        'together': {need: list(others) for need, others in TOGETHER.items()},
        'celery': celery, 'yanked': {'celery': dict(every_yanked)}, 'known': known,
        'releases': {'celery': asked, 'kombu': kombu, 'redis': usable(tools, 'redis', (3, 2))},
    }


def usable(tools: Tools, project: str, oldest: tuple[int, ...]) -> list[str]:
    """The final releases of a project that are not yanked, oldest first."""
    return [version for version, files in tools.releases(project).items()
            if version_key(version) >= oldest and not yank_reason(files)
            and any(file['filename'].endswith('.whl') for file in files)]


def asks(tools: Tools, celery: str) -> dict[str, str]:
    """The ranges of kombu and, where Celery names it itself, of redis-py for celery[redis]."""
    needs = tools.requirements('celery', celery)
    redis = specifiers(needs, 'redis', extra='redis')
    return {'kombu': specifiers(needs, 'kombu'), **({'redis': redis} if redis else {})}


def yank_reason(files: list[File]) -> str:
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


def single(values: Iterable[str]) -> str:
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
        f'All that {", ".join(sum(NEEDS.values(), ()))} need with Celery {celery} on Python '
        f'{python} and Linux (x86_64, aarch64): a constraints file for pip install --constraint.',
        f'Made by scripts/make-locks.py --exclude-newer {day.isoformat()}: the newest that the '
        'package index had at the start of that day. Do not edit.',
        *(f'{held.constraint}: {held.why} ({held.source}).' for held in held_for(celery)),
    ]
    return '\n'.join([*comment(*says),
                      *(f'{name}=={version}' for name, version in lock.items()), ''])


def list_text(tools: Tools, celery: str, python: str, need: str, packages: dict[str, str]) -> str:
    what = 'All that' if need == BASE else f'In addition to {BASE}.txt, what'
    return '\n'.join([
        *comment(f'{what} {" and ".join(NEEDS[need])} need{"s" * (len(NEEDS[need]) == 1)} with '
                 f'Celery {celery} on Python {python} and Linux (x86_64, aarch64). Made by '
                 'scripts/make-locks.py. Do not edit.'),
        *(' \\\n    '.join([f'{name}=={version}', *(
            f'--hash=sha256:{each}' for each in tools.hashes(name, version, python))])
          for name, version in packages.items()), ''])


def agent_versions(text: str) -> str:
    """The agent's module with the table of now."""
    return re.sub(r'^TESTED = .*$', f'TESTED = {CELERY}', text, flags=re.M)


def comment(*paragraphs: str) -> list[str]:
    return [f'# {line}' for paragraph in paragraphs
            for line in textwrap.wrap(paragraph, 98, break_on_hyphens=False)]


if __name__ == '__main__':
    main()
