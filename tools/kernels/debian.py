"""Debian's kernels for virtual machines: which package has one, and a copy of it that is looked after once a week.

apt-get reads lists of its own here, made for one suite: the machine's configuration is only asked for its mirror.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from .errors import SetupError

# the kernels by the names under which they are asked for, and the suite of each; sid has the newest
SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie", "sid": "sid"}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
FRESH_SECONDS = 7 * 24 * 3600
DOWNLOAD_SECONDS = 300


def cache() -> Path:
    """Where downloads are kept: ONLOOKER_KERNELS, or a directory for caches (XDG Base Directory Specification)."""
    if chosen := os.environ.get("ONLOOKER_KERNELS"):
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "onlooker" / "kernels"


def mirror(targets: str) -> str | None:
    """Debian's archive in what `apt-get indextargets` says, of which each line is `LABEL ADDRESS`."""
    found = (line.partition(" ") for line in targets.splitlines())
    return next((address.strip() for label, _, address in found if label == "Debian"), None)


def newest(names: Iterable[str], series: str) -> str | None:
    """The package with the newest kernel; of a series, like 6.1, or of any, where that is no number.

    Until Linux 6.12, the image is in linux-image-VERSION; later, that one only depends on linux-binary-VERSION.

    >>> newest(["linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-10-cloud-amd64", "linux-image-amd64"], "6.1")
    'linux-image-6.1.0-10-cloud-amd64'
    """
    found = []
    for name in names:
        if kernel := re.fullmatch(r"linux-(image|binary)-(\d.*)-cloud-amd64", name):
            version = tuple(int(number) for number in re.findall(r"\d+", kernel[2]))
            if not series[0].isdigit() or version[:2] == tuple(map(int, series.split("."))):
                found.append((version, kernel[1] == "binary", name))
    return max(found)[-1] if found else None


def packages(kernel: str) -> list[Path]:
    """The packages with that kernel and its modules, from the cache or else from the mirror."""
    directory = cache() / kernel
    directory.mkdir(parents=True, exist_ok=True)
    kept = sorted(directory.glob("*.deb"))
    if kept and all(time.time() - path.stat().st_mtime < FRESH_SECONDS for path in kept):
        return kept
    try:
        fetched = _fetch(kernel, directory)
    except SetupError as error:
        if not kept:
            raise
        print(f"kernel {kernel}: no newer one can be looked for: {error}", file=sys.stderr)
        return kept
    for path in directory.glob("*.deb"):
        if path in fetched:
            path.touch()
        else:
            path.unlink()
    return fetched


def unpack(packages: Iterable[Path], wanted: Iterable[str], target: Path) -> dict[str, Path]:
    """Put those files of the packages whose names match a pattern into `target`; where each is, by its pattern."""
    patterns = list(wanted)
    found: dict[str, Path] = {}
    for deb in packages:
        command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as files,
        ):
            for member in files:
                for pattern in patterns:
                    content = files.extractfile(member) if re.search(pattern, member.name) else None
                    if content:
                        found[pattern] = target / Path(member.name).name
                        found[pattern].write_bytes(content.read())
        if process.returncode:
            raise SetupError(f"{deb} can't be unpacked", f"rm {deb}, and run it again")
    return found


def _fetch(kernel: str, directory: Path) -> list[Path]:
    suite = SUITES[kernel]
    address = _mirror()
    with tempfile.TemporaryDirectory(prefix="onlooker-apt-") as name, tempfile.TemporaryDirectory(dir=directory) as new:
        apt = _Apt(Path(name), f"deb [arch=amd64 signed-by={KEYRING}] {address} {suite} main\n")
        apt.run("apt-get", "update")
        names = apt.run("apt-cache", "pkgnames", "linux-").split()
        chosen = newest(names, kernel)
        if chosen is None:
            raise SetupError(f"{address} has no kernel {kernel} in {suite}", "KERNEL= one of: " + " ".join(SUITES))
        modules = chosen.replace("linux-binary-", "linux-modules-")
        wanted = sorted({chosen, modules} & set(names))
        said = apt.run("apt-get", "download", "--print-uris", *wanted)
        files = [directory / file for file in re.findall(r"^'[^']+' (\S+\.deb) ", said, re.MULTILINE)]
        if not all(file.exists() for file in files):
            print(f"kernel {kernel}: fetching {' and '.join(wanted)}", flush=True)
            apt.run("apt-get", "download", *wanted, cwd=Path(new))
            for path in Path(new).glob("*.deb"):
                path.rename(directory / path.name)
    return files


def _mirror() -> str:
    """The address in the machine's own configuration. Where apt has no lists yet, it knows no labels."""
    command = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"]
    try:
        found = mirror(_run(command))
        if found is None and os.geteuid() == 0:
            _run(["apt-get", "update"])
            found = mirror(_run(command))
    except FileNotFoundError as error:
        raise SetupError("the kernels come from Debian, and there is no apt-get here", "run it on a Debian") from error
    if found is None:
        raise SetupError("apt is not configured with a mirror of Debian", "sudo apt-get update, and run it again")
    return found


class _Apt:
    """apt with nothing but one source, and with its own lists."""

    def __init__(self, directory: Path, source: str) -> None:
        for name in ("lists", "cache"):
            (directory / name / "partial").mkdir(parents=True)
        (directory / "cache/archives/partial").mkdir(parents=True)
        (directory / "sources.list").write_text(source)
        (directory / "status").touch()
        self._options = [
            f"Dir::Etc::sourcelist={directory}/sources.list",
            "Dir::Etc::sourceparts=/dev/null",
            f"Dir::State::lists={directory}/lists",
            f"Dir::State::status={directory}/status",
            f"Dir::Cache={directory}/cache",
            "Acquire::Languages=none",
            "APT::Architecture=amd64",
            "APT::Architectures=amd64",
            "APT::Sandbox::User=root",  # the user _apt could not enter these directories
            "Acquire::Retries=3",
        ]

    def run(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        options = [word for option in self._options for word in ("-o", option)]
        return _run([program, *options, "--quiet", *arguments], cwd)


def _run(command: list[str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or [done.stderr.strip()]
        raise SetupError(f"{command[0]} says: {said[0]}", "look at the network, and at: sudo apt-get update")
    return done.stdout
