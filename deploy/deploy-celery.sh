#!/usr/bin/env bash
# shellcheck disable=SC2016 # the $ of go-templates is not the shell's
# Applies ../dist and waits until it runs. What is deployed is defined only there: this script reads dist.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
DIST=$ROOT/dist
KUBECTL=(kubectl)
CLI=$ROOT/bin/cdk8s-celery
CONTEXT=()
SMOKE=()

usage() {
  cat <<'USAGE'
Usage: deploy-celery.sh [--dry-run | --delete | --smoke [--smoke-task TASK] [--smoke-timeout SECONDS]] [--context NAME] [--timeout SECONDS]

Applies the manifests in dist/, waits until every Deployment in it runs, and prints the state. When all run, it deletes the ConfigMaps
of former releases that are older than an hour and that nothing uses (cdk8s-celery prune).

  --dry-run          show what would change, and change nothing
  --delete           delete what dist/ has, volume claims and their data too, and wait until it is gone
  --smoke            then send a task to each queue and wait for its result (cdk8s-celery smoke). Without one, and when something does not
                     run, go back: each Deployment that this release has changed gets the revision that it had. Exits with 1 then. What is
                     not in a Deployment stays as applied, and so does a Deployment that is new. Where results are missing only because
                     messages wait and become fewer, the release stays; exits with 3 then. Needs Node and 'npm ci'
  --smoke-task TASK  with --smoke: a task of yours, without arguments, such as tasks.ping
  --smoke-timeout SECONDS
                     with --smoke: how long to wait for the results of an app (default: 60). The task waits behind the messages of its queue
  --context NAME     the context of kubectl (default: the current one)
  --timeout SECONDS  how long to wait until all runs, and as long again when it goes back (default: 600)
  --help             show this

The cluster is the one that kubectl talks to: KUBECONFIG and its current context count.
USAGE
}

main() {
  local action=deploy smoke_timeout=''
  TIMEOUT=600
  while [ $# -gt 0 ]; do
    case $1 in
      --dry-run | --delete | --smoke)
        [ "$action" = deploy ] || [ "--$action" = "$1" ] || misused "--$action and $1 exclude each other"
        action=${1#--} ;;
      --smoke-task) SMOKE+=(--task "$(value "$@")"); shift ;;
      --smoke-timeout) smoke_timeout=$(value "$@"); shift ;;
      --context) CONTEXT=(--context "$(value "$@")"); KUBECTL+=("${CONTEXT[@]}"); shift ;;
      --timeout) TIMEOUT=$(value "$@"); shift ;;
      --help) usage; exit ;;
      *) misused "unknown option '$1'" ;;
    esac
    shift
  done
  seconds --timeout "$TIMEOUT"
  [ ${#SMOKE[@]} = 0 ] || [ "$action" = smoke ] || misused "--smoke-task is for --smoke"
  if [ -n "$smoke_timeout" ]; then
    seconds --smoke-timeout "$smoke_timeout"
    [ "$action" = smoke ] || misused "--smoke-timeout is for --smoke"
    SMOKE+=(--timeout "${smoke_timeout}s")
  fi
  DEADLINE=$((SECONDS + TIMEOUT))

  check_tools
  case $action in
    deploy) deploy || fail "not everything runs; the reasons are above"; prune ;;
    smoke) smoked ;;
    dry-run) dry_run ;;
    delete) delete ;;
  esac
}

seconds() {
  [[ $2 =~ ^[1-9][0-9]*$ ]] || misused "$1 is '$2', and must be a whole number of seconds, at least 1"
}

check_tools() {
  compgen -G "$DIST/*.yaml" >/dev/null || fail "there are no manifests in $DIST: make them with 'npx cdk8s synth' in $(dirname "$DIST")"
  command -v kubectl >/dev/null || fail "kubectl is not on the PATH: install it (https://kubernetes.io/docs/tasks/tools/)"
  local answer
  answer=$("${KUBECTL[@]}" version --request-timeout=10s 2>&1) || fail "no cluster answers kubectl; it says:
$answer
Start a cluster, or choose another (kubectl config get-contexts; --context NAME)."
}

deploy() {
  "${KUBECTL[@]}" apply -f "$DIST" || return
  local namespace name failed=0
  # All are applied before any is waited for: they come up together, and may need each other.
  while read -r namespace name; do
    "${KUBECTL[@]}" rollout status deployment "$name" -n "$namespace" --timeout="$(remaining)s" || failed=1
  done < <(deployments)
  shown_state
  return "$failed"
}

