"""What the application does is the same with the agent and without."""
import json

import pytest

#: Everything of a connection and of the settings that an agent could change.
SHOW = """
import json
from celery.signals import worker_ready

@worker_ready.connect
def show(sender, **_):
    app = sender.app
    with app.connection_for_write() as write:
        seen = {
            'settings': {key: repr(app.conf[key]) for key in app.conf.keys()},
            'read': repr(sender.connection.info()),
            'write': repr(write.info()),
            'ensure_connection': repr(sender.connection.ensure_connection.__func__),
            'close': repr(sender.connection.close.__func__),
            'backend': repr(getattr(app.backend, 'connparams', None)),
        }
    with open(FILE, 'w') as file:
        json.dump({key: value.split(' at 0x')[0] if isinstance(value, str) else value
                   for key, value in seen.items()}, file)
"""


@pytest.mark.parametrize('conf', [
    '', 'redis_socket_timeout=120.0', 'broker_connection_timeout=0',
    "broker_transport_options={'visibility_timeout': 60, 'socket_timeout': None}",
])
def test_settings_and_connections_are_those_of_the_application(worker, pod, tmp_path, conf):
    seen = []
    for name in 'with', 'without':
        file = tmp_path / f'{name}.json'
        (tmp_path / f'show_{name}.py').write_text(f'FILE = {str(file)!r}\n{SHOW}')
        env = {'TEST_CONF': conf}
        if name == 'with':
            each = worker(includes=f'show_{name}', env=env)
        else:
            each = pod('worker', '-P', 'prefork', '-c', '2', '-I', f'show_{name}', env=env)
        each.until(lambda: file.exists() and file.read_text().endswith('}'), 30, 'the settings')
        seen.append(json.loads(file.read_text()))
    ours, theirs = ({**each, 'settings': {k: v for k, v in each['settings'].items()
                                          if k != 'include'}} for each in seen)
    assert ours == theirs
