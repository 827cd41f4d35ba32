"""Whether bytes arrive on a connection, as the kernel knows it: nothing of it is touched.

The consumer of a worker on Redis asks by BRPOP with a timeout of a second, and gets an answer at
least that often, also when there is no message. When none comes the connection is dead, though
nobody has closed it, or the worker has lost its subscription.
"""
import socket
import struct
import sys
from typing import Any, Optional

#: struct tcp_info of Linux: bytes before the fields of 32 bits, and the index of
#: tcpi_last_data_recv among these: milliseconds since data was received.
_HEAD, _LAST_DATA_RECV = 8, 11
_NEEDED = _HEAD + 4 * (_LAST_DATA_RECV + 1)


def silent_for(sock: Any) -> Optional[float]:
    """Seconds since this socket got data. None: the kernel does not say (no TCP, no Linux)."""
    if sys.platform != 'linux' or sock is None:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _NEEDED)
    except OSError:
        return None
    if len(info) < _NEEDED:
        return None
    milliseconds: int = struct.unpack_from('=I', info, _HEAD + 4 * _LAST_DATA_RECV)[0]
    return milliseconds / 1000


def consumer_socket(channel: Any) -> Any:
    """The socket by which this Redis channel consumes; None when there is none now."""
    client = vars(channel).get('client')   # on the instance it would be made, behind a lock
    return getattr(getattr(client, 'connection', None), '_sock', None)


def longest_answer(channel: Any) -> Optional[float]:
    """Seconds that Redis may take to answer a BRPOP of this channel: none, and the answer is that
    there is no message. None: it does not ask so, or waits forever."""
    seconds = getattr(channel, 'brpop_timeout', None)
    if seconds is None:                    # kombu before 5.6 has only a default
        defaults = getattr(getattr(channel, '_brpop_start', None), '__defaults__', None)
        seconds = defaults[0] if defaults else None
    return seconds or None
