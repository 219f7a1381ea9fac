#!/bin/sh
# A .deb and an .rpm of a wheel, for this machine's architecture and the Python in /usr/bin.
#   package.sh stage WHEEL     fill build/package, or STAGE, with the wheel and the libraries that it needs
#   package.sh pack DIRECTORY  make the packages of that
# Needs pip and nfpm in PATH.
set -eu
cd "$(dirname "$0")/.."
PYTHON=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
export STAGE="${STAGE:-build/package}"
root=$STAGE/usr

stage() {
	rm -rf "$STAGE"
	mkdir -p "$root/lib/onlooker" "$root/bin"
	python -m pip --disable-pip-version-check --quiet install --only-binary :all: --python-version "$PYTHON" \
		--target "$root/lib/onlooker" "onlooker[agent,kafka,lake,otlp,rules] @ file://$(realpath "$1")"
	rm -rf "$root/lib/onlooker/bin"
	[ ! -d "$root/lib/onlooker/share" ] || mv "$root/lib/onlooker/share" "$root/share"
	install -m 0755 packaging/scripts/onlooker "$root/bin/onlooker"
	# the sources' times are not in them: a package that is made again is the same
	/usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash "$root/lib/onlooker"
	find "$STAGE" -type d -exec chmod 0755 {} + -o -type f -exec chmod go=rX,u=rwX {} +
}

pack() {
	VERSION=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/onlooker/_version.py)
	case "$(uname -m)" in aarch64) ARCH=arm64 ;; *) ARCH=amd64 ;; esac
	NEXT_PYTHON=3.$((${PYTHON#3.} + 1))
	export VERSION ARCH PYTHON NEXT_PYTHON
	mkdir -p "$1"
	for packager in deb rpm; do
		nfpm package --config packaging/nfpm.yaml --packager "$packager" --target "$1"
	done
}

case "${1:-}" in
stage | pack) "$1" "$2" ;;
*) echo "usage: $0 stage WHEEL | pack DIRECTORY" >&2; exit 2 ;;
esac
