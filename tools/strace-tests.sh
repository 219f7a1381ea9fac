#!/usr/bin/env bash
# Fetch Debian's source of strace with apt, and build the test programs in it: DIRECTORY/64/tests, and DIRECTORY/32/tests
# where the compiler makes 32-bit programs. apt reads a separate list of sources; the machine's lists stay unchanged.
#   strace-tests.sh DIRECTORY
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
suite=bookworm # strace 6.1
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$1"
cd "$1"
here=$PWD

fetch() {
	local mirror
	mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian //p' | head -n 1)
	[ -n "$mirror" ] || { printf 'apt has no mirror of Debian\n\nhint: sudo apt-get update\n' >&2; exit 1; }
	mkdir -p apt/lists/partial apt/parts
	echo "deb-src [signed-by=$keyring] $mirror $suite main" >apt/sources.list
	local options=(-qq -o Dir::Etc::sourcelist="$here/apt/sources.list" -o Dir::Etc::sourceparts="$here/apt/parts"
		-o Dir::State::lists="$here/apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o APT::Sandbox::User=root)
	apt-get "${options[@]}" update
	apt-get "${options[@]}" source --download-only strace
	mkdir -p source
	tar -xf strace_*.orig.tar.xz -C source --strip-components 1
}

build() { # BITS CONFIGURE-OPTIONS
	local bits=$1
	shift
	mkdir -p "$bits"
	cd "$here/$bits"
	echo "building strace's test programs of $bits bits" >&2
	[ -e Makefile ] || ../source/configure --quiet --disable-gcc-Werror --disable-mpers "$@" >configure.log 2>&1 ||
		{ tail -n 5 configure.log >&2; exit 1; }
	local -a make=(make -j"$(nproc)" -C tests CFLAGS=-O0 WARN_CFLAGS=-w)
	"${make[@]}" ksysent.h scno.h >make.log 2>&1 || { tail -n 20 make.log >&2; exit 1; }
	# what does not build with these headers is left out, and named
	"${make[@]}" -k $programs >>make.log 2>&1 || true
	local left=()
	for program in $programs; do [ -x "tests/$program" ] || left+=("$program"); done
	[ ${#left[@]} -lt 100 ] || { tail -n 20 make.log >&2; exit 1; }
	[ ${#left[@]} = 0 ] || echo "not built: ${left[*]}" >&2
	cd "$here"
}

[ -e source/configure ] || fetch
# those that make's `check` runs by themselves, without a script
programs=$(sed -n '/^PURE_EXECUTABLES/,/^$/p' source/tests/pure_executables.am | tail -n +2 | tr -d '\\#' | xargs)
echo "$programs" | tr ' ' '\n' >programs
build 64
if echo 'int main(void) { return 0; }' | cc -m32 -x c - -o probe32 2>/dev/null; then
	rm probe32
	build 32 --host=i686-linux-gnu CC='gcc -m32'
else
	echo "32-bit programs are left out: the compiler makes none (apt-get install gcc-multilib)" >&2
fi
