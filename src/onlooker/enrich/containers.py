"""What the path of a control group says: the container and the unit of systemd that it is of.

The names are those that the runtimes give: Docker and containerd with the cgroup drivers systemd and cgroupfs, the
kubelet (its `cgroupName` is kubepods), CRI-O, Podman (also split cgroups, and without root) and nerdctl.
"""

import re

import msgspec

# libpod-ID.scope, libpod-payload-ID, docker-ID.scope; a monitor of containers is no container: crio-conmon-ID.scope
_NAMED = re.compile(r"(docker|cri-containerd|nerdctl|crio|libpod(?:-payload)?)-([0-9a-f]{64})(?:\.scope)?")
_BARE = re.compile(r"[0-9a-f]{64}")
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
        if found := _NAMED.fullmatch(names[place]):
            return found[2], _RUNTIMES[found[1]]
        if _BARE.fullmatch(names[place]):
            above = names[place - 1] if place else ""
            return names[place], "docker" if above == "docker" else ""
    return None, ""


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
