#!/usr/bin/env bash
# Does a wheel depend on the builder, the place or the time? Build it twice, from copies of the source in other directories,
# with other umasks and time zones and another age of the files, and compare byte by byte.
set -euo pipefail
tools=$(realpath "$(dirname "$0")")
cd "$tools/.."
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1760000000}

build() { # SOURCE TARGET TIMEZONE UMASK
	(
		umask "$4"
		mkdir -p "$1"
		git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$1"
		TZ=$3 "$tools/wheel.sh" "$1" "$2" >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
	)
}

build "$work/one" "$work/dist-one" UTC 022
build "$work/a/second/place" "$work/dist-two" Pacific/Auckland 077
cmp "$work"/dist-one/*.whl "$work"/dist-two/*.whl
python - "$work"/dist-one/*.whl "$work" <<'CHECK'
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    for info in wheel.infolist():
        assert info.external_attr >> 16 in (0o100644, 0o100755), info
        assert sys.argv[2].encode() not in wheel.read(info), f"{info.filename} names the build's directory"
    names = wheel.namelist()
    [metadata] = [wheel.read(name).decode() for name in names if name.endswith(".dist-info/METADATA")]
    for library in (name for name in names if ".libs/" in name):
        stem = library.rpartition("/")[2].partition("-")[0]
        assert any(f"/licenses/bundled/{stem}" in name for name in names), f"no licence of {library}"
head = metadata.partition("\n\n")[0].splitlines()
files = [line.partition(": ")[2] for line in head if line.startswith("License-File: ")]
assert all(any(name.endswith(f".dist-info/licenses/{file}") for name in names) for file in files), files
print(*(line for line in head if line.startswith("License-Expression")), *names[-1:], sep="\n")
CHECK
echo "two builds are the same: $(sha256sum <"$(echo "$work"/dist-one/*.whl)" | cut -c1-16)"
