"""What container runtimes keep about their containers in files: names and images.

All of these files are hostile: they are read up to a limit, must be regular files and have the types that are wanted,
and what is below a user's own directory is reached without following a symbolic link.

| runtime | file |
|---|---|
| docker | /var/lib/docker/containers/ID/config.v2.json |
| containerd | /run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json |
| CRI-O | /run/containers/storage/DRIVER-containers/ID/userdata/config.json |
| podman | DRIVER-containers/containers.json of /var/lib/containers/storage, or of a user's own |
| runc | /run/runc/ID/state.json |
| crun | /run/crun/ID/status |
| systemd-machined | /run/systemd/machines/unit:UNIT, a link to /run/systemd/machines/NAME |

DRIVER is how Podman and CRI-O store layers: overlay, vfs, btrfs or zfs. LXC and systemd-nspawn name their control
groups as their containers, so no file is needed.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import TypeVar

import msgspec

from .containers import Place

LONGEST_FILE = 1 << 20
LONGEST_LIST = 16 << 20  # of all containers of Podman: some 1 KiB each
LONGEST_NAME = 512  # of what is taken from them; an image's name has a host, a path, a tag and a digest
MOST_NAMES = 1000  # namespaces of containerd, containers of runc
_DOCKER = "var/lib/docker/containers"
_CONTAINERD = "run/containerd/io.containerd.runtime.v2.task"
_RUNNING = "run/containers/storage"
_STORED = "var/lib/containers/storage"
_DRIVERS = tuple(f"{driver}-containers" for driver in ("overlay", "vfs", "btrfs", "zfs"))
_OWN = (".local", "share", "containers", "storage")
_OWN_DOCKER = (".local", "share", "docker", "containers")
_LISTS = ("containers.json", "volatile-containers.json")  # the second: with --rm
_ALONE = (("runc", "run/runc", "state.json"), ("crun", "run/crun", "status"))
_MACHINES = "run/systemd/machines"
_MACHINE = re.compile(r"machine-(.+)\.scope")
_ESCAPED = re.compile(r"\\x([2-7][0-9a-f])")
_NAMED_BY_PATH = ("lxc", "systemd-nspawn")  # the names of their containers are their ids
_NAMELESS = ("buildkit", "buildah")  # steps of builds
_MOUNTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

# by field, the annotations and labels that say it
_NAMES = ("io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name")
_IMAGES = ("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image")
_PODS = ("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name")
_NAMESPACES = ("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace")


class Facts(msgspec.Struct, frozen=True):
    """What is known of a container; None: it is not said."""

    runtime: str
    name: str | None = None
    image: str | None = None
    pod: str | None = None
    namespace: str | None = None
    id: str | None = None  # where the path does not say it


class _DockerConfig(msgspec.Struct):
    Image: str = ""
    Labels: dict[str, str] | None = None


class _Docker(msgspec.Struct):
    Name: str = ""
    Config: _DockerConfig | None = None


class _Oci(msgspec.Struct):
    annotations: dict[str, str] | None = None


class _Stored(msgspec.Struct):
    id: str = ""
    names: list[str] | None = None
    metadata: str = ""


class _StoredMetadata(msgspec.Struct, rename={"image": "image-name", "pod": "pod-name"}):
    name: str = ""
    image: str = ""
    pod: str = ""


class _Alone(msgspec.Struct, rename={"cgroup_path": "cgroup-path"}):
    """Of runc, by controllers, with the mount of the hierarchy; of crun, one below it."""

    cgroup_paths: dict[str, str] | None = None
    cgroup_path: str = ""


_Read = TypeVar("_Read")


class StateFiles:
    """The files of the runtimes below `root`. `home` gives the directory of a user, or None."""

    def __init__(self, root: Path = Path("/"), home: Callable[[int], str | None] | None = None) -> None:
        self._root = root
        self._home = home or _home
        self._alone: dict[tuple[str, str], tuple[tuple[int, int, int], tuple[str, ...]]] = {}

    def facts(self, path: str, place: Place) -> Facts | None:
        """What is said of the container of a control group. None where no runtime says anything. Below the manager of a
        user, who can call control groups as they like, only that user's own files count.
        """
        if place.container_id is None:
            return (self._of_machine(path) or self._of_runtime(path)) if place.uid is None else None
        if place.runtime in _NAMELESS:
            return Facts(place.runtime)
        if place.runtime in _NAMED_BY_PATH:
            return Facts(place.runtime, place.container_id) if place.uid is None else None
        for runtime, look in (
            ("docker", self._of_docker),
            ("containerd", self._of_containerd),
            ("cri-o", self._of_crio),
            ("podman", self._of_podman),
        ):
            if place.uid is not None and runtime not in ("docker", "podman"):
                continue
            if place.runtime in ("", runtime) and (found := look(place.container_id, place.uid)):
                return found
        return None

    def _of_docker(self, container: str, uid: int | None) -> Facts | None:
        directory: tuple[str, ...] = (_DOCKER,)
        if uid is not None:
            home = self._home(uid)
            if home is None:
                return None
            directory = (home.lstrip("/"), *_OWN_DOCKER)
        read = self._read(_Docker, *directory, container, "config.v2.json")
        if read is None:
            return None
        labels = read.Config.Labels if read.Config else None
        image = read.Config.Image if read.Config else ""
        return _facts("docker", labels, name=read.Name.removeprefix("/"), image=image)

    def _of_containerd(self, container: str, uid: int | None) -> Facts | None:
        for namespace in self._names(_CONTAINERD):
            if read := self._read(_Oci, _CONTAINERD, namespace, container, "config.json"):
                return _facts("containerd", read.annotations)
        return None

    def _of_crio(self, container: str, uid: int | None) -> Facts | None:
        for driver in _DRIVERS:
            read = self._read(_Oci, _RUNNING, driver, container, "userdata", "config.json")
            if read and (read.annotations or {}).get("io.container.manager") != "libpod":
                return _facts("cri-o", read.annotations)
        return None

    def _of_podman(self, container: str, uid: int | None) -> Facts | None:
        places: list[tuple[str, tuple[str, ...]]] = [(_STORED, ()), (_RUNNING, ())]
        if uid is not None:
            home = self._home(uid)
            places = [(home.lstrip("/"), _OWN)] if home else []
            places.append((f"run/user/{uid}/containers", ()))
        for (directory, below), driver, name in product(places, _DRIVERS, _LISTS):
            stored = self._read(list[_Stored], directory, *below, driver, name, most=LONGEST_LIST)
            for each in stored or ():
                if each.id == container:
                    return _of_stored(each)
        return None

    def _of_machine(self, path: str) -> Facts | None:
        """What systemd-machined says of a container with a scope: by the path it could be a virtual machine, too."""
        found = next(filter(None, map(_MACHINE.fullmatch, path.split("/"))), None)
        if found is None:
            return None
        said = dict(line.partition("=")[::2] for line in self._text(_MACHINES, _unescaped(found[1])).split("\n"))
        if said.get("CLASS") != "container" or said.get("SCOPE", "").replace("\\\\", "\\") != found[0]:
            return None
        name = _short(said.get("NAME", ""))
        return Facts(_short(said.get("SERVICE", "")) or "systemd-machined", name, id=name)

    def _of_runtime(self, path: str) -> Facts | None:
        """Of runc or crun alone, by the control groups that they say: they call a container as its user does, and its
        control group, too.
        """
        for runtime, directory, file in _ALONE:
            for container in self._names(directory):
                if len(container) > LONGEST_NAME:
                    continue
                if any(_is_at(each, path) for each in self._of_one(directory, container, file)):
                    return Facts(runtime, _short(container), id=_short(container))
        return None

    def _of_one(self, directory: str, container: str, file: str) -> tuple[str, ...]:
        """The control groups of a container, with the mount that they are below."""
        try:
            status = (self._root / directory / container / file).lstat()
        except (OSError, ValueError):
            return ()
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._alone.get((directory, container))
        if known is None or known[0] != stamp:
            read = self._read(_Alone, directory, container, file)
            if len(self._alone) >= MOST_NAMES:
                self._alone.clear()
            known = self._alone[directory, container] = stamp, _cgroups(read) if read else ()
        return known[1]

    def _names(self, directory: str) -> Iterator[str]:
        with suppress(OSError):
            yield from sorted(os.listdir(self._root / directory))[:MOST_NAMES]  # noqa: PTH208 - only names

    def _read(self, kind: type[_Read], directory: str, *below: str, most: int = LONGEST_FILE) -> _Read | None:
        """A JSON file; None where it is not there, no regular file, too long, or not of that kind."""
        data = self._data(directory, *below, most=most)
        if data is not None:
            with suppress(ValueError, RecursionError, msgspec.MsgspecError):  # ValueError: it is not UTF-8
                return msgspec.json.decode(data, type=kind)
        return None

    def _text(self, directory: str, *below: str) -> str:
        """A file of text; "" where there is none that can be read."""
        return (self._data(directory, *below, most=LONGEST_FILE) or b"").decode("utf-8", "replace")

    def _data(self, directory: str, *below: str, most: int) -> bytes | None:
        if any(name in ("", ".", "..") or "/" in name for name in below):
            return None
        opened: list[int] = []
        try:
            opened.append(os.open(self._root / directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            for name in below[:-1]:
                opened.append(os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=opened[-1]))
            opened.append(os.open(below[-1], _OPEN, dir_fd=opened[-1]))
            status = os.fstat(opened[-1])
            if not stat.S_ISREG(status.st_mode) or status.st_size > most:
                return None
            with os.fdopen(opened.pop(), "rb") as file:
                data = file.read(most + 1)
            return data if len(data) <= most else None
        except (OSError, ValueError):  # ValueError: a NUL in a name
            return None
        finally:
            for descriptor in opened:
                os.close(descriptor)


def _cgroups(read: _Alone) -> tuple[str, ...]:
    below = (f"{_MOUNTS[0]}{read.cgroup_path}",) if read.cgroup_path not in ("", "/") else ()
    return (*(read.cgroup_paths or {}).values(), *below)


def _unescaped(name: str) -> str:
    """What a name of a unit stands for, as `systemd-escape --unescape` says it."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name.replace("-", "/"))


