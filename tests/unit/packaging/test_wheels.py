"""A wheel has the same bytes and modes on every machine, and the licences of everything in it."""

import base64
import csv
import hashlib
import json
import zipfile
from pathlib import Path

import pytest
import wheels

INFO = "thing-1.0.dist-info"
METADATA = """\
Metadata-Version: 2.4
Name: thing
License-Expression: BSD-2-Clause AND (BSD-2-Clause OR GPL-2.0-only)
License-File: LICENSE
Requires-Python: >=3.11

License-File: a line of the description
"""


def bill(*packages: str) -> bytes:
    components = [{"name": "thing", "purl": "pkg:pypi/thing@1.0"}]
    components += [{"name": name, "purl": f"pkg:deb/debian/{name}@1"} for name in packages]
    return json.dumps({"components": components}).encode()


def contents(*packages: str) -> dict[str, bytes]:
    return {
        "thing/__init__.py": b"",
        "thing/native.abi3.so": b"ELF",
        "thing.libs/libbpf-81e82511.so.1.1.2": b"ELF",
        f"{INFO}/METADATA": METADATA.encode(),
        f"{INFO}/RECORD": b"",
        f"{INFO}/sboms/auditwheel.cdx.json": bill(*packages),
    }


def made(path: Path, files: dict[str, bytes], mode: int, date: tuple[int, int, int, int, int, int]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("thing", 0o700)
        for name, content in files.items():
            info = zipfile.ZipInfo(name, date)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def test_wheels_of_two_builds_become_the_same(tmp_path: Path) -> None:
    files = contents("libbpf1")
    one = made(tmp_path / "one.whl", files, 0o100600, (2026, 1, 2, 3, 4, 6))
    other = made(tmp_path / "other.whl", dict(reversed(files.items())), 0o100775, (1999, 1, 1, 0, 0, 0))
    for path in (one, other):
        wheels.write(path, wheels.read(path))
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert {name for name, mode in modes.items() if mode != 0o100644} == {
        "thing/native.abi3.so",
        "thing.libs/libbpf-81e82511.so.1.1.2",
    }
    assert set(modes.values()) == {0o100644, 0o100755}
    assert one.stat().st_mode & 0o777 == 0o644


def test_the_date_is_the_one_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760000000")
    path = made(tmp_path / "one.whl", contents(), 0o100600, (2026, 1, 2, 3, 4, 6))
    wheels.write(path, wheels.read(path))
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2025, 10, 9, 8, 53, 20)}


def test_the_record_is_true(tmp_path: Path) -> None:
    path = made(tmp_path / "one.whl", contents(), 0o100600, (2026, 1, 2, 3, 4, 6))
    wheels.write(path, wheels.read(path))
    files = wheels.read(path)
    rows = list(csv.reader(files[f"{INFO}/RECORD"].decode().splitlines()))
    assert rows.pop() == [f"{INFO}/RECORD", "", ""]
    assert {name for name, *_ in rows} == files.keys() - {f"{INFO}/RECORD"}
    for name, digest, size in rows:
        want = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).decode().rstrip("=")
        assert (digest, size) == (f"sha256={want}", str(len(files[name])))


def test_the_licences_of_libraries_go_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = tmp_path / "copyright"
    text.write_text("LGPL")
    monkeypatch.setattr(wheels, "license_texts", lambda package: [text])
    files = contents("libbpf1")
    wheels.add_licenses(files)
    assert files[f"{INFO}/licenses/bundled/libbpf1/copyright"] == b"LGPL"
    assert files[f"{INFO}/METADATA"].decode() == METADATA.replace(
        "GPL-2.0-only)\nLicense-File: LICENSE\n",
        "GPL-2.0-only) AND (LGPL-2.1-only OR BSD-2-Clause)\n"
        "License-File: LICENSE\nLicense-File: bundled/libbpf1/copyright\n",
    )


def test_a_library_from_nowhere() -> None:
    with pytest.raises(wheels.WheelError, match="1 libraries come from 0 packages"):
        wheels.add_licenses(contents())


def test_the_licences_of_what_is_in_the_page_go_in() -> None:
    page = b"preact 10.1.0 (MIT)\n===================\n\nPermission is (hereby)\n"
    files = {name: content for name, content in contents().items() if ".libs/" not in name}
    files[wheels.PAGE_LICENSES] = page
    wheels.add_licenses(files)
    assert files[f"{INFO}/licenses/bundled/report/LICENSES.txt"] == page
    metadata = files[f"{INFO}/METADATA"].decode()
    assert "License-Expression: BSD-2-Clause AND (BSD-2-Clause OR GPL-2.0-only) AND MIT\n" in metadata
    assert "License-File: bundled/report/LICENSES.txt\n" in metadata


def test_a_library_whose_licence_is_not_known() -> None:
    files = {**contents("libbpf1"), "thing.libs/libnew-1234.so.1": b""}
    with pytest.raises(wheels.WheelError, match="libnew"):
        wheels.add_licenses(files)


def test_what_debian_s_copyright_refers_to_goes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libx1").mkdir()
    (tmp_path / "libx1" / "copyright").write_text(
        "see `/usr/share/common-licenses/LGPL-2.1'.\n/usr/share/common-licenses/GPL-2."
    )
    monkeypatch.setattr(wheels, "DEBIAN_DOCS", tmp_path)
    names = [str(path) for path in wheels.license_texts("libx1")]
    assert names == [
        str(tmp_path / "libx1" / "copyright"),
        "/usr/share/common-licenses/GPL-2",
        "/usr/share/common-licenses/LGPL-2.1",
    ]
