#!/usr/bin/env bash
# A short real run, as a user sees it: a program of our own opens a file while onlooker watches it. Shows what onlooker
# printed; fails if the line that it is all about is not among it.
set -euo pipefail
cd "$(dirname "$0")/.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$(command -v cat)" "$place/onlooker-smoke"

.venv/bin/onlooker watch --filter onlooker-smoke >"$place/out" 2>"$place/err" &
monitor=$!
for _ in {1..200}; do
	! grep -q '^onlooker: watching' "$place/err" || break
	kill -0 $monitor 2>/dev/null || break
	sleep 0.05
done
LC_ALL=C "$place/onlooker-smoke" /etc/passwd >/dev/null
kill -INT $monitor 2>/dev/null || true
code=0
wait $monitor || code=$?
cat "$place/out" "$place/err"
[ $code = 0 ] && grep -qE '\] Process onlooker-smoke \(PID:[0-9]+\) opened file /etc/passwd$' "$place/out"
