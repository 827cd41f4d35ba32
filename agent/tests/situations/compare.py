"""Runs situations with the agent and without, and says where the agent made anything worse:
python compare.py [--only NAME,...] [--celery VERSION] [--jobs 3]
"""
import argparse
import math
import sys
import tempfile
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from lab import venv
from lane import Lane, is_root
from situations import SITUATIONS

TIMES = {'back': 'it', 'beat back': 'Beat'}
COUNTS = {'lost': 'lost', 'results lost': 'results lost', 'twice': 'run twice',
          'ended': 'times ended by itself'}
#: So much longer may it take with the agent to work again before that is more than chance.
SLACK = 15
#: Celery that works again by itself within this time has not to be restarted.
BY_ITSELF = 60


def lanes(situation, folder, python=sys.executable):
    """The outcomes of Celery alone and with the agent, side by side."""
    outcomes, errors = {}, []

    def run(with_agent):
        lane = Lane(folder / f'{situation.name}-{with_agent}', with_agent, python)
        try:
            situation.run(lane)
            lane.finish()
            outcomes[with_agent] = lane.outcome()
            outcomes[with_agent]['reasons'] = sorted(
                {reason for pod in lane.pods.values() for reason in pod.reasons})
        except BaseException as exc:
            (lane.folder / 'error').write_text(f'{traceback.format_exc()}\n{lane.logs()}')
            errors.append(f'{"with the agent" if with_agent else "Celery alone"}: '
                          f'{str(exc)[-300:]!r}, see {lane.folder}')
        finally:
            lane.kill()
    threads = [threading.Thread(target=run, args=(each,)) for each in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise AssertionError('\n'.join(errors))
    return outcomes[False], outcomes[True]


def worse(situation, alone, with_agent):
    """What is worse with the agent than without it."""
    found = [what for what in COUNTS if with_agent[what] > alone[what]]
    found += [what for what in TIMES if with_agent[what] > alone[what] + SLACK]
    found += [what for what in situation.same if with_agent[what] != alone[what]]
    found = [f'{what}: {with_agent[what]}, without the agent {alone[what]}' for what in found]
    if with_agent['restarted'] and all(alone[what] < BY_ITSELF for what in TIMES):
        found.append(f'restarted without need: {with_agent["reasons"]}')
    return found


def told(outcome):
    """An outcome in the words of the table."""
    words = []
    if any(outcome[what] for what in TIMES):
        words.append(', '.join(f'{name} works again ' + (
            'never' if outcome[what] == math.inf else f'after {outcome[what]:.0f} s')
            for what, name in TIMES.items() if outcome[what]))
    words += [f'{outcome[what]} {name}'
              for what, name in {**COUNTS, 'restarted': 'restarted'}.items()
              if outcome[what] or what in ('lost', 'twice')]
    words += [f'{what}: {value}' for what, value in outcome.items()
              if what not in {*TIMES, *COUNTS, 'restarted', 'reasons'}]
    return '; '.join(words)


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--only', default=','.join(SITUATIONS))
    options.add_argument('--celery', default='newest')
    options.add_argument('--jobs', type=int, default=3)
    options.add_argument('--keep', help='a folder for the logs')
    options = options.parse_args()
    names = options.only.split(',')
    if not set(names) <= set(SITUATIONS):
        sys.exit(f'--only {options.only}: there are {", ".join(SITUATIONS)}')
    chosen = [SITUATIONS[name] for name in names]
    if not is_root() and any(each.root for each in chosen):
        sys.exit('needs root, for namespaces: ' +
                 ', '.join(each.name for each in chosen if each.root))
    failed = []
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(options.jobs) as pool:
        folder = Path(options.keep or temporary)

        def run(situation, celery, python):
            """Until it is not worse, or worse more often than not of three times: there is chance
            in what happens to be under way when something breaks."""
            times = []
            while len(times) < 3:
                try:
                    alone, with_agent = lanes(
                        situation, folder / celery / str(len(times)), python)
                    times.append((alone, with_agent, worse(situation, alone, with_agent)))
                except AssertionError as exc:
                    times.append((None, None, [str(exc)]))
                good = [each for each in times if not each[2]]
                if len(good) > len(times) / 2:
                    return situation, celery, *good[-1]
                if len(times) - len(good) == 2:
                    break
            return situation, celery, *times[-1]
        runs = [pool.submit(run, each, celery, venv(celery, each.python, *each.requires))
                for each in chosen
                for celery in (each.celery or options.celery).split(',')]
        print('| Celery | situation | Celery alone | with the agent |\n| --- | --- | --- | --- |')
        for done in runs:
            situation, celery, alone, with_agent, found = done.result()
            if alone:
                print(f'| {celery} | {situation.title} | {told(alone)} | {told(with_agent)} |',
                      flush=True)
                for reason in with_agent['reasons']:
                    print(f'  not live: {reason}')
            for each in found:
                failed.append(f'{celery} {situation.name}: {each}')
                print(f'  WORSE {failed[-1]}', flush=True)
    sys.exit(bool(failed))


if __name__ == '__main__':
    main()
