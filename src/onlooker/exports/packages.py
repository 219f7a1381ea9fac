"""Which packages of the distribution files are of: dpkg and rpm are asked, with many files at once."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_SECONDS = 120  # rpm of many files on a slow disk
_MOST_BYTES = 60_000  # of arguments at once: ARG_MAX is 128 KiB at least
# names that a directory has had before /usr was merged, by which a package may know its files
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_GLOB = re.compile(r"([\\*?\[\]])")


class Package(msgspec.Struct, frozen=True):
    """An installed package."""

    kind: str  # deb or rpm
    name: str
    version: str
    architecture: str

    def purl(self, distribution: str, release: str) -> str:
        """Its package URL.

        >>> Package("deb", "libc6", "1:2.36-9+deb12u1", "amd64").purl("debian", "12")
        'pkg:deb/debian/libc6@1:2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12'
        """
        where = f"{quote(distribution)}/" if distribution else ""
        distro = f"&distro={quote(f'{distribution}-{release}')}" if distribution and release else ""
        version = quote(self.version, safe=":")
        return f"pkg:{self.kind}/{where}{quote(self.name)}@{version}?arch={quote(self.architecture)}{distro}"


def owners(files: Iterable[str]) -> dict[str, Package]:
    """The package of each file that has one. Where there is neither dpkg nor rpm, none has."""
    asked = [file for file in files if "\n" not in file]
    found: dict[str, Package] = {}
    if shutil.which("dpkg-query", path=_PATH):
        found |= _of_dpkg(asked)
    if shutil.which("rpm", path=_PATH) and (left := [file for file in asked if file not in found]):
        found |= _of_rpm(left)
    return found


def distribution(path: Path = Path("/etc/os-release")) -> tuple[str, str]:
    """Its name and release, as in ("debian", "12"); empty where it does not say."""
    said = {}
    try:
        for line in path.read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition("=")
            said[name] = value.strip().strip("\"'")
    except OSError:
        return "", ""
    return said.get("ID", ""), said.get("VERSION_ID", "")


def names_of(file: str) -> list[str]:
    """The names by which a package may know it.

    >>> names_of("/usr/bin/sh"), names_of("/lib/x.so"), names_of("/etc/passwd")
    (['/usr/bin/sh', '/bin/sh'], ['/lib/x.so', '/usr/lib/x.so'], ['/etc/passwd'])
    """
    bare = file.removeprefix("/usr")
    first = bare[1:].partition("/")[0]
    if first not in _MERGED:
        return [file]
    return [file, bare if file.startswith("/usr/") else f"/usr{file}"]


def _of_dpkg(files: Sequence[str]) -> dict[str, Package]:
    asked = {name: file for file in files for name in names_of(file)}
    names: dict[str, str] = {}
    for line in _said("dpkg-query", "--search", words=[_GLOB.sub(r"\\\1", name) for name in asked]):
        packages, between, name = line.partition(": ")
        if between and name in asked and not packages.startswith("diversion by "):
            names.setdefault(asked[name], packages.split(", ")[0])
    form = "--showformat=${binary:Package}\\t${Package}\\t${Version}\\t${Architecture}\\n"
    known: dict[str, Package] = {}
    for line in _said("dpkg-query", "--show", form, words=sorted({*names.values()})):
        full, *rest = line.split("\t")
        if len(rest) == 3:
            package = Package("deb", *rest)
            known |= {full: package, f"{rest[0]}:{rest[2]}": package}
    return {file: known[name] for file, name in names.items() if name in known}


def _of_rpm(files: Sequence[str]) -> dict[str, Package]:
    asked = {name: file for file in files for name in names_of(file)}
    # the answer for several files does not say which is whose: so all files of the packages are asked for
    form = "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n"
    packages = {
        line for line in _said("rpm", "--query", "--file", "--queryformat", form, words=list(asked)) if " " not in line
    }
    form = "[%{=NAME}\\t%{=EPOCHNUM}\\t%{=VERSION}-%{=RELEASE}\\t%{=ARCH}\\t%{FILENAMES}\\n]"
    found: dict[str, Package] = {}
    for line in _said("rpm", "--query", "--queryformat", form, words=sorted(packages)):
        name, epoch, version, architecture, file = (*line.split("\t", 4), "", "", "", "")[:5]
        if file in asked:
            whole = f"{epoch}:{version}" if epoch not in ("0", "") else version
            found[asked[file]] = Package("rpm", name, whole, architecture)
    return found


def _said(*command: str, words: Sequence[str]) -> Iterator[str]:
    """The lines on standard output, of as few calls as there can be. What a program does not know it says elsewhere."""
    for some in _pieces(words):
        try:
            done = subprocess.run(
                [*command, "--", *some] if command[0] == "rpm" else [*command, *some],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                env={"LC_ALL": "C", "PATH": _PATH},
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return
        yield from done.stdout.decode("utf-8", "surrogateescape").splitlines()


def _pieces(words: Sequence[str]) -> Iterator[list[str]]:
    made: list[str] = []
    size = 0
    for word in words:
        size += len(word) + 1
        if made and size > _MOST_BYTES:
            yield made
            made, size = [], len(word) + 1
        made.append(word)
    if made:
        yield made
