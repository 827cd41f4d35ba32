#!/bin/sh
# scripts/make-imports.sh: writes imports/, the constructs and types of the custom resources in crds/, by `cdk8s import`. For other versions,
# replace the definitions in crds/, run this, and commit both.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
for group in $(ls crds | sed 's/_.*//' | sort -u); do
  # One file for each group: an import of the next definition would replace that of the one before.
  for definition in crds/"$group"_*.yaml; do
    printf -- '---\n'
    cat "$definition"
  done > "$scratch/$group.yaml"
  npx --no-install cdk8s import "$scratch/$group.yaml" --language typescript --output imports --save false --check-upgrade false
done
