#!/bin/sh
# Make sure that what is needed is on the system; installs with apt-get what is missing; where that can't be, says what.
#   system-packages.sh           for the build: a compiler, clang, libbpf's headers, pkg-config, a Python with headers
#                                and venv
#   system-packages.sh test      what the tests run: strace, which tests/truth compares with, the programs that both watch,
#                                a browser for the page of a report, runc and busybox for a container, and what judges the
#                                agent: systemd-analyze, libseccomp, and Prometheus, which is only unpacked to
#                                build/prometheus, since its package starts it
#   system-packages.sh fuzz      clang's libFuzzer
#   system-packages.sh strace    to unpack the source of strace, for its own test programs
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

missing_test() {
	command -v strace >/dev/null || echo strace
	PATH=/usr/local/bin:/usr/bin:/bin command -v python3 >/dev/null || echo python3
	command -v git >/dev/null || echo git
	command -v make >/dev/null || echo make
	command -v bash >/dev/null || echo bash
	command -v find >/dev/null || echo findutils
	command -v diff >/dev/null || echo diffutils
	PATH=$PATH:/usr/sbin command -v logrotate >/dev/null || echo logrotate
	command -v chromium >/dev/null || echo chromium fonts-dejavu-core
	command -v chromedriver >/dev/null || echo chromium-driver
	command -v systemd-analyze >/dev/null || echo systemd
	PATH=$PATH:/sbin ldconfig -p | grep -q 'libseccomp\.so\.2' || echo libseccomp2
	PATH=$PATH:/usr/sbin command -v runc >/dev/null || echo runc
	command -v busybox >/dev/null || echo busybox-static
	[ -n "$(prometheus)" ] || command -v dpkg-deb >/dev/null || echo dpkg
}

prometheus() {
	command -v promtool || { [ ! -x ../build/prometheus/usr/bin/promtool ] || echo ../build/prometheus/usr/bin/promtool; }
}

unpack_prometheus() {
	[ -z "$(prometheus)" ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "onlooker: this needs Prometheus, with promtool, in PATH" >&2
		exit 1
	fi
	echo "unpacking prometheus"
	mkdir -p ../build/prometheus
	cd ../build/prometheus
	apt-get download -qq prometheus >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq prometheus >/dev/null; }
	dpkg-deb -x prometheus_*.deb .
	rm prometheus_*.deb
}

# the runtime of a clang 14 is in libclang-rt-14-dev
missing_fuzz() {
	compiler=$(command -v clang || command -v clang-19 || command -v clang-16)
	for name in libclang_rt.fuzzer.a "libclang_rt.fuzzer-$(uname -m).a"; do
		[ ! -e "$("$compiler" -print-file-name="$name")" ] || return 0
	done
	echo "libclang-rt-$("$compiler" -dumpversion | cut -d. -f1)-dev"
}

missing_kernels() {
	command -v qemu-system-x86_64 >/dev/null || echo qemu-system-x86
	command -v cpio >/dev/null || echo cpio
}

missing_strace() {
	command -v xz >/dev/null || echo xz-utils
}

what=${1:-build}
case "$what" in
build | test | fuzz | strace | kernels) ;;
*) echo "usage: $0 [build|test|fuzz|strace|kernels]" >&2; exit 2 ;;
esac
packages=$(missing_"$what")
if [ -z "$packages" ]; then
	[ "$what" != test ] || unpack_prometheus
	exit 0
fi
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
[ "$what" != test ] || unpack_prometheus
