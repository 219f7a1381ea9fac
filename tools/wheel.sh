#!/usr/bin/env bash
# Build the wheel of a source tree, with the libraries that it needs in it. The environment's bin is first in PATH.
#   wheel.sh SOURCE TARGET
set -euo pipefail
umask 022
pip=(python -m pip --disable-pip-version-check --quiet)
plain=$(mktemp -d)
trap 'rm -r "$plain"' EXIT
mkdir -p "$2"
"${pip[@]}" wheel "$1" --no-deps --no-build-isolation --wheel-dir "$plain"
auditwheel repair "$plain"/*.whl --wheel-dir "$2"
python "$(dirname "$0")/wheels.py" "$2"/*.whl
