#!/usr/bin/env bash
# Install the packages of a directory in an empty Debian, use them, upgrade, remove and purge them, and judge them.
#   package-check.sh DIRECTORY [PART...]
# Root only; needs debootstrap and a mirror of Debian, as this machine has it. The empty Debian is made once, in
# build/debian, and never changed: each part works in an overlay that is thrown away. All mounts are in mount namespaces
# of their own.
#   plain   without systemd: what a container's image is. The command runs; nothing is left after a purge.
#   booted  with systemd as process 1 of a pid namespace: the unit as it is, upgrade, removal, purge.
#   judged  lintian, rpmlint, and the .rpm in a root of its own
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "package-check: only root may make an empty Debian" >&2; exit 3; }
packages=$(realpath "$1")
shift
parts=" ${*:-plain booted judged} "
inside=$(realpath tools/package-check)
mkdir -p build
base=$(realpath build)/debian
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
if [ ! -e "$base/.done" ]; then
	echo "making an empty Debian $release"
	rm -rf --one-file-system "$base"
	debootstrap --variant=minbase --include=ca-certificates "$release" "$base" >"$base.log"
	touch "$base/.done"
fi
work=$(mktemp -d "$base-check.XXXXXX")
cgroup=
finish() { # nothing is mounted here any more: the namespaces have ended
	[ -z "$cgroup" ] || for _ in $(seq 20); do
		[ -d "$cgroup" ] || break
		find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.2
	done
	rm -rf --one-file-system "$work"
}
trap finish EXIT

# A root file system of its own, with the packages in /packages; then PROGRAM in it.
enter() { # PART PROGRAM...
	root=$work/$1/root
	mkdir -p "$root" "$work/$1"/{upper,temporary}
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/$1/upper,workdir=$work/$1/temporary" "$root"
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	[ "$1" != booted ] || mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"; done
	mkdir -p "$root"/{dev/pts,dev/shm,packages,check}
	mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	mount --bind -o ro "$packages" "$root/packages"
	mount --bind -o ro "$inside" "$root/check"
	# the way to Debian's packages, as this machine has it
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
	rm -f "$root/etc/apt/sources.list"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} /etc/apt/apt.conf.d/*; do
		[ ! -e "$file" ] || cp -a "$file" "$root$file"
	done
	cp -a /etc/ssl/certs "$root/etc/ssl/"
	cp -a /usr/share/ca-certificates /usr/local/share/ca-certificates "$root/usr/share/" 2>/dev/null || true
	shift
	# not chroot: in one, nobody may make the user namespace of PrivateUsers=
	cd "$root"
	mkdir -p old
	pivot_root . old
	umount --lazy /old
	rmdir /old
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		container=other "$@"
}
export -f enter
export base work packages inside

run() { # PART: its script, as the only program of that root
	[[ $parts == *" $1 "* ]] || return 0
	echo "── $1"
	timeout -k 5 900 unshare --mount --propagation private \
		bash -euo pipefail -c 'enter "$0" /bin/bash -eu "/check/$0.sh"' "$1" </dev/null
}

# systemd and the package are installed first, then it boots and runs the script as a service
boot() {
	[[ $parts == *" booted "* ]] || return 0
	echo "── booted"
	unshare --mount --propagation private bash -euo pipefail -c 'enter booted /bin/bash -eu /check/install.sh' </dev/null
	cgroup=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/onlooker-package-check-$$
	mkdir "$cgroup"
	log=$work/booted/upper/root/check.log
	# process 1 of a namespace: what it started ends with it
	(
		echo "$BASHPID" >"$cgroup/cgroup.procs"
		exec timeout -k 5 180 unshare --mount --propagation private --pid --fork --kill-child --uts --ipc --net --cgroup \
			bash -euo pipefail -c 'enter booted /lib/systemd/systemd --log-target=console --show-status=false'
	) </dev/null >"$work/systemd.log" 2>&1 || true # it ends by a signal, as a machine that is switched off
	[ ! -e "$log" ] || cat "$log"
	[ "$(tail -n 1 "$log" 2>/dev/null)" = "booted: well" ] || { tail -n 20 "$work/systemd.log"; exit 1; }
}

run plain
boot
run judged
echo "the packages are well"
