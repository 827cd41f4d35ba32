"""The controller that spares busy pods, against an API server and agents of its own."""
import json
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cdk8s_celery_busy import controller

SCRIPT = Path(controller.__file__)


class Cluster:
    """An API server with TLS, and agents at 127.0.1.N, one port for all."""

    def __init__(self, folder, count):
        self.folder = folder
        self.active = {f'127.0.1.{number}': 0 for number in range(1, count + 1)}
        self.annotations = {f'pod-{address}': {} for address in self.active}
        self.going = set()
        self.requests = []
        self.silent = set()
        cluster = self

        class Quiet(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def answer(self, body, status=200):
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        class Agent(Quiet):
            def do_GET(self):
                address = self.connection.getsockname()[0]
                silent = address in cluster.silent
                self.answer(b'<html>' if silent else {'active': cluster.active[address]})

        class Api(Quiet):
            def do_GET(self):
                cluster.requests.append(('GET', self.path, self.headers['Authorization']))
                self.answer({'items': cluster.pods()})

            def do_PATCH(self):
                name = self.path.rsplit('/', 1)[-1]
                body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                cluster.requests.append(('PATCH', self.path, self.headers['Content-Type']))
                for key, value in body['metadata']['annotations'].items():
                    if value is None:
                        cluster.annotations[name].pop(key, None)
                    else:
                        cluster.annotations[name][key] = value
                self.answer({})

        self.agents = ThreadingHTTPServer(('', 0), Agent)
        self.api = ThreadingHTTPServer(('127.0.0.1', 0), Api)
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-keyout', 'tls.key', '-out', 'ca.crt', '-subj', '/CN=api', '-addext',
                        'subjectAltName=IP:127.0.0.1'], cwd=folder, check=True, capture_output=True)
        (folder / 'token').write_text('a-token\n')
        (folder / 'namespace').write_text('shop')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / 'ca.crt', folder / 'tls.key')
        self.api.socket = context.wrap_socket(self.api.socket, server_side=True)
        for server in (self.agents, self.api):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def pods(self):
        port = self.agents.server_address[1]
        return [{
            'metadata': {'name': f'pod-{address}', 'uid': address,
                         'annotations': dict(self.annotations[f'pod-{address}']),
                         **({'deletionTimestamp': 'now'} if address in self.going else {})},
            'spec': {'containers': [{'name': 'proxy'}, {'name': 'worker', 'ports': [
                {'containerPort': port, 'name': 'health'}]}]},
            'status': {'podIP': address},
        } for address in self.active]

    def marked(self):
        return {name[len('pod-'):] for name, annotations in self.annotations.items()
                if annotations.get(controller.ANNOTATION) == controller.BUSY}

    def patches(self):
        return [path for method, path, _ in self.requests if method == 'PATCH']

    def environment(self):
        return {'KUBERNETES_SERVICE_HOST': '127.0.0.1',
                'KUBERNETES_SERVICE_PORT': str(self.api.server_address[1]),
                'CDK8S_CELERY_BUSY_ACCOUNT': str(self.folder)}

    def close(self):
        for server in (self.agents, self.api):
            server.shutdown()
            server.server_close()


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    cluster = Cluster(tmp_path, 3)
    for name, value in cluster.environment().items():
        monkeypatch.setenv(name, value)
    yield cluster
    cluster.close()


@pytest.fixture
def looker(cluster):
    return controller.Controller(controller.Api(), 'shop', 'component=worker')


ONE, TWO, THREE = '127.0.1.1', '127.0.1.2', '127.0.1.3'


def test_a_pod_that_runs_a_task_is_marked_once(cluster, looker):
    cluster.active[TWO] = 1
    looker.look(0)
    looker.look(5)
    assert cluster.marked() == {TWO}
    assert cluster.patches() == [f'/api/v1/namespaces/shop/pods/pod-{TWO}']


def test_an_idle_pod_that_never_worked_is_left_as_it_is(cluster, looker):
    looker.look(0)
    looker.look(100)
    assert cluster.patches() == []


def test_the_mark_goes_only_when_a_pod_was_idle_for_half_a_minute(cluster, looker):
    cluster.active[ONE] = 1
    looker.look(0)
    cluster.active[ONE] = 0
    looker.look(5)
    looker.look(34.9)
    assert cluster.marked() == {ONE}
    looker.look(35)
    assert cluster.marked() == set()


def test_short_tasks_cost_no_patches(cluster, looker):
    for second in range(0, 120, 5):
        cluster.active[ONE] = second % 10 // 5
        looker.look(second)
    assert cluster.marked() == {ONE}
    assert len(cluster.patches()) == 1


def test_a_pod_whose_agent_does_not_say_keeps_its_mark(cluster, looker):
    cluster.active.update({ONE: 1, TWO: 1})
    looker.look(0)
    cluster.silent.update({ONE, THREE})
    cluster.active.update({ONE: 0, TWO: 0})
    looker.look(5)
    looker.look(40)
    assert cluster.marked() == {ONE}


def test_what_a_controller_before_it_has_marked_is_taken_up(cluster, looker):
    cluster.annotations[f'pod-{ONE}'][controller.ANNOTATION] = controller.BUSY
    looker.look(0)
    looker.look(30)
    assert cluster.marked() == set()


def test_pods_that_end_or_have_no_agent_or_no_address_are_not_asked(cluster, looker):
    cluster.active.update({ONE: 1, TWO: 1, THREE: 1})
    cluster.going.add(ONE)
    pods = cluster.pods()
    pods[1]['spec']['containers'] = [{'name': 'w', 'ports': [{'containerPort': 1, 'name': 'http'}]}]
    pods[2]['status'] = {}
    assert controller.pods_of({'items': pods}) == []


def test_it_authenticates_and_asks_for_what_is_in_memory(cluster, looker):
    looker.look(0)
    method, path, authorization = cluster.requests[0]
    assert (method, authorization) == ('GET', 'Bearer a-token')
    assert path == '/api/v1/namespaces/shop/pods?labelSelector=component%3Dworker&resourceVersion=0'


def test_a_server_that_went_away_is_asked_again(cluster, looker):
    looker.look(0)
    looker.api.connection.sock.close()
    with pytest.raises(OSError):
        looker.look(5)
    looker.look(10)
    assert len(cluster.requests) == 2


def test_as_a_program_it_goes_on_after_errors_and_ends_when_it_is_told(cluster, tmp_path):
    (tmp_path / 'token').rename(tmp_path / 'other')
    process = subprocess.Popen([sys.executable, str(SCRIPT), 'component=worker'],
                               stderr=subprocess.PIPE, text=True,
                               env={**cluster.environment(), 'PATH': ''})
    try:
        assert 'No such file' in process.stderr.readline()
        (tmp_path / 'other').rename(tmp_path / 'token')
        cluster.active[ONE] = 1
        deadline = time.monotonic() + 20
        while cluster.marked() != {ONE}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.terminate()
        assert process.wait(timeout=5) == 0
