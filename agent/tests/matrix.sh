#!/bin/sh
# The tests against several Celerys and Pythons: tests/matrix.sh [celery:python ...]
# Each pair gets a virtual environment: see venv.sh. PYTEST_ARGS is given to pytest.
set -eu
cd "$(dirname "$0")/.."

failed=
for pair in "${@:-5.3.4:3.9 5.4.0:3.11 5.5.3:3.12 5.6.3:3.13 5.7.0:3.13}"; do
  # shellcheck disable=SC2086 # the default is a list
  for each in $pair; do
    venv=$(tests/venv.sh "$each")
    echo "== Celery ${each%:*}, Python ${each#*:}"
    # shellcheck disable=SC2086 # words
    "$venv/bin/python" -m pytest -q ${PYTEST_ARGS-} || failed="$failed $each"
  done
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
