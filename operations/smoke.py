"""Sends a task to each queue, and waits for its result."""
import time

#: A task that every worker has: it returns its arguments.
ECHO = 'celery.accumulate'


def result_of(result, deadline):
    started = time.monotonic()
    try:
        result.get(timeout=max(0.1, deadline - time.monotonic()))
        return {'ok': True, 'seconds': round(time.monotonic() - started, 1)}
    except Exception as exc:
        if type(exc).__name__ == 'TimeoutError' and not result.ready():
            return {'ok': False, 'error': f'no result within {GIVEN["timeout"]} s'}
        return {'ok': False, 'error': f'{type(exc).__name__}: {exc}'.splitlines()[0][:500]}
    finally:
        try:
            result.forget()
        except Exception:                  # not every result backend can
            pass


def smoke():
    app = application()
    if type(app.backend).__name__ == 'DisabledBackend':
        raise RuntimeError('the application has no result backend, so no result can be waited for')
    queues = list(GIVEN.get('queues') or [])
    if GIVEN.get('declared') or not queues:
        queues += app.amqp.queues.consume_from
    task, timeout = GIVEN.get('task') or ECHO, GIVEN['timeout']
    connected(app).release()               # else sending would try again for as long as it may
    deadline = time.monotonic() + timeout
    sent = {queue: app.send_task(
        task, GIVEN.get('args') or [], GIVEN.get('kwargs') or {}, queue=queue, expires=timeout,
        ignore_result=False) for queue in dict.fromkeys(queues)}
    return {'task': task, 'queues': {
        queue: result_of(result, deadline) for queue, result in sent.items()}}


def printed():
    """For a Job: lines for people, and an exit code."""
    try:
        found = smoke()
    except Exception as exc:
        print(f'{type(exc).__name__}: {exc}'.splitlines()[0][:500], flush=True)
        os._exit(1)
    for queue, result in found['queues'].items():
        print(f"{queue}: {found['task']} " + (
            f"ran, result after {result['seconds']} s" if result['ok'] else result['error']))
    sys.stdout.flush()
    os._exit(0 if all(result['ok'] for result in found['queues'].values()) else 1)


printed() if GIVEN.get('job') else answer(smoke)