# A release that has to prove itself.
smoked() {
  has_cli || fail "--smoke needs Node and 'npm ci' in $ROOT"
  local before status=1
  before=$(revisions)
  if deploy; then
    status=0
    smoke || status=$?
  fi
  case $status in
    0) prune ;;
    "$WORKED_OFF")
      echo "$(basename "$0"): the release stays, and has not shown yet that it does its work: messages wait before the tasks, and workers work them off." \
        "Give a longer --smoke-timeout, or ask later: $CLI smoke --help" >&2
      exit "$WORKED_OFF" ;;
    *)
      if go_back "$before"; then
        fail "the release does not do its work; the reasons are above, and what it has changed in Deployments is as before"
      fi
      shown_state || true
      fail "the release does not do its work, and what was there before does not run either (see above): deploy one that does" ;;
  esac
}

# Of cdk8s-celery smoke: results are missing only because workers have not got to the task yet.
WORKED_OFF=3

smoke() {
  local namespace found=0 failed=0 status
  for namespace in $(namespaces); do
    # The label that workers, Beat and Flower have, and a broker in a namespace of its own has not.
    [ -n "$("${KUBECTL[@]}" get deployments -n "$namespace" -l "app.kubernetes.io/name=${CLI##*-}" -o name)" ] || continue
    say "a task to each queue in $namespace"
    found=1
    status=0
    "$CLI" smoke "${CONTEXT[@]}" -n "$namespace" "${SMOKE[@]}" || status=$?
    case $status in
      0) ;;
      "$WORKED_OFF") [ "$failed" = 1 ] || failed=$status ;;
      *) failed=1 ;;
    esac
  done
  [ "$found" = 1 ] || { echo "no Celery app is in dist/, so no task could be sent"; return 1; }
  return "$failed"
}

# Namespace, name and revision of each Deployment of dist/; "-" for one that is not there.
revisions() {
  local namespace name revision
  while read -r namespace name; do
    revision=$("${KUBECTL[@]}" get deployment "$name" -n "$namespace" --ignore-not-found -o go-template="$REVISION")
    echo "$namespace $name ${revision:--}"
  done < <(deployments)
}
REVISION='{{index .metadata.annotations "deployment.kubernetes.io/revision"}}'

# Fails when one of what it goes back to does not run.
go_back() {
  local namespace name before now changed=() failed=0
  say "going back"
  while read -r namespace name before; do
    now=$("${KUBECTL[@]}" get deployment "$name" -n "$namespace" --ignore-not-found -o go-template="$REVISION")
    if [ "$before" = - ]; then
      [ -z "$now" ] || echo "deployment $name in $namespace is new, and stays: there is nothing to go back to"
    elif [ "$before" != "$now" ]; then
      "${KUBECTL[@]}" rollout undo deployment "$name" -n "$namespace" --to-revision="$before" || failed=1
      changed+=("$namespace/$name")
    fi
  done <<<"$1"
  DEADLINE=$((SECONDS + TIMEOUT))
  for name in "${changed[@]}"; do
    if ! "${KUBECTL[@]}" rollout status deployment "${name#*/}" -n "${name%%/*}" --timeout="$(remaining)s"; then
      failed=1
      echo "deployment ${name#*/} in ${name%%/*} does not run as it was before either"
    fi
  done
  return "$failed"
}

deployments() {
  objects | sed -n 's/^Deployment //p'
}

has_cli() {
  [ -d "$ROOT/node_modules" ] && command -v node >/dev/null
}

# What runs is none the worse when this fails, so it only says so.
prune() {
  local namespace
  for namespace in $(objects | sed -n 's/^ConfigMap \([^ ]*\) .*/\1/p' | sort -u); do
    say "ConfigMaps of former releases in $namespace"
    if ! has_cli; then
      echo "not looked for: that needs Node and 'npm ci' in $ROOT"
    else
      "$CLI" prune --yes "${CONTEXT[@]}" -n "$namespace" || echo "they stay; see above"
    fi
  done
}

dry_run() {
  local namespace missing='' status=0
  for namespace in $(namespaces); do
    [ -n "$("${KUBECTL[@]}" get namespace "$namespace" --ignore-not-found -o name)" ] || missing+=" $namespace"
  done
  if [ -n "$missing" ]; then
    # The cluster refuses to compare objects of a namespace that it does not have.
    say "would be applied, to namespaces that are not there yet (${missing# }):"
    "${KUBECTL[@]}" apply -f "$DIST" --dry-run=client
    return
  fi
  # 1 means that there are differences, more that there was an error.
  "${KUBECTL[@]}" diff -f "$DIST" || status=$?
  case $status in
    0) say "nothing would change" ;;
    1) say "what has a + above would be there, what has a - would not" ;;
    *) fail "kubectl could not compare dist/ with the cluster" ;;
  esac
}

