"""What the agent asks the message broker, on a connection of its own with short timeouts."""
from contextlib import nullcontext
from itertools import cycle
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    Optional,
    Set,
    Tuple,
    Type,
)

from .forks import Gate
from .native import is_patched_by

#: By kombu driver: how to make an answer that does not come an error instead of a wait.
TIMEOUTS: Dict[str, Tuple[str, ...]] = {
    'redis': ('socket_timeout', 'socket_connect_timeout'),
    'amqp': ('read_timeout', 'write_timeout'),
}

#: A key that nobody has, and a queue that is nowhere.
NOTHING = 'cdk8s-celery-agent.nothing'


class NotAsked(Exception):
    """There is no question to brokers of this kind that leaves nothing there."""


class Broker:
    """Asks the broker that another connection is on, also when that has failed over.

    Not thread-safe: one thread asks, and every error closes the connection.
    """

    def __init__(self, source: Callable[[], Any], timeout: float, gate: Gate) -> None:
        self.source = source               # the application's kombu.Connection; only read
        self.timeout = timeout
        self.gate = gate
        self.connection: Any = None
        self._target = ''
        self._channel: Any = None
        self._redis: Any = None            # the client of that channel
        self._errors: Tuple[Type[BaseException], ...] = (OSError,)
        self._channel_errors: Tuple[Type[BaseException], ...] = ()
        self._keys: Dict[str, Iterator[str]] = {}        # Redis: which list to ask next
        self._lengths: Dict[str, Dict[str, int]] = {}
        self._untold: Set[str] = set()     # queues whose depth it does not say
        self._hides_unacked = False

    def deadline(self) -> ContextManager[Any]:
        """Around each question: gevent's sockets do not heed py-amqp's timeouts."""
        if not is_patched_by('gevent'):
            return nullcontext()
        from gevent import Timeout
        limit: ContextManager[Any] = Timeout(
            2 * self.timeout, TimeoutError('no answer from the broker'))
        return limit

    # Questions: an error is no answer, unless it is one of the channel

    def depth(self, queue: str) -> Optional[int]:
        """Messages that wait in this queue: one command. None: it answers, and does not say."""
        if queue in self._untold:
            self.ping()
            return None
        with self.deadline():
            channel = self._open()
            try:
                if self._redis is not None:
                    return self._redis_depth(channel, queue)
                return int(channel.queue_declare(queue=queue, passive=True).message_count)
            except self._channel_errors as exc:
                if self._redis is None:
                    self._channel = None   # the broker has closed it
                # No such queue: nothing waits. (kombu 5.7 says so of every empty Redis queue.)
                if getattr(exc, 'reply_code', None) in (404, '404') or '404' in str(exc.args):
                    return 0
                # The queue is exclusive (405), or its name is refused (NOPERM): that is an answer,
                # and the same for as long as this connection lasts. Each would be in its log.
                self._untold.add(queue)
                return None

    def _redis_depth(self, channel: Any, queue: str) -> int:
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
        lengths[key] = self._redis.llen(key)
        return sum(lengths.values())

    def unacknowledged(self) -> 'Optional[Tuple[int, Optional[float]]]':
        """How many messages of the whole database are delivered and not acknowledged, and when the
        oldest of them was, by the clock of who got it. None: the broker does not say."""
        with self.deadline():
            channel = self._open()
            if self._redis is None or self._hides_unacked:
                return None
            index = channel.unacked_index_key
            # Older kombus put the prefix of all keys before those of some commands only.
            if 'ZRANGE' not in getattr(self._redis, 'PREFIXED_SIMPLE_COMMANDS', ('ZRANGE',)):
                index = channel.global_keyprefix + index
            try:
                with self._redis.pipeline(transaction=False) as pipe:
                    count, oldest = pipe.hlen(channel.unacked_key).zrange(
                        index, 0, 0, withscores=True).execute()
            except self._channel_errors:                 # NOPERM
                self._hides_unacked = True
                return None
            return int(count), float(oldest[0][1]) if count and oldest else None

    def forget_all_but(self, queues: Iterable[str]) -> None:
        for name in self._keys.keys() - set(queues):
            del self._keys[name], self._lengths[name]

    def ping(self, queue: str = '') -> None:
        """One command. Where there is none (SQS), how long a queue of the process's own is: any
        other would be made by the question."""
        with self.deadline():
            self._open()
            if self._redis is not None:
                self._redis.ping()
                return
            driver = self.connection.transport.driver_type
            if driver == 'amqp':
                self.connection.channel().close()
                return
        if not queue:
            raise NotAsked(f'no question to {driver} is known that leaves nothing there')
        self.depth(queue)

    def take_write(self, prefix: str) -> None:
        """An error unless the broker takes a write, of which nothing is left there.

        Redis may answer reads only (CLIENT PAUSE WRITE, a replica), and RabbitMQ does not read
        from connections that publish while it is short of memory or disk.
        """
        with self.deadline():
            channel = self._open()
            if self._redis is not None:
                self._redis.delete(f'{prefix}.{NOTHING}')
            elif self.connection.transport.driver_type == 'amqp':
                message = channel.prepare_message(
                    '', content_type='text/plain', content_encoding='utf-8')
                channel.basic_publish(message, exchange='', routing_key=NOTHING)
                self.connection.channel().close()        # it has read what was published

    def claim(self, key: str, owner: str, seconds: int) -> Optional[str]:
        """Write the owner under this key; return who was there. None: cannot be known."""
        with self.deadline():
            self._open()
            if self._redis is not None:
                try:
                    before = self._redis.set(key, owner, ex=seconds, get=True)
                except self._channel_errors:             # Redis before 6.2 has no SET ... GET
                    return None
                return before.decode() if isinstance(before, bytes) else before or ''
        self.ping()
        return None

    def errors(self) -> Tuple[Type[BaseException], ...]:
        """What a broker that is away, or refuses, raises."""
        return self._errors + self._channel_errors

    # Its connection

    def _open(self) -> Any:
        with self.gate:
            source = self.source()
            target = source.as_uri()
        if target != self._target:
            self.close()                                 # the application has failed over
        if self._channel is None:
            with self.gate:
                if self.connection is None:
                    self._target = target
                    self._connect(source)
                self._channel = self.connection.channel()
                # Of the class: on the instance it would be evaluated.
                is_redis = hasattr(self._channel, '_q_for_pri') and hasattr(
                    type(self._channel), 'client')
                self._redis = self._channel.client if is_redis else None
        return self._channel

    def _connect(self, source: Any) -> None:
        options = dict.fromkeys(TIMEOUTS.get(source.transport.driver_type, ()), self.timeout)
        self.connection = connection = source.clone(
            connect_timeout=self.timeout, heartbeat=0,
            transport_options={**(source.transport_options or {}), **options})
        connection.cycle = None                          # stay on the broker that was asked for
        self._errors = (OSError, *connection.connection_errors)
        self._channel_errors = tuple(connection.channel_errors)
        connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)

    def close(self) -> None:
        """After an error: forget everything; the next question connects again."""
        connection, self.connection, self._channel, self._redis = self.connection, None, None, None
        self._lengths.clear()
        self._keys.clear()
        self._untold.clear()
        self._hides_unacked = False
        if connection is not None:
            try:
                with self.deadline():
                    # AMQP would wait for an answer to its goodbye: only close the socket.
                    inner = connection._connection
                    inner.collect() if hasattr(inner, 'collect') else connection.release()
            except Exception:
                pass                                     # it is broken: that is why we are here
