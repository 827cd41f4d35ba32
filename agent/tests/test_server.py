"""Bad, slow and many clients; in this process, without Celery."""
import os
import select
import socket
import subprocess
import sys
import time

import pytest
from conftest import free_port, request, until

from cdk8s_celery_agent import server as module
from cdk8s_celery_agent.server import MAX_CLIENTS, MAX_HEAD, MAX_PATH, NO_ROOM, TEXT, Server


@pytest.fixture(scope='module')
def port():
    port, errors = free_port(), []
    assert Server('127.0.0.1', port, {
        '/livez': lambda: (200, TEXT, b'live\n'),
        '/large': lambda: (200, TEXT, b'x' * 5_000_000),
        '/broken': lambda: 1 / 0,
    }, lambda where, exc: errors.append(exc)).start() is None
    yield port
    assert {type(exc) for exc in errors} <= {ZeroDivisionError}


def client(port):
    return socket.create_connection(('127.0.0.1', port), 5)


def live(port):
    return request(port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n') == (200, 'live\n')


@pytest.mark.parametrize('text, code, body', [
    ('GET /livez HTTP/1.1\r\n\r\n', 200, 'live\n'),
    ('GET /livez HTTP/1.0\r\n\r\n', 200, 'live\n'),
    ('GET /livez?verbose HTTP/1.1\r\n\r\n', 200, 'live\n'),
    ('HEAD /livez HTTP/1.1\r\n\r\n', 200, ''),
    ('GET /nothing HTTP/1.1\r\n\r\n', 404, 'try /livez /large /broken\n'),
    ('GET /\xff%00 HTTP/1.1\r\n\r\n', 404, None),
    ('GET /broken HTTP/1.1\r\n\r\n', 500, "agent error: ZeroDivisionError('division by zero')\n"),
    ('POST /livez HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc', 405, 'only GET and HEAD\n'),
    ('DELETE /livez HTTP/1.1\r\n\r\n', 405, None),
    ('GET /livez\r\n\r\n', 400, None),
    ('GET /livez HTTP/2.0\r\n\r\n', 400, None),
    ('\r\n\r\n', 400, None),
    ('GET  /livez HTTP/1.1\r\n\r\n', 400, None),
    ('GET /' + 'a' * MAX_PATH + ' HTTP/1.1\r\n\r\n', 414, 'path too long\n'),
    ('GET /' + 'a' * 4 * MAX_PATH, 414, None),
    ('GET /livez HTTP/1.1\r\nX: ' + 'a' * MAX_HEAD, 431, 'headers too large\n'),
])
def test_answers(port, text, code, body):
    found = request(port, text)
    assert found[0] == code and (body is None or found[1] == body)


def test_an_application_that_closes_all_files(monkeypatch):
    """It listens again, and does not spin on what is closed meanwhile."""
    monkeypatch.setattr(module, 'RETRY', 0.1)
    port, errors = free_port(), []
    server = Server('127.0.0.1', port, {'/livez': lambda: (200, TEXT, b'live\n')},
                    lambda where, exc: errors.append(exc))
    assert server.start() is None
    until(lambda: live(port))
    with client(port):
        until(lambda: server.clients)
        for sock in server.listener, next(iter(server.clients.values())).sock:
            os.close(sock.fileno())
        with pytest.raises(OSError):       # wakes it: the kernel listens for as long as it polls
            live(port)
            live(port)
        until(lambda: server.listener is not None and server.listener.fileno() >= 0)

    def answers():
        try:
            return live(port)
        except OSError:
            return False
    until(answers)
    assert len(errors) == 1


def test_head_says_the_length_of_the_body(port):
    with client(port) as sock:
        sock.sendall(b'HEAD /livez HTTP/1.1\r\n\r\n')
        head = b''.join(iter(lambda: sock.recv(4096), b''))
    assert b'Content-Length: 5\r\n' in head and head.endswith(b'\r\n\r\n')


def test_one_byte_at_a_time(port):
    with client(port) as sock:
        for byte in b'GET /livez HTTP/1.1\r\n\r\n':
            sock.sendall(bytes([byte]))
        assert sock.recv(4096).endswith(b'live\n')


def test_slow_clients_hold_nobody_and_are_dropped(port, monkeypatch):
    monkeypatch.setattr(module, 'MAX_SECONDS', 1.0)
    slow = [client(port) for _ in range(3 * MAX_CLIENTS)]
    for sock in slow:
        sock.sendall(b'GET /livez HTTP/1.1\r\nX: ')
    started = time.monotonic()
    assert live(port) and time.monotonic() - started < 0.5
    for sock in slow:                      # all end: evicted, or past their time
        sock.settimeout(3)
        try:
            assert sock.recv(1) == b''
        except ConnectionResetError:
            pass
        sock.close()
    assert live(port)


def test_a_client_that_does_not_read_holds_nobody(port, monkeypatch):
    monkeypatch.setattr(module, 'MAX_SECONDS', 1.0)
    with client(port) as sock:
        sock.sendall(b'GET /large HTTP/1.1\r\n\r\n')
        assert live(port)
        time.sleep(1.2)                    # past its time
        assert live(port)
        received = 0
        try:
            while sock.recv(1 << 20):
                received += 1 << 10
        except ConnectionResetError:
            pass
        assert received < 5_000_000


def test_a_client_that_reads_gets_all(port):
    code, body = request(port, 'GET /large HTTP/1.1\r\n\r\n')
    assert code == 200 and len(body) == 5_000_000


def test_half_open_and_reset_clients(port):
    with client(port) as sock:
        sock.sendall(b'GET /livez HTTP/1.1\r\n')
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b''
    for _ in range(50):
        sock = client(port)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        sock.sendall(b'GET /livez HTTP/1.1\r\n\r\n')
        sock.close()
    until(lambda: live(port))


WINDOWS, PROBES = 5, 150


def promised(port):
    """99 of 100 probes within 100 ms, all within 1 s, each with a connection of its own. The
    machine may be busy with something else for a while: one of several windows will do."""
    worst = []
    for _ in range(WINDOWS):
        times = []
        for _ in range(PROBES):
            started = time.monotonic()
            assert live(port)
            times.append(time.monotonic() - started)
            time.sleep(0.01)
        times.sort()
        if times[-1] < 1 and times[int(PROBES * 0.99) - 1] < 0.1:
            return
        worst.append(times[-3:])
    raise AssertionError(worst)


#: In other processes, and these behind the server on the processor: they would be elsewhere.
CLIENTS = """
import os, socket, sys
kind, port, parent = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.nice(19)
print('begun', flush=True)
slow = []
while os.getppid() == parent:
    try:
        sock = socket.create_connection(('127.0.0.1', port), 2)
        if kind == 'flood':
            sock.close()
        elif kind == 'slow':
            sock.sendall(b'GET /livez HTTP/1.1\\r\\nX: ')
            slow.append(sock)
            if len(slow) >= 500:
                slow.pop(0).close()
        else:
            sock.sendall(b'GET /%s HTTP/1.1\\r\\n\\r\\n' % kind.encode())
            while sock.recv(1 << 20):
                pass
    except OSError:
        pass
"""


@pytest.mark.parametrize('kind', ['slow', 'flood', 'large', 'broken'])
def test_nobody_holds_a_probe(port, kind):
    """Two processes with 500 slow connections each, always new ones; that connect and close; that
    ask for other pages, all the time."""
    others = [subprocess.Popen([sys.executable, '-c', CLIENTS, kind, str(port), str(os.getpid())],
                               stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for each in others:
            assert each.stdout.readline() == b'begun\n'
        promised(port)
    finally:
        for each in others:
            each.kill()
            each.communicate()
    until(lambda: live(port))


def test_it_goes_on_when_the_process_has_no_file_descriptors_left(port, monkeypatch):
    class Listener:
        """Has none for two accepts."""
        def __init__(self, own):
            self.own, self.left = own, 2
            self.family = own.family

        def _accept(self):
            self.left -= 1
            if self.left >= 0:
                raise OSError(NO_ROOM[0], 'no room')
            return self.own._accept()
    server = Server('127.0.0.1', free_port(), {'/livez': lambda: (200, TEXT, b'live\n')}, print)
    server._listen()
    server.listener = Listener(server.listener)
    sock = client(server.port)
    assert server._accept_all() is False and server._accept_all() is False
    server.poll = select.poll()
    server.POLLIN, server.POLLOUT = select.POLLIN, select.POLLOUT
    assert server._accept_all() is True and len(server.clients) == 1
    sock.close()


def test_the_oldest_client_is_dropped_first(port):
    """A14: one that has just come is not dropped for one that holds on."""
    first = client(port)
    first.sendall(b'GET /livez')
    others = [client(port) for _ in range(MAX_CLIENTS)]
    until(lambda: first.recv(1) == b'', what='the end of the oldest')
    others[-1].sendall(b'GET /livez HTTP/1.1\r\n\r\n')
    assert others[-1].recv(4096).endswith(b'live\n')
    for each in others:
        each.close()


def test_it_listens_on_its_address_only():
    port = free_port()
    assert Server('127.0.0.2', port, {}, print).start() is None
    with pytest.raises(ConnectionRefusedError):
        client(port)


@pytest.mark.parametrize('host', ['198.51.100.1', 'not-an-address', ''])
def test_an_address_that_is_not_ours_is_an_error(host, port):
    where = port if host == '' else free_port()
    assert isinstance(Server(host, where, {}, print).start(), OSError)


def test_ipv6():
    port = free_port()
    assert Server('::1', port, {'/': lambda: (200, TEXT, b'')}, print).start() is None
    with socket.create_connection(('::1', port), 5) as sock:
        sock.sendall(b'GET / HTTP/1.1\r\n\r\n')
        assert sock.recv(100).startswith(b'HTTP/1.1 200')