delete() {
  "${KUBECTL[@]}" delete -f "$DIST" --ignore-not-found --timeout="$(remaining)s"
  say "nothing of dist/ is left"
}

# Without credentials in the words of others: as the command shows them.
shown_state() {
  if has_cli; then state | "$CLI" redact; else state; fi
}

# The pods of the namespaces of dist/, and of those that are not ready: the reasons, what the cluster warns of, the last words.
state() {
  local namespace pod container reason owner jobs
  jobs=$(objects | sed -n 's/^Job //p')
  for namespace in $(namespaces); do
    say "pods in $namespace"
    "${KUBECTL[@]}" get pods -n "$namespace"
    "${KUBECTL[@]}" get deployments -n "$namespace" -o go-template="$REFUSED_PODS"
    while read -r pod owner container reason; do
      # A Job of a former release, or of a CronJob, is none of this release's.
      [ "$owner" = - ] || grep -qxF "$namespace $owner" <<<"$jobs" || continue
      say "not ready: $pod $container $reason"
      "${KUBECTL[@]}" get events -n "$namespace" --field-selector "type=Warning,involvedObject.name=$pod" --no-headers \
        -o custom-columns=REASON:.reason,MESSAGE:.message | tail -n 3
      # A container that has never run has no log, and kubectl calls that an error.
      if [ "$container" = - ]; then continue; fi
      if ! has_cli; then
        echo "its log is not shown, as only Node and 'npm ci' can hide its credentials: kubectl logs $pod -c $container -n $namespace"
        continue
      fi
      "${KUBECTL[@]}" logs "$pod" -c "$container" -n "$namespace" --tail=10 2>/dev/null || true
    done < <("${KUBECTL[@]}" get pods -n "$namespace" -o go-template="$UNREADY")
  done
}

# Deployments whose pods the cluster does not admit (quota, Pod Security): there is no pod that could say so.
REFUSED_PODS='
{{- range .items}}{{$name := .metadata.name}}{{range .status.conditions}}{{if and (eq .type "ReplicaFailure") (eq .status "True") -}}
not created: pods of {{$name}}: {{.message}}
{{end}}{{end}}{{end}}'

# Pod, the Job that made it ("-" for none), container ("-" before there is any) and reason. "PodInitializing" says no more than that another container is awaited.
unready_containers() {
  printf '%s' "{{range .status.$1}}{{if not .ready}}" \
    '{{if .state.terminated}}{{$pod}} {{$job}} {{.name}} ended with {{.state.terminated.exitCode}} ({{.state.terminated.reason}}){{"\n"}}' \
    '{{else if .state.running}}{{$pod}} {{$job}} {{.name}} is running{{"\n"}}' \
    '{{else if and .state.waiting (ne .state.waiting.reason "PodInitializing")}}' \
    '{{$pod}} {{$job}} {{.name}} {{.state.waiting.reason}} {{or .state.waiting.message ""}}{{"\n"}}{{end}}{{end}}{{end}}'
}
UNREADY='{{range .items}}{{if not (or .metadata.deletionTimestamp (eq .status.phase "Succeeded"))}}{{$pod := .metadata.name}}{{$job := "-"}}'
UNREADY+='{{range .metadata.ownerReferences}}{{if eq .kind "Job"}}{{$job = .name}}{{end}}{{end}}'
UNREADY+='{{range .status.conditions}}{{if and (eq .type "PodScheduled") (ne .status "True")}}{{$pod}} {{$job}} - {{.message}}{{"\n"}}{{end}}{{end}}'
UNREADY+="$(unready_containers initContainerStatuses)$(unready_containers containerStatuses){{end}}{{end}}"

# Kind, namespace and name of all that dist/ has, one object a line.
objects() {
  "${KUBECTL[@]}" create -f "$DIST" --dry-run=client --validate=false \
    -o go-template='{{.kind}} {{or .metadata.namespace "-"}} {{.metadata.name}}{{"\n"}}'
}

namespaces() {
  objects | cut -d ' ' -f 2 | grep -v '^-$' | sort -u
}

# What is left of the timeout, and never 0: kubectl takes that for "do not wait" or "forever".
remaining() {
  local seconds=$((DEADLINE - SECONDS))
  echo $((seconds > 0 ? seconds : 1))
}

value() {
  [ -n "${2:-}" ] || misused "$1 needs a value"
  printf '%s' "$2"
}

say() {
  printf '\n== %s\n' "$*"
}

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

misused() {
  printf '%s: %s\n\n' "$(basename "$0")" "$1" >&2
  usage >&2
  exit 2
}

main "$@"
