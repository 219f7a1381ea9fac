"""What the path of a control group says: the container and the unit of systemd that it is of.

The names are those that the runtimes give: Docker and containerd with the cgroup drivers systemd and cgroupfs, the
kubelet (its `cgroupName` is kubepods), CRI-O, Podman (also split cgroups, and without root), nerdctl, BuildKit,
buildah, LXC and systemd-nspawn.
"""

import re

import msgspec

# libpod-ID.scope, libpod-payload-ID, docker-ID.scope; a monitor of containers is no container: crio-conmon-ID.scope.
# SLICE:cri-containerd:ID is what a runtime of the driver cgroupfs makes of a name that is meant for systemd.
_NAMED = re.compile(
    r"(?:(docker|cri-containerd|nerdctl|crio|libpod(?:-payload)?)-|[^:]+\.slice:(docker|cri-containerd|nerdctl|crio|libpod):)"
    r"([0-9a-f]{64})(?:\.scope)?"
)
_BARE = re.compile(r"[0-9a-f]{64}")
# a step of a build has 25 letters and digits: below PARENT/buildkit, or after the driver systemd's docker:
_BUILD = re.compile(r"[0-9a-z]{25}")
_BUILD_NAMED = re.compile(r"[^:]+\.slice:(?:docker|buildkit):([0-9a-z]{25})")
_LXC = re.compile(r"lxc\.payload\.(.+)")
_BUILDAH = re.compile(r"(buildah-buildah\d+)(?:\.scope)?")  # a step of podman build
_NSPAWN = re.compile(r"systemd-nspawn@(.+)\.service")
_UNIT = re.compile(r"[\w:.\\@-]+\.(?:service|scope|socket|mount|swap)")
_OF_USER = re.compile(r"user@(\d{1,10})\.service")
_RUNTIMES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
    "libpod-payload": "podman",
}


class Place(msgspec.Struct, frozen=True):
    """What a path says. `runtime` is "" where it does not; `uid`: the user whose own manager it is below."""

    container_id: str | None = None
    runtime: str = ""
    unit: str | None = None
    uid: int | None = None


def place_of(path: str) -> Place:
    """Of the outermost container, and of the unit on this machine. Below, a container may give any names to control
    groups and units of its own.

    >>> place_of("/system.slice/ssh.service").unit
    'ssh.service'
    >>> place_of(f"/system.slice/docker-{'a1' * 32}.scope").runtime
    'docker'
    """
    names = path.split("/")[1:]
    unit, uid = _unit(names)
    container_id, runtime = _container(names)
    return Place(container_id, runtime, unit, uid)


def _container(names: list[str]) -> tuple[str | None, str]:
    for place in range(len(names)):
        name, above = names[place], names[place - 1] if place else ""
        if found := _NAMED.fullmatch(name):
            return found[3], _RUNTIMES[found[1] or found[2]]
        if _BARE.fullmatch(name):
            return name, "docker" if above == "docker" else ""
        if found := _BUILD_NAMED.fullmatch(name):
            return found[1], "buildkit"
        if above == "buildkit" and _BUILD.fullmatch(name):
            return name, "buildkit"
        if by_name := _by_name(names[: place + 1]):
            return by_name
    return None, ""


def _by_name(names: list[str]) -> tuple[str, str] | None:
    """A container that is only a name. A service may call what is below it as it likes, and need not be root's."""
    *above, name = names
    if not all(each.endswith((".slice", ".scope")) for each in above):
        return (name, "lxc") if above == ["lxc"] else None  # before LXC 4
    if found := _LXC.fullmatch(name):
        return found[1], "lxc"
    if found := _BUILDAH.fullmatch(name):
        return found[1], "buildah"
    if found := _NSPAWN.fullmatch(name):
        return found[1], "systemd-nspawn"  # as it is: its unit has --machine=%i
    return None


def _unit(names: list[str]) -> tuple[str | None, int | None]:
    """As systemd finds it: behind the slices; of the manager of a user, that one's own unit."""
    unit: str | None = None
    uid: int | None = None
    for name in names:
        if name.endswith(".slice"):
            continue
        if not _UNIT.fullmatch(name):
            break
        unit = name
        owner = _OF_USER.fullmatch(name)
        if owner is None or uid is not None:
            break
        uid = int(owner[1])
    return unit, uid
