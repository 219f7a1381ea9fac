"""Finishing a wheel: the same bytes from every build, modes that suit everybody, and the licences of what is in it."""

import argparse
import base64
import csv
import email.parser
import hashlib
import io
import json
import os
import re
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

FIRST_SECOND = 315532800  # 1980, the first date that a zip file can tell
FILE, PROGRAM = 0o100644, 0o100755
PAGE_LICENSES = "onlooker/report/report.licenses.txt"  # of what tools/report/bundle.py put into the page
DEBIAN_DOCS = Path("/usr/share/doc")
DEBIAN_TEXTS = Path("/usr/share/common-licenses")

# of the libraries that a wheel may take along, by the beginning of their file's name
LICENSES = {
    "libbpf": "LGPL-2.1-only OR BSD-2-Clause",
    "libelf": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libz": "Zlib",
    "libzstd": "BSD-3-Clause OR GPL-2.0-only",
    "liblzma": "0BSD",
    "libbz2": "bzip2-1.0.6",
}


class WheelError(Exception):
    """A wheel that can't be finished."""


def read(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def write(wheel: Path, files: Mapping[str, bytes]) -> None:
    """Make it of these files: sorted, with plain modes and one date (SOURCE_DATE_EPOCH); RECORD is made again."""
    [record] = [name for name in files if name.endswith(".dist-info/RECORD")]
    contents = {name: files[name] for name in sorted(files) if name != record}
    contents[record] = _record(contents, record)
    date = time.gmtime(max(FIRST_SECOND, int(os.environ.get("SOURCE_DATE_EPOCH", FIRST_SECOND))))[:6]
    temporary = wheel.with_suffix(".tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name, date)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix: the modes count
            info.external_attr = (PROGRAM if _is_program(name) else FILE) << 16
            archive.writestr(info, content)
    temporary.chmod(0o644)
    temporary.replace(wheel)


def _is_program(name: str) -> bool:
    return ".data/scripts/" in name or re.search(r"\.so(\.[0-9.]+)?$", name) is not None


def _record(contents: Mapping[str, bytes], record: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        writer.writerow((name, f"sha256={digest}", len(content)))
    writer.writerow((record, "", ""))
    return text.getvalue().encode()


def add_licenses(files: dict[str, bytes]) -> None:
    """Put in the licences of the libraries that auditwheel and the page took along; name them in METADATA (PEP 639)."""
    [metadata] = [name for name in files if name.endswith(".dist-info/METADATA")]
    info = metadata.removesuffix("METADATA")
    expressions = {_license(name) for name in files if ".libs/" in name}
    added = {
        f"bundled/{package}/{path.name}": path.read_bytes()
        for package in _packages(files)
        for path in license_texts(package)
    }
    if page := files.get(PAGE_LICENSES):
        added["bundled/report/LICENSES.txt"] = page
        expressions |= set(re.findall(r"^\S+ \S+ \((.+)\)\n=+$", page.decode(), re.MULTILINE))
    files.update({f"{info}licenses/{name}": text for name, text in added.items()})
    files[metadata] = _licensed(files[metadata], sorted(expressions), sorted(added))


def _license(library: str) -> str:
    name = re.split(r"[-.]", library.rpartition("/")[2])[0]
    if name not in LICENSES:
        raise WheelError(f"the licence of a library is not known: {library}\n\nhint: add {name} to {__file__}")
    return LICENSES[name]


def _packages(files: Mapping[str, bytes]) -> list[str]:
    """Those that the libraries came from, as auditwheel's bill of materials has them."""
    [bill] = [name for name in files if name.endswith("/sboms/auditwheel.cdx.json")]
    components = json.loads(files[bill])["components"]
    found = [each["name"] for each in components if re.match("pkg:(deb|rpm)/", each["purl"])]
    libraries = [name for name in files if ".libs/" in name]
    if len(found) != len(libraries):
        raise WheelError(f"{len(libraries)} libraries come from {len(found)} packages: {', '.join(libraries)}")
    return sorted(found)


def license_texts(package: str) -> Iterator[Path]:
    """Debian's copyright file and what it refers to, or Fedora's licences."""
    copyright_file = DEBIAN_DOCS / package / "copyright"
    if copyright_file.exists():
        yield copyright_file
        names = re.findall(rf"{DEBIAN_TEXTS}/([\w.-]*\w)", copyright_file.read_text(encoding="utf-8"))
        yield from (DEBIAN_TEXTS / name for name in sorted(set(names)))
        return
    texts = sorted(path for path in Path("/usr/share/licenses", package).glob("*") if path.is_file())
    if not texts:
        raise WheelError(f"the licence of {package} is not here\n\nhint: install {package} with its documentation")
    yield from texts


def _licensed(metadata: bytes, expressions: list[str], names: list[str]) -> bytes:
    """METADATA that also speaks of these licences."""
    head, blank, body = metadata.partition(b"\n\n")
    own = email.parser.BytesHeaderParser().parsebytes(metadata)["License-Expression"]
    whole = " AND ".join([own, *(f"({each})" if " " in each else each for each in expressions)])
    lines = [
        f"License-Expression: {whole}" if line.startswith("License-Expression:") else line
        for line in head.decode().splitlines()
    ]
    at = max(number for number, line in enumerate(lines) if line.startswith("License-File:")) + 1
    lines[at:at] = [f"License-File: {name}" for name in names]
    return "\n".join(lines).encode() + blank + body


def main() -> int:
    """Finish the wheel that auditwheel made."""
    parser = argparse.ArgumentParser(prog="tools/wheels.py", description=main.__doc__)
    parser.add_argument("wheel", type=Path, nargs="+")
    for wheel in parser.parse_args().wheel:
        files = read(wheel)
        try:
            add_licenses(files)
        except WheelError as error:
            print(error, file=sys.stderr)
            return 1
        write(wheel, files)
        print(wheel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
