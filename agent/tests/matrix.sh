#!/bin/sh
# The tests against several Celerys and Pythons: tests/matrix.sh [celery:python ...]
# By default each Celery that has a lock, on another Python. Each pair gets a virtual environment: see venv.sh. PYTEST_ARGS is
# given to pytest.
set -eu
cd "$(dirname "$0")/.."

default=$(python3 -c '
import json
pythons = ["3.9", "3.11", "3.12", "3.13"]
for at, celery in enumerate(json.load(open("../locks/index.json"))["celery"]):
    print(f"{celery}:{pythons[min(at, len(pythons) - 1)]}")')
failed=
for pair in "${@:-$default}"; do
  # shellcheck disable=SC2086 # the default is a list
  for each in $pair; do
    venv=$(tests/venv.sh "$each")
    echo "== Celery ${each%:*}, Python ${each#*:}"
    # shellcheck disable=SC2086 # words
    "$venv/bin/python" -m pytest -q ${PYTEST_ARGS-} || failed="$failed $each"
  done
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
