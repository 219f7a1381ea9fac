#!/bin/sh
# Make sure that what is needed is on the system; installs with apt-get what is missing; where that can't be, says what.
#   system-packages.sh           for the build: a compiler, clang, libbpf's headers, pkg-config, a Python with headers
#                                and venv
#   system-packages.sh kernels   for the tests on other kernels: a machine to boot them in, and what packs its files
set -eu
cd "$(dirname "$0")"

missing_build() {
	command -v cc >/dev/null || echo gcc libc6-dev
	command -v clang >/dev/null || command -v clang-19 >/dev/null || command -v clang-16 >/dev/null || echo clang
	command -v pkg-config >/dev/null || echo pkg-config
	{ command -v pkg-config >/dev/null && pkg-config --exists 'libbpf >= 1.0'; } || echo libbpf-dev
	./find-python.sh >/dev/null || echo python3 python3-dev python3-venv
}

missing_kernels() {
	command -v qemu-system-x86_64 >/dev/null || echo qemu-system-x86
	command -v cpio >/dev/null || echo cpio
}

what=${1:-build}
packages=$(missing_"$what")
[ -n "$packages" ] || exit 0
# shellcheck disable=SC2086
set -- $packages
if ! command -v apt-get >/dev/null; then
	echo "onlooker: this needs what Debian calls: $*" >&2
	printf '\nhint: install them with your package manager, then run make again\n' >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "onlooker: this needs packages that are not installed: $*" >&2
	printf '\nhint: sudo apt-get install %s\n' "$*" >&2
	exit 1
fi
echo "installing $*"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@" >/dev/null
still=$(missing_"$what")
[ -z "$still" ] || { echo "onlooker: still missing after the installation: $still" >&2; exit 1; }
