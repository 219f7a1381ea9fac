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
	mkdir -p "$root/lib/onlooker" "$root/bin" "$STAGE/wheels"
	# has no wheel, and pip takes only wheels for a Python that is not its own; it is plain Python
	python -m pip --disable-pip-version-check --quiet wheel --no-deps --wheel-dir "$STAGE/wheels" nkeys
	python -m pip --disable-pip-version-check --quiet install --only-binary :all: --python-version "$PYTHON" \
		--find-links "$STAGE/wheels" --target "$root/lib/onlooker" "onlooker[agent,kafka,lake,otlp,rules] @ file://$(realpath "$1")"
	rm -rf "$root/lib/onlooker/bin" "$STAGE/wheels"
	[ ! -d "$root/lib/onlooker/share" ] || mv "$root/lib/onlooker/share" "$root/share"
	gzip -9n "$root"/share/man/man1/*.1
	install -m 0755 packaging/scripts/onlooker "$root/bin/onlooker"
	# the sources' times are not in them: a package that is made again is the same
	/usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash "$root/lib/onlooker"
	# what is in the libraries is loaded, never executed
	find "$STAGE" -type d -exec chmod 0755 {} + -o -path "$root/bin/*" -exec chmod 0755 {} + -o -type f -exec chmod 0644 {} +
}

pack() {
	VERSION=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/onlooker/_version.py)
	case "$(uname -m)" in aarch64) ARCH=arm64 ;; *) ARCH=amd64 ;; esac
	NEXT_PYTHON=3.$((${PYTHON#3.} + 1))
	GLIBC=$(find "$root" -name '*.so*' -exec grep -aoh 'GLIBC_2\.[0-9]*' {} + | sort -Vu | tail -n 1 | cut -d_ -f2)
	export VERSION ARCH PYTHON NEXT_PYTHON GLIBC
	mkdir -p "$1"
	gzip -9nc CHANGES.md >"$STAGE/changelog.gz"
	gzip -9nc >"$STAGE/changelog.Debian.gz" <<-END
		onlooker ($VERSION-1) unstable; urgency=medium

		  * Version $VERSION: changelog.gz says what is new.

		 -- The onlooker project <onlooker@example.org>  $(date -u -R -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}")
	END
	for packager in deb rpm; do
		nfpm package --config packaging/nfpm.yaml --packager "$packager" --target "$1"
	done
}

case "${1:-}" in
stage | pack) "$1" "$2" ;;
*) echo "usage: $0 stage WHEEL | pack DIRECTORY" >&2; exit 2 ;;
esac