def _is_at(cgroup: str, path: str) -> bool:
    """Whether a runtime's path, which begins with the mount of the hierarchy, is this one or above it."""
    return any(cgroup == f"{mount}{above}" for mount in _MOUNTS for above in _above(path))


def _above(path: str) -> Iterator[str]:
    """It and what is above it, without the root."""
    names = path.split("/")
    for count in range(2, len(names) + 1):
        yield "/".join(names[:count])


def _of_stored(stored: _Stored) -> Facts:
    said = _StoredMetadata()
    with suppress(ValueError, RecursionError, msgspec.MsgspecError):
        said = msgspec.json.decode(stored.metadata, type=_StoredMetadata)
    name = next(iter(stored.names or ()), "") or said.name
    return Facts("podman", _short(name), _short(said.image), _short(said.pod))


def _facts(runtime: str, said: dict[str, str] | None, *, name: str = "", image: str = "") -> Facts:
    """Of annotations or labels; what Kubernetes calls a container is its name, not what the runtime made of it."""

    def of(keys: tuple[str, ...]) -> str:
        return next((value for key in keys if (value := (said or {}).get(key))), "")

    return Facts(runtime, *map(_short, (of(_NAMES) or name, image or of(_IMAGES), of(_PODS), of(_NAMESPACES))))


def _short(text: str) -> str | None:
    """None for nothing; what can be no name is cut."""
    return text.replace("\0", "")[:LONGEST_NAME] or None


def _home(uid: int) -> str | None:
    import pwd

    with suppress(KeyError, OSError):
        return pwd.getpwuid(uid).pw_dir
    return None
