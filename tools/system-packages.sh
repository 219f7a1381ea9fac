#!/bin/sh
# Make sure that what the build needs is on the system: a compiler, clang, libbpf's headers, pkg-config and a Python
# with headers and venv. Installs with apt-get what is missing; where that can't be, says what is.
# With --for-tests: what the tests run, too.
set -eu
cd "$(dirname "$0")"
case "${1:-}" in
"") for=build ;;
--for-tests) for=test ;;
*) echo "usage: $0 [--for-tests]" >&2; exit 2 ;;
esac

missing() {
	command -v cc >/dev/null || echo gcc libc6-dev
	command -v clang >/dev/null || command -v clang-19 >/dev/null || command -v clang-16 >/dev/null || echo clang
	command -v pkg-config >/dev/null || echo pkg-config
	{ command -v pkg-config >/dev/null && pkg-config --exists 'libbpf >= 1.0'; } || echo libbpf-dev
	./find-python.sh >/dev/null || echo python3 python3-dev python3-venv
	[ $for = build ] || for_tests
}

# the second witness of tests/truth, and the programs that both watch
for_tests() {
	command -v strace >/dev/null || echo strace
	PATH=/usr/local/bin:/usr/bin:/bin command -v python3 >/dev/null || echo python3
	command -v git >/dev/null || echo git
	command -v make >/dev/null || echo make
	command -v bash >/dev/null || echo bash
	command -v find >/dev/null || echo findutils
	command -v diff >/dev/null || echo diffutils
}

packages=$(missing)
[ -n "$packages" ] || exit 0
# shellcheck disable=SC2086
set -- $packages
if ! command -v apt-get >/dev/null; then
	echo "onlooker: the $for needs what Debian calls: $*" >&2
	printf '\nhint: install them with your package manager, then run make again\n' >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "onlooker: the $for needs packages that are not installed: $*" >&2
	printf '\nhint: sudo apt-get install %s\n' "$*" >&2
	exit 1
fi
echo "installing $*"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@" >/dev/null
still=$(missing)
[ -z "$still" ] || { echo "onlooker: still missing after the installation: $still" >&2; exit 1; }
