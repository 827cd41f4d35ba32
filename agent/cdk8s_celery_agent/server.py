"""A very small HTTP server: one native thread, one poll loop, no request can hold it.

It is made of C-level sockets and a native thread, and so keeps answering under gevent's monkey
patches while a task burns CPU. (http.server and its imports cost 4 MiB and a thread a client.)
"""
import _socket
import errno
import os
import time
from importlib import import_module
from typing import Any, Callable, Dict, Optional, Tuple

from .native import native

MAX_CLIENTS = 128     # one more and the oldest is dropped
MAX_SECONDS = 5.0     # from the accept to the last byte
MAX_HEAD = 8192       # bytes of request line and headers
MAX_PATH = 256
BACKLOG = 4096        # connections that wait for their accept: the kernel has a limit of its own
AT_ONCE = 64          # accepts before the clients that are there get their turn
RETRY = 5.0           # between two tries to take the port

TEXT = 'text/plain; charset=utf-8'
REASONS = {200: 'OK', 400: 'Bad Request', 404: 'Not Found', 405: 'Method Not Allowed',
           414: 'URI Too Long', 431: 'Request Header Fields Too Large',
           500: 'Internal Server Error', 503: 'Service Unavailable'}

Answer = Tuple[int, str, bytes]           # status, content type, body
Page = Callable[[], Answer]

GONE = (errno.EBADF, errno.ENOTSOCK, errno.EINVAL)
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


class Client:
    def __init__(self, sock: Any, deadline: float) -> None:
        self.sock = sock
        self.deadline = deadline
        self.received = b''
        self.pending: Optional[memoryview] = None        # None while the request is read
        self.wanted: Optional[int] = None        # the event that it waits for


