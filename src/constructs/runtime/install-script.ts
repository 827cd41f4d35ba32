/**
 * What the init container runs: `sh install.sh REQUIREMENT...`.
 *
 * pip says "no matching distribution" of an index that it could not reach, so the last line says what really happened.
 */
export const INSTALL_SCRIPT = `#!/bin/sh
# sh install.sh REQUIREMENT...: installs the requirements into $VIRTUAL_ENV, in two steps.
#   1. Celery and what comes with it, from lists with the hash of each file. $LOCKED has a word for each of the first
#      requirements: the names of its lists, with a + between them.
#   2. The other requirements, if there are any: in any version that goes with constraints.txt.
set -eu
cd "$(dirname "$0")"
log=/tmp/pip.log
rm -f "$log"
options="--no-cache-dir --no-input --disable-pip-version-check --progress-bar off --retries 5 --timeout 30 --log $log"
for locked in $LOCKED; do shift; done
lists=
IFS=' +'
for list in $LOCKED; do lists="$lists --requirement $list.txt"; done
unset IFS

# --clear, because a container that was killed during an installation may have left half of a package.
python -m venv --clear --without-pip "$VIRTUAL_ENV"
# shellcheck disable=SC2086 # $options and $lists are several words
if python -m pip --python "$VIRTUAL_ENV/bin/python" install $options --require-hashes --no-deps --only-binary :all: $lists; then
  if [ $# -eq 0 ]; then exit 0; fi
  step=2
  if python -m pip --python "$VIRTUAL_ENV/bin/python" install $options --constraint constraints.txt "$@"; then exit 0; fi
else
  step=1
fi

index=\${PIP_INDEX_URL:-"the index of pip's configuration"}
if [ "$step" = 1 ] && grep -q 'DO NOT MATCH THE HASHES' "$log"; then
  echo "cdk8s-celery: a file that $index serves is not the one of the lock, see Expected and Got above. Nothing was installed." >&2
  echo "cdk8s-celery: a mirror must serve the files of PyPI unchanged: make it fetch this file again. If PyPI itself served it, report it to security@pypi.org and don't install it." >&2
elif grep -Eq 'NewConnectionError|NameResolutionError|Temporary failure in name resolution|ConnectionResetError|Connection refused|Max retries exceeded|connection broken by|[Tt]imed out|50[0-9] (Server )?Error' "$log"; then
  echo "cdk8s-celery: the package index (\${PIP_INDEX_URL:-of pip's configuration}) can't be reached from this pod, or does not answer." >&2
  echo "cdk8s-celery: Kubernetes starts this installation again until it succeeds; nothing else in this pod has been started." >&2
elif [ "$step" = 1 ]; then
  echo "cdk8s-celery: $index does not have all files of the lock, see the ERROR lines above. They are wheels for glibc on x86_64 and arm64, and for this Python:" >&2
  head -n 2 constraints.txt >&2
else
  echo "cdk8s-celery: pip refused these requirements, see its ERROR lines above: $*" >&2
fi
exit 1
`;
