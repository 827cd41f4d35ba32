#!/usr/bin/env bash
# npm run test:hook: installs the hook of .pre-commit-hooks.yaml from the last commit, as pre-commit does for its users, and runs it on a faulty
# worker and on none.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PRE_COMMIT_HOME=$scratch/cache

python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pre-commit==4.7.0
git clone --quiet --depth 1 "file://$root" "$scratch/hook"
git init --quiet "$scratch/user"
cd "$scratch/user"
cat > .pre-commit-config.yaml <<END
repos:
  - repo: $scratch/hook
    rev: $(git -C "$scratch/hook" rev-parse HEAD)
    hooks:
      - id: celery-k8s-lint
END
run() { git add . && "$scratch/venv/bin/pre-commit" run --all-files; }

printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n' > shop.yaml
run
printf 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: worker\nspec:\n  containers:\n    - name: worker\n      image: shop:1\n      command: [celery, worker, -A, shop]\n' > worker.yaml
if found=$(run); then echo "a faulty worker passes the hook"; exit 1; fi
grep -F 'worker.yaml:9 warning' <<< "$found"
