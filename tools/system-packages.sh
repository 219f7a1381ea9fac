#!/bin/sh
# Make sure that what the build needs is on the system: a compiler, clang, libbpf's headers, pkg-config and a Python
# with headers and venv; with `fuzz`, clang's libFuzzer too. Installs with apt-get what is missing; where that can't be,
# says what is.
set -eu
cd "$(dirname "$0")"

what=${1-}

# the runtime of a clang 14 is in libclang-rt-14-dev
fuzzer() {
	compiler=$(command -v clang || command -v clang-19 || command -v clang-16)
	for name in libclang_rt.fuzzer.a "libclang_rt.fuzzer-$(uname -m).a"; do
		[ ! -e "$("$compiler" -print-file-name="$name")" ] || return 0
	done
	echo "libclang-rt-$("$compiler" -dumpversion | cut -d. -f1)-dev"
}

missing() {
	command -v cc >/dev/null || echo gcc libc6-dev
	command -v clang >/dev/null || command -v clang-19 >/dev/null || command -v clang-16 >/dev/null || echo clang
	command -v pkg-config >/dev/null || echo pkg-config
	{ command -v pkg-config >/dev/null && pkg-config --exists 'libbpf >= 1.0'; } || echo libbpf-dev
	[ "$what" != fuzz ] || fuzzer
	./find-python.sh >/dev/null || echo python3 python3-dev python3-venv
}

packages=$(missing)
[ -n "$packages" ] || exit 0
# shellcheck disable=SC2086
set -- $packages
if ! command -v apt-get >/dev/null; then
	echo "onlooker: the build needs what Debian calls: $*" >&2
	printf '\nhint: install them with your package manager, then run make again\n' >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "onlooker: the build needs packages that are not installed: $*" >&2
	printf '\nhint: sudo apt-get install %s\n' "$*" >&2
	exit 1
fi
echo "installing $*"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@" >/dev/null
still=$(missing)
[ -z "$still" ] || { echo "onlooker: still missing after the installation: $still" >&2; exit 1; }
