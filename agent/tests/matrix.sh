#!/bin/sh
# The tests against several Celerys and Pythons: tests/matrix.sh [celery:python ...]
# Each pair gets a virtual environment in .venvs/, under the lock of that Celery if there is one.
# PYTEST_ARGS is given to pytest.
set -eu
cd "$(dirname "$0")/.."

find_python() {
  for candidate in "python$1" "$(pyenv root 2>/dev/null || true)"/versions/"$1".*/bin/python; do
    if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null
    then
      echo "$candidate"
      return
    fi
  done
  echo "no Python $1 found" >&2
  exit 1
}

failed=
for pair in "${@:-5.3.4:3.9 5.4.0:3.11 5.5.3:3.12 5.6.3:3.13 5.7.0:3.13}"; do
  # shellcheck disable=SC2086 # the default is a list
  for each in $pair; do
    celery=${each%:*} python=${each#*:}
    venv=.venvs/celery-$celery-python$python
    lock=../locks/celery-$celery-python$python.txt
    [ -f "$lock" ] || {
      mkdir -p .venvs
      lock=.venvs/constraints-$celery.txt
      case $celery in 5.7*) : ;; *) echo 'kombu<5.7' ;; esac >"$lock"
    }
    [ -f "$venv/complete" ] || {
      rm -rf "$venv"
      "$(find_python "$python")" -m venv "$venv"
      "$venv/bin/python" -m pip install -q --prefer-binary --disable-pip-version-check -c "$lock" \
        "celery[redis]==$celery" gevent celery-redbeat django-celery-beat prometheus-client \
        'pytest>=8' pytest-xdist
      touch "$venv/complete"
    }
    echo "== Celery $celery, Python $python"
    # shellcheck disable=SC2086 # words
    "$venv/bin/python" -m pytest -q ${PYTEST_ARGS-} || failed="$failed $each"
  done
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
