#!/bin/sh
# Makes a virtual environment in .venvs/ for a Celery and a Python, under the lock of that Celery if there is one, unless it is
# there; prints its path: tests/venv.sh 5.6.3:3.13 [further requirements], or newest:3.13 for the newest Celery that has a lock.
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

celery=${1%:*} python=${1#*:}
shift
[ "$celery" != newest ] || celery=$(python3 -c 'import json; print([*json.load(open("../locks/index.json"))["celery"]][-1])')
venv=.venvs/celery-$celery-python$python${1:+-with-$(echo "$*" | cksum | cut -d' ' -f1)}
lock=../locks/celery-$celery-python$python.txt
[ -f "$lock" ] || {
  mkdir -p .venvs
  lock=.venvs/constraints-$celery.txt
  # A Python without a lock: at least the kombu of the others, because not every Celery works with the newest.
  cat ../locks/celery-"$celery"-python*.txt 2>/dev/null | grep '^kombu==' | sort -u >"$lock"
}
[ -f "$venv/complete" ] || {
  rm -rf "$venv"
  "$(find_python "$python")" -m venv "$venv"
  "$venv/bin/python" -m pip install -q --prefer-binary --disable-pip-version-check -c "$lock" \
    "celery[redis]==$celery" gevent eventlet celery-redbeat django-celery-beat \
    'pytest>=8' pytest-xdist "$@" >&2
  touch "$venv/complete"
}
echo "$venv"
