#!/bin/sh
# ruff and mypy --strict, of the versions below, in the virtual environment of the newest Celery.
set -eu
cd "$(dirname "$0")/.."

venv=$(tests/venv.sh "${1:-newest:3.11}")
[ -f "$venv/linters" ] || {
  "$venv/bin/python" -m pip install -q --disable-pip-version-check ruff==0.17.6 mypy==2.4.1 >&2
  touch "$venv/linters"
}
"$venv/bin/ruff" check cdk8s_celery_agent cdk8s_celery_busy cdk8s_celery_launch cdk8s_celery_redbeat tests bench
"$venv/bin/mypy"
"$venv/bin/ruff" check --config pyproject.toml --ignore F821 ../operations
"$venv/bin/ruff" check --config pyproject.toml ../scripts/make-locks.py
"$venv/bin/mypy" --strict ../scripts/make-locks.py
