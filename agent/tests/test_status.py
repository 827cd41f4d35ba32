"""/status has the shape of status-*.json, by which the tests of `cdk8s-celery status` go too."""
import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def shape(value):
    """The names and the kinds of what is in it; a dict of names and a list by one of their own."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return {bool: 'bool', int: 'number', float: 'number', str: 'str', type(None): None}[type(value)]


def agree(found, expected):
    """As the shapes are, but that what may be null may be so in either."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            agree(found[name], expected[name]) for name in found)
    return found == expected or None in (found, expected) or [] in (found, expected)


@pytest.mark.parametrize('role', ['worker', 'beat'])
def test_status_has_its_shape(worker, beat, role):
    pod = worker() if role == 'worker' else beat('-s', 'schedule')
    pod.until_ready()
    if role == 'worker':
        pod.send('add', 1, 1)
        pod.until(lambda: pod.status()['last_receipt'], what='a message')
    found = pod.status()
    expected = json.loads((HERE / f'status-{role}.json').read_text())
    for each in found, expected:
        each['agent_errors'] = []
        each['missing_parts'] = {}
    assert agree(shape(found), shape(expected)), found