class Server:
    def __init__(self, host: str, port: int, pages: Dict[str, Page],
                 on_error: Callable[[str, BaseException], None]) -> None:
        self.host, self.port = host, port
        self.pages = pages
        self.on_error = on_error
        self.listener: Any = None
        #: By file descriptor, the oldest first.
        self.clients: Dict[int, Client] = {}

    def start(self) -> Optional[OSError]:
        """Listen and serve; return why it cannot listen (it goes on trying)."""
        problem = None
        try:
            self._listen()
        except OSError as exc:
            problem = exc
        os.register_at_fork(after_in_child=self._forget)
        native('_thread', 'start_new_thread')(self._run, ())
        return problem

    def _listen(self) -> None:
        family = _socket.AF_INET6 if ':' in self.host else _socket.AF_INET
        sock = _socket.socket(family, _socket.SOCK_STREAM)
        try:
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind((self.host, self.port))
            sock.listen(BACKLOG)
        except BaseException:
            sock.close()
            raise
        self.listener = sock

    def _forget(self) -> None:
        """A forked child keeps neither the port nor a client."""
        for sock in [client.sock for client in self.clients.values()] + [self.listener]:
            if sock is not None:
                sock.close()

    def _give_up_listener(self) -> None:
        """Without its file descriptor, if the application has closed that: it may be another's."""
        listener, self.listener = self.listener, None
        try:
            ours = listener.getsockname()[:2] == (self.host, self.port)
        except OSError:
            ours = False
        listener.close() if ours else listener.detach()

    def _run(self) -> None:
        new_poll, select = native('select', 'poll'), import_module('select')
        while True:
            try:
                self._serve(new_poll, select)
            except Exception as exc:       # never: but then the next round starts clean
                self.on_error('server', exc)
                for fd in list(self.clients):
                    self._drop(fd)
                if self.listener is not None:
                    self._give_up_listener()
                new_poll().poll(1000)

    def _serve(self, new_poll: Callable[[], Any], select: Any) -> None:
        self.poll = new_poll()
        self.POLLIN, self.POLLOUT = select.POLLIN, select.POLLOUT
        while self.listener is None:
            self.poll.poll(RETRY * 1000)
            try:
                self._listen()
            except OSError:
                pass                       # logged at the start
        listening = self.listener.fileno()
        self.poll.register(listening, self.POLLIN)
        while True:
            wait = None
            if self.clients:
                wait = max(0.0, 1000 * (self._oldest().deadline - time.monotonic()))
            ready = [fd for fd, _ in self.poll.poll(wait)]
            for fd in ready:
                if fd in self.clients:
                    self._advance(fd, self.clients[fd])
            if listening in ready and not self._accept_all():
                new_poll().poll(200)       # else the poll above would spin
            now = time.monotonic()
            while self.clients and self._oldest().deadline <= now:
                self._drop(next(iter(self.clients)))

    def _oldest(self) -> Client:
        return next(iter(self.clients.values()))

    def _accept_all(self) -> bool:
        """Take those who wait; return whether there is room for more."""
        for _ in range(AT_ONCE):
            try:
                fd, _ = self.listener._accept()
            except OSError as exc:
                if exc.errno in GONE:
                    raise
                return exc.errno not in NO_ROOM
            sock = _socket.socket(self.listener.family, _socket.SOCK_STREAM, 0, fd)
            sock.setblocking(False)
            while len(self.clients) >= MAX_CLIENTS:
                self._drop(next(iter(self.clients)))
            self.clients[fd] = client = Client(sock, time.monotonic() + MAX_SECONDS)
            self._advance(fd, client)                     # most requests are there already
        return True

    def _advance(self, fd: int, client: Client) -> None:
        """Read or write what can be without a wait; an end and an answer in full drop it."""
        try:
            if client.pending is None:
                chunk = client.sock.recv(MAX_HEAD + 1)
                client.received += chunk
                answer = self._answer(client.received, ended=not chunk)
                client.pending = None if answer is None else memoryview(answer)
            if client.pending:
                client.pending = client.pending[client.sock.send(client.pending):]
        except BlockingIOError:
            pass
        except OSError:
            client.pending = memoryview(b'')              # the client has gone
        if client.pending is not None and not client.pending:
            self._drop(fd)
        else:
            wanted = self.POLLIN if client.pending is None else self.POLLOUT
            if client.wanted != wanted:
                client.wanted = wanted
                self.poll.register(fd, wanted)

    def _drop(self, fd: int) -> None:
        client = self.clients.pop(fd)
        if client.wanted is not None:
            self.poll.unregister(fd)
        try:
            client.sock.shutdown(_socket.SHUT_RDWR)       # ends it though a child may hold a copy
        except OSError:
            pass
        try:
            client.sock.close()
        except OSError:
            pass                           # the application has closed it

    def _answer(self, received: bytes, ended: bool) -> Optional[bytes]:
        """The whole response, b'' for none, or None while the request is not complete."""
        line, found, _ = received.partition(b'\r\n')
        parts = line.split(b' ')
        if len(line) > MAX_PATH + 32 or (found and len(parts) > 1 and len(parts[1]) > MAX_PATH):
            return render(414, TEXT, b'path too long\n')
        if len(received) > MAX_HEAD:
            return render(431, TEXT, b'headers too large\n')
        if b'\r\n\r\n' not in received:
            return b'' if ended else None
        if len(parts) != 3 or not parts[2].startswith(b'HTTP/1.'):
            return render(400, TEXT, b'not an HTTP/1 request\n')
        if parts[0] not in (b'GET', b'HEAD'):
            return render(405, TEXT, b'only GET and HEAD\n')
        page = self.pages.get(parts[1].partition(b'?')[0].decode('latin-1'))
        if page is None:
            return render(404, TEXT, ('try ' + ' '.join(self.pages) + '\n').encode())
        try:
            status, kind, body = page()
        except Exception as exc:
            self.on_error('page', exc)
            status, kind, body = 500, TEXT, f'agent error: {exc!r}\n'.encode()
        return render(status, kind, body, head_only=parts[0] == b'HEAD')


def render(status: int, kind: str, body: bytes, head_only: bool = False) -> bytes:
    allow = 'Allow: GET, HEAD\r\n' if status == 405 else ''
    head = (f'HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n'
            f'Content-Length: {len(body)}\r\nCache-Control: no-store\r\n{allow}'
            'Connection: close\r\n\r\n')
    return head.encode('latin-1') + (b'' if head_only else body)
