/**
 * What the init container runs: `sh install.sh REQUIREMENT...`.
 *
 * pip says "no matching distribution" of an index that it could not reach, so the last line says what really happened.
 */
export const INSTALL_SCRIPT = `#!/bin/sh
# Installs the given requirements into $VIRTUAL_ENV, under the constraints beside this file.
set -eu
constraints=$(dirname "$0")/constraints.txt
log=/tmp/pip.log
rm -f "$log"

python -m venv --without-pip "$VIRTUAL_ENV"
if python -m pip --python "$VIRTUAL_ENV/bin/python" install --no-cache-dir --no-input --disable-pip-version-check --progress-bar off \\
    --retries 5 --timeout 30 --log "$log" --constraint "$constraints" "$@"; then
  exit 0
fi
if grep -Eq 'NewConnectionError|NameResolutionError|Temporary failure in name resolution|ConnectionResetError|Connection refused|Max retries exceeded|connection broken by|[Tt]imed out|50[0-9] (Server )?Error' "$log"; then
  echo "cdk8s-celery: the package index (\${PIP_INDEX_URL:-of pip's configuration}) can't be reached from this pod, or does not answer." >&2
  echo "cdk8s-celery: Kubernetes starts this installation again until it succeeds; nothing else in this pod has been started." >&2
else
  echo "cdk8s-celery: pip refused these requirements, see its ERROR lines above: $*" >&2
fi
exit 1
`;
