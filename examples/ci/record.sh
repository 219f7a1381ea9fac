#!/bin/bash
# record.sh RECORDING COMMAND: run a shell command, and record it as root; the command itself runs as you.
# FAIL_ON has expressions, a line each: an event that matches one fails the job. FORMAT is how it is shown.
set -euo pipefail
recording=$1 command=$2
options=()
while IFS= read -r expression; do
  [ -z "$expression" ] || options+=(--fail-on "$expression")
done <<<"${FAIL_ON:-}"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo --preserve-env env "PATH=$PATH")
code=0
"${as_root[@]}" "${ONLOOKER:-onlooker}" record --redact --output-format "${FORMAT:-text}" -o "$recording" \
  "${options[@]}" -- bash -eo pipefail -c "$command" || code=$?
[ "$(id -u)" = 0 ] || sudo chown -R "$(id -u):$(id -g)" "$recording" || true
exit "$code"
