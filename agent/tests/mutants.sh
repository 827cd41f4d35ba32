#!/bin/sh
# tests/mutants.py, in the virtual environment of the newest Celery: tests/mutants.sh [--count 40] [--seed 1] [MODULE ...]
set -eu
cd "$(dirname "$0")/.."

venv=$(tests/venv.sh newest:3.11)
[ -f "$venv/mutants" ] || {
  "$venv/bin/python" -m pip install -q --disable-pip-version-check cosmic-ray==8.7.0 >&2
  touch "$venv/mutants"
}
exec "$PWD/$venv/bin/python" tests/mutants.py "$@"
