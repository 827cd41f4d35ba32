#!/usr/bin/env bash
# scripts/scan-manifests.sh: runs kube-score, checkov and kubernetes-validate, those of them that are on the PATH, on what main.ts and the examples write.
# Fails on a kind of finding that docs/security.md does not answer. None of them is a dependency of this project:
#   go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0; pip install checkov==3.3.30; pip install kubernetes-validate==1.37.0
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for program in main.ts examples/*/main.ts; do
  (cd "$(dirname "$program")" && CDK8S_OUTDIR="$scratch/$(dirname "$program")/dist" "$OLDPWD/bin/synth" main.ts >/dev/null)
done
mapfile -t files < <(find "$scratch" -name '*.yaml' | sort)
tools=0

# What it finds, one kind a line, without the objects.
# Each program by itself: kube-score joins objects by name, whatever their namespaces are.
kube_score() { for dist in "$scratch"/dist "$scratch"/examples/dist; do kube-score score --output-format ci "$dist"/*.yaml || true; done | sed -nE 's/^\[(CRITICAL|WARNING)\] [^:]*: (\([^)]*\) )?//p' || true; }
checkov_() { checkov --framework kubernetes --directory "$scratch" --compact --quiet --skip-download --output json | grep -oE '"check_id": "[A-Z0-9_]+"' | cut -d'"' -f4 || true; }

report() { # the name of the tool; its findings on standard input
  tools=$((tools + 1))
  local unanswered=0
  while read -r count finding; do
    if grep -qiwF -- "$finding" docs/security.md; then echo "$1: $count x $finding: answered"; else echo "$1: $count x $finding: NOT in docs/security.md"; unanswered=1; fi
  done < <(sort | uniq -c)
  return $unanswered
}

failed=0
if command -v kube-score >/dev/null; then kube_score > "$scratch/kube-score"; report kube-score < "$scratch/kube-score" || failed=1; fi
if command -v checkov >/dev/null; then checkov_ > "$scratch/checkov"; report checkov < "$scratch/checkov" || failed=1; fi
if command -v kubernetes-validate >/dev/null; then
  tools=$((tools + 1))
  # `sleep` of a preStop hook, in one example, is new in 1.29. Custom resources have no schema there.
  for version in 1.29 1.30 1.33 1.36; do kubernetes-validate --strict --quiet --no-warn --kubernetes-version "$version" "${files[@]}" || failed=1; done
  echo "kubernetes-validate: ${#files[@]} files against 1.29, 1.30, 1.33 and 1.36"
fi
echo "$tools of 3 tools"
exit $failed
