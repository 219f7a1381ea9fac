#!/bin/bash
# summary.sh RECORDING: what a recording has, as Markdown, and its time line for ui.perfetto.dev beside it.
# Lines are indented, so that no name in them ends a block of code; a summary of a job may have 1 MiB.
set -euo pipefail
recording=$1
onlooker=${ONLOOKER:-onlooker}
echo "## What it ran"
echo
# an exit code of 1 says that the recording is not complete, and so does the text
{ "$onlooker" tree "$recording" 2>&1 || true; } | head -c 900000 | sed 's/^/    /'
"$onlooker" export "$recording" --format trace -o "$recording.trace.json" --force -q || true
