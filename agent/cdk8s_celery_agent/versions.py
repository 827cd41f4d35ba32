"""The Celerys with which the agent is tested: those of the project's locks, oldest first."""

TESTED = ('5.3.4', '5.4.0', '5.5.3', '5.6.3', '5.7.0')


def is_tested(version: str) -> bool:
    """Whether its minor version is between the oldest and the newest tested one."""
    return _minor(TESTED[0]) <= _minor(version) <= _minor(TESTED[-1])


def _minor(version: str) -> 'tuple[int, ...]':
    return tuple(int(part) for part in version.split('.')[:2])


#: As in messages: '5.3 to 5.7'.
RANGE = ' to '.join('.'.join(map(str, _minor(version))) for version in (TESTED[0], TESTED[-1]))
