"""URLs from their parts: no process but the one that connects ever sees one with its password."""
import os
import re
from typing import Dict, List, Mapping, NamedTuple
from urllib.parse import quote

#: CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL is the template of CELERY_BROKER_URL.
PREFIX = 'CDK8S_CELERY_LAUNCH_'

#: `{REDIS_PASSWORD}` in a template: the value of that variable, percent-encoded.
REFERENCE = re.compile(r'\{([A-Za-z_][A-Za-z0-9_]*)\}')


class Composed(NamedTuple):
    urls: Dict[str, str]
    #: Why a URL cannot be composed, one line each, without a value.
    errors: List[str]
    #: What is probably not meant, one line each, without a value.
    warnings: List[str]


def compose(environ: Mapping[str, str]) -> Composed:
    """The variables whose templates are in the environment."""
    urls: Dict[str, str] = {}
    errors: List[str] = []
    warnings: List[str] = []
    for variable in sorted(environ):
        name = variable[len(PREFIX):]
        if not variable.startswith(PREFIX) or not name:
            continue
        parts = list(dict.fromkeys(REFERENCE.findall(environ[variable])))
        missing = [part for part in parts if not environ.get(part)]
        errors += [
            f'{name} cannot be composed: the variable {part} is '
            f'{"empty" if part in environ else "not set"}; check the key of the Secret that it '
            'comes from' for part in missing]
        warnings += [
            f'{part} ends with a line break, which is taken as a part of it; make the Secret from '
            'a text without one (printf, not echo)' for part in parts
            if environ.get(part, '').endswith(('\n', '\r'))]
        if not missing:
            urls[name] = REFERENCE.sub(lambda match: encoded(environ[match[1]]), environ[variable])
    return Composed(urls, errors, warnings)


def encoded(value: str) -> str:
    """Any value as a part of a URL; bytes that are no UTF-8 stay what they are."""
    return quote(os.fsencode(value), safe='')
