"""Sends a task to each queue, and waits for its result."""
import time

#: A task that every worker has: it returns its arguments.
ECHO = 'celery.accumulate'


def result_of(result, sent, deadline):
    """None while there is no result."""
    try:
        result.get(timeout=max(0.1, deadline - time.monotonic()))
        return {'ok': True, 'seconds': round(time.monotonic() - sent, 1)}
    except Exception as exc:
        if type(exc).__name__ == 'TimeoutError' and not result.ready():
            return None
        return {'ok': False, 'error': f'{type(exc).__name__}: {exc}'.splitlines()[0][:500]}


def waiting(app, queues):
    """How many messages wait in each; None where the broker does not say."""
    try:
        with connected(app) as connection:
            return depths_of(connection, queues)
    except Exception:                      # what is wrong with the broker, its client says
        return dict.fromkeys(queues)


def without_result(before, now):
    """Of a queue, by how many messages waited after half of the time, and wait at its end."""
    error = f'no result within {GIVEN["timeout"]:g} s'
    if before is None or now is None:
        return {'ok': False, 'error': error}
    if before == now == 0:
        return {'ok': False, 'error': f'{error}; no message waits in the queue: a worker has '
                                      'received the task, and has not ended it'}
    change = f'{abs(now - before)} {"fewer" if now < before else "more"} than'
    return {'ok': False, 'worked_off': now < before, 'error': (
        f'{error}; {now} message{" waits" if now == 1 else "s wait"} in the queue, '
        f'{change if now != before else "as many as"} {GIVEN["timeout"] / 2:g} s before')}


def smoke():
    app = application()
    if type(app.backend).__name__ == 'DisabledBackend':
        raise RuntimeError('the application has no result backend, so no result can be waited for')
    queues = list(GIVEN.get('queues') or [])
    if GIVEN.get('declared') or not queues:
        queues += app.amqp.queues.consume_from
    task, timeout = GIVEN.get('task') or ECHO, GIVEN['timeout']
    connected(app).release()               # else sending would try again for as long as it may
    started = time.monotonic()
    sent = {queue: app.send_task(
        task, GIVEN.get('args') or [], GIVEN.get('kwargs') or {}, queue=queue, expires=timeout,
        ignore_result=False) for queue in dict.fromkeys(queues)}
    found, depths = dict.fromkeys(sent), []
    for deadline in (started + timeout / 2, started + timeout):
        for queue in (queue for queue in sent if found[queue] is None):
            found[queue] = result_of(sent[queue], started, deadline)
        missing = [queue for queue in sent if found[queue] is None]
        depths.append(waiting(app, missing) if missing else {})
    for queue, result in sent.items():
        found[queue] = found[queue] or without_result(depths[0].get(queue), depths[1].get(queue))
        try:
            result.forget()
        except Exception:                  # not every result backend can
            pass
    return {'task': task, 'queues': found}


def line(queue, task, result):
    if result['ok']:
        return f"{queue}: {task} ran, result after {result['seconds']} s"
    if result.get('worked_off'):
        return (f"{queue}: {task}: {result['error']}; workers work them off, so this is no failure "
                'of the release, and no proof of it either')
    return f"{queue}: {task}: {result['error']}"


def printed():
    """For a Job: lines for people, and an exit code."""
    try:
        found = smoke()
    except Exception as exc:
        print(f'{type(exc).__name__}: {exc}'.splitlines()[0][:500], flush=True)
        os._exit(1)
    results = found['queues']
    for queue, result in results.items():
        print(line(queue, found['task'], result))
    sys.stdout.flush()
    good = all(result['ok'] or result.get('worked_off') for result in results.values())
    os._exit(0 if good else 1)


printed() if GIVEN.get('job') else answer(smoke)
