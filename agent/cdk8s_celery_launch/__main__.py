"""`python -m cdk8s_celery_launch celery -A tasks worker`: runs the command that follows, with URLs.

A password in a URL has to be percent-encoded, which neither Kubernetes nor a Secret does. Each
variable CDK8S_CELERY_LAUNCH_<NAME> is the template of the variable <NAME>: `{PASSWORD}` in it
stands for the percent-encoded value of the variable PASSWORD. The command gets the composed
variables in its environment, and takes the place of this process: same PID, nothing in its
arguments.

`kubectl exec` starts a new process, which needs it too:
`kubectl exec deployment/celery-worker -- python -m cdk8s_celery_launch celery inspect ping`.
"""
import os
import sys
from typing import List

from .urls import compose


def main(command: List[str]) -> int:
    if not command:
        return fail('no command follows; give one, e.g. celery -A tasks worker', os.EX_USAGE)
    composed = compose(os.environ)
    if composed.errors:
        return fail(composed.errors, os.EX_CONFIG)
    for warning in composed.warnings:
        say(warning)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], command, {**os.environ, **composed.urls})
    except OSError as exc:
        # As shells do: 127 is not there, 126 cannot be run.
        code = 127 if isinstance(exc, FileNotFoundError) else 126
        return fail(f'cannot run {command[0]}: {exc.strerror}', code)


def fail(why: 'str | List[str]', code: int) -> int:
    for line in [why] if isinstance(why, str) else why:
        say(line)
    return code


def say(line: str) -> None:
    print(f'cdk8s_celery_launch: {line}', file=sys.stderr)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
