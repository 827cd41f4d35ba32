"""Changes the agent in one place at a time, and counts how often the tests of that module notice.

    agent/tests/mutants.sh [--count 40] [--seed 1] [MODULE ...]

All mutants of health.py and settings.py, and --count of all others, drawn by the seed. One that
makes the tests take too long is shown apart and does not count as killed. At least 80 of 100 have
to be killed.
"""
import argparse
import json
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

AGENT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = 'cdk8s_celery_agent'
WHOLE = ('health', 'settings')
#: The tests of modules that have none of their own name, or others in addition.
TESTS = {
    'agent': 'test_agent test_looks', 'metrics': 'test_server', 'moving': 'test_looks',
    'patches': 'test_parts', 'untraced': 'test_worker',
}
#: What scripts write, and what is empty.
LEFT_OUT = ('__init__', 'versions')
TIMEOUT = 120
GOAL = 0.8


class Session:
    """The mutants of one module, in a copy of the agent."""

    def __init__(self, module, folder, python):
        self.module, self.folder = module, folder
        self.database = folder / f'{module}.sqlite'
        self.config = folder / f'{module}.toml'
        tests = TESTS.get(module, f'test_{module}').split()
        files = ' '.join(f'tests/{each}.py' for each in tests)
        command = f'{python} -m pytest -q -x -n 0 {files}'
        self.config.write_text(f'''[cosmic-ray]
module-path = "{PACKAGE}/{module}.py"
timeout = {TIMEOUT}
excluded-modules = []
test-command = "{command}"
[cosmic-ray.distributor]
name = "local"
''')
        self.run('init', self.config, self.database)

    def run(self, *args):
        command = [pathlib.Path(sys.executable).parent / 'cosmic-ray', *args]
        return subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.PIPE).stdout

    def jobs(self):
        with sqlite3.connect(self.database) as database:
            return [job for job, in database.execute(
                'SELECT job_id FROM mutation_specs '
                'ORDER BY operator_name, occurrence, operator_args')]

    def keep(self, jobs):
        with sqlite3.connect(self.database) as database:
            for job in set(self.jobs()) - set(jobs):
                database.execute('DELETE FROM mutation_specs WHERE job_id = ?', (job,))
                database.execute('DELETE FROM work_items WHERE job_id = ?', (job,))

    def results(self):
        """Of each mutant: killed, survived or timed out, and its change."""
        self.run('exec', self.config, self.database)
        for line in self.run('dump', self.database).splitlines():
            _, result = json.loads(line)
            outcome = 'timed out' if result['output'] == 'timeout' else result['test_outcome']
            yield outcome, ' '.join(
                row for row in (result['diff'] or '').splitlines()
                if row[:1] in ('+', '-') and row[:3] not in ('+++', '---'))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('modules', nargs='*')
    parser.add_argument('--count', type=int, default=40)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--all', type=int, help='of health and settings, also only this many')
    given = parser.parse_args()
    modules = given.modules or sorted(
        path.stem for path in (AGENT / PACKAGE).glob('*.py') if path.stem not in LEFT_OUT)
    draw, began, good = random.Random(given.seed), time.monotonic(), True
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / 'agent'
        shutil.copytree(
            AGENT, folder, ignore=shutil.ignore_patterns('.venvs', '__pycache__'))
        # The tests read the versions that have a lock.
        (folder.parent / 'locks').symlink_to(AGENT.parent / 'locks')
        sessions = [Session(module, folder, sys.executable) for module in modules]
        others = [session for session in sessions if session.module not in WHOLE]
        rest = [(session, job) for session in others for job in session.jobs()]
        drawn = draw.sample(rest, min(given.count, len(rest)))
        for session in sessions:
            jobs = [job for one, job in drawn if one is session]
            if session.module in WHOLE:
                jobs = session.jobs()
                if given.all is not None:
                    jobs = draw.sample(jobs, min(given.all, len(jobs)))
            session.keep(jobs)
        groups = [(session.module, [session]) for session in sessions if session.module in WHOLE]
        for name, group in [*groups, ('the rest', others)]:
            results = [
                (session.module, *result)
                for session in group if session.jobs() for result in session.results()]
            if not results:
                continue
            for module, outcome, change in results:
                if outcome != 'killed':
                    print(f'{module}.py {outcome}: {change}')
            killed = sum(outcome == 'killed' for _, outcome, _ in results)
            late = sum(outcome == 'timed out' for _, outcome, _ in results)
            print(f'{name}: {killed} of {len(results)} killed '
                  f'({100 * killed / len(results):.0f} %), {late} timed out; '
                  f'{time.monotonic() - began:.0f} s', flush=True)
            good = good and killed >= GOAL * len(results)
    sys.exit(not good)


main()
