"""What the agent asks the broker, on a connection of its own with short timeouts."""
import sys
from contextlib import nullcontext
from itertools import cycle
from typing import Dict, Iterable, Optional

#: By kombu driver: how to make an answer that does not come an error instead of a wait.
TIMEOUTS = {
    'redis': ('socket_timeout', 'socket_connect_timeout'),
    'amqp': ('read_timeout', 'write_timeout'),
}


class Broker:
    """Not thread-safe: one thread asks, and every error closes the connection."""

    def __init__(self, app, timeout: float) -> None:
        self.app = app
        self.timeout = timeout
        self.connection = None
        self._channel = None
        self._failures = 0
        self._keys: Dict[str, Iterable[str]] = {}        # Redis: which list to ask next
        self._lengths: Dict[str, Dict[str, int]] = {}

    def deadline(self):
        """Around a round of questions: gevent's sockets do not heed py-amqp's timeouts."""
        if 'gevent.monkey' not in sys.modules:
            return nullcontext()
        from gevent import Timeout
        return Timeout(2 * self.timeout, TimeoutError('no answer from the broker'))

    def depth(self, queue: str) -> int:
        """Messages that wait in this queue: one command."""
        channel = self._open()
        if hasattr(channel, '_q_for_pri') and hasattr(channel, 'client'):
            return self._redis_depth(channel, queue)
        try:
            return channel.queue_declare(queue=queue, passive=True).message_count
        except self.connection.channel_errors as exc:
            # No such queue: nothing waits. (kombu 5.7 says so of every empty Redis queue.)
            self._channel = None
            if getattr(exc, 'reply_code', None) in (404, '404') or '404' in str(exc.args):
                return 0
            raise

    def _redis_depth(self, channel, queue: str) -> int:
        # kombu keeps a list for each priority step, and a passive declare asks for all of them
        # twice. Here each turn asks one: every second time the plain one, which is the only one
        # unless tasks have priorities.
        if queue not in self._keys:
            plain, *others = [channel._q_for_pri(queue, step) for step in channel.priority_steps]
            turns = [key for other in others for key in (plain, other)] or [plain]
            self._keys[queue] = cycle(turns)
            self._lengths[queue] = {}
        key = next(self._keys[queue])
        lengths = self._lengths[queue]
        lengths[key] = channel.client.llen(key)
        return sum(lengths.values())

    def ping(self) -> None:
        """One command, for those who have no queue to ask for."""
        channel = self._open()
        if hasattr(channel, 'client') and hasattr(channel.client, 'ping'):
            channel.client.ping()
        elif self.connection.transport.driver_type == 'amqp':
            self.connection.channel().close()

    def claim(self, key: str, owner: str, seconds: int) -> Optional[str]:
        """Write the owner under this key; return who stood there. None: cannot be known."""
        channel = self._open()
        if not hasattr(channel, '_q_for_pri') or not hasattr(channel, 'client'):
            self.ping()
            return None
        try:
            before = channel.client.set(key, owner, ex=seconds, get=True)
        except self.connection.channel_errors:           # Redis before 6.2 has no SET ... GET
            self.ping()
            return None
        return before.decode() if isinstance(before, bytes) else before or ''

    def _open(self):
        if self._channel is None:
            if self.connection is None:
                self.connection = self._new_connection()
                self.connection.connect()
            self._channel = self.connection.channel()
        return self._channel

    def _new_connection(self):
        plain = self.app.connection_for_read()
        options = dict.fromkeys(TIMEOUTS.get(plain.transport.driver_type, ()), self.timeout)
        urls = plain.alt or [None]                       # several brokers: the next after an error
        return self.app.connection_for_read(
            url=urls[self._failures % len(urls)] if len(urls) > 1 else None,
            connect_timeout=self.timeout, transport_options=options)

    def close(self) -> None:
        """After an error: forget everything; the next question connects anew."""
        connection, self.connection, self._channel = self.connection, None, None
        self._failures += 1
        self._lengths.clear()
        self._keys.clear()
        if connection is not None:
            try:
                with self.deadline():
                    # AMQP would wait for an answer to its goodbye: only close the socket.
                    inner = connection._connection
                    inner.collect() if hasattr(inner, 'collect') else connection.release()
            except Exception:
                pass                                     # it is broken: that is why we are here
