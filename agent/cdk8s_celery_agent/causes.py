"""Why a message broker cannot be used, where waiting does not help: in words, without a secret."""
import re
from typing import Any, Iterator, Tuple

#: What is in the text of an error, or in the name of its type, and what it means.
CAUSES: Tuple[Tuple[str, str], ...] = (
    ('certificate has expired', 'the certificate of the server has expired'),
    ('certificate is not yet valid', 'the certificate of the server is not valid yet'),
    ('ostname mismatch|IP address mismatch|doesn.t match',
     'the certificate of the server is for another host name'),
    ('CERTIFICATE_VERIFY_FAILED|certificate verify failed',
     'the certificate of the server is not signed by the CA that is given'),
    ('WRONG_VERSION_NUMBER|wrong version number',
     'the server does not speak TLS on this port'),
    ('WRONGPASS|invalid (username-password pair|password)|ACCESS_REFUSED|AccessRefused'
     '|InvalidCredentials',
     'the password or the user is refused; was the password rotated? A pod that starts again reads '
     'the Secret again'),
    ('NOAUTH|Authentication required', 'it asks for a password, and none is given'),
    ('called without any password configured', 'a password is given, and it has none'),
    ('NOPERM', 'the user may not do what Celery needs'),
    ('InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient|ExpiredToken|'
     'NoCredentialsError', 'the credentials of AWS are missing or refused'),
    ('DB index is out of range', 'it has no database of this number'),
    ('MasterNotFoundError', 'Sentinel knows no master of this name, or does not answer'),
    ('NOT_ALLOWED', 'the virtual host does not exist, or the user may not use it'),
)


def explain(exc: BaseException) -> str:
    """The cause, or '' for what may pass by itself, as a broker that restarts."""
    text = '\n'.join(f'{type(one).__name__}: {one}' for one in _chain(exc))
    return next((cause for pattern, cause in CAUSES if re.search(pattern, text)), '')


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was raised from."""
    one: Any = exc
    for _ in range(5):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__


def where(connection: Any) -> str:
    """Host and port of a connection of kombu, without user and password."""
    port = connection.port or connection.transport.default_port
    return f'{connection.hostname or connection.transport.driver_type}:{port}'
