"""What is packed, in which order, and with what it needs."""

import sys
from pathlib import Path

import pytest
from kernels import initramfs


def test_names_come_after_what_leads_to_them(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/real").touch()
    (tmp_path / "usr/lib/link").symlink_to("real")
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "program").symlink_to(tmp_path / "lib/../lib/link")
    base = str(tmp_path)[1:]
    found = initramfs.with_parents([tmp_path / "program", tmp_path / "usr/lib/real"])
    start = found.index(base)
    assert found[:start] == [str(parent)[1:] for parent in list(reversed(tmp_path.parents))[1:]]
    names = ["", "/program", "/lib", "/usr", "/usr/lib", "/usr/lib/link", "/usr/lib/real"]
    assert found[start:] == [f"{base}{name}" for name in names]


def test_what_a_distribution_needs_comes_with_it() -> None:
    found = initramfs.requirements(["pytest", "onlooker", "no-such-distribution"])
    assert {"pytest", "pluggy", "iniconfig", "onlooker", "msgspec", "rich"} <= found
    assert "no-such-distribution" not in found
    assert "colorama" not in found  # on Windows only


def test_a_programs_libraries_come_with_it() -> None:
    found = initramfs.libraries([Path(sys.executable)])
    assert any(path.name.startswith("libc.so") for path in found)
    assert any(path.name.startswith("ld-") for path in found)
    assert all(path.is_absolute() and path.exists() for path in found)


@pytest.mark.parametrize(("content", "expected"), [(b"\x7fELF\2", True), (b"#!/bin/sh", False), (b"", False)])
def test_programs_are_told_from_scripts(tmp_path: Path, content: bytes, expected: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert initramfs.is_elf(path) is expected
