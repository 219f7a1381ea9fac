"""What is built says nothing of where it was built, and a build that lacks something says which packages have it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import onlooker

ROOT = Path(__file__).parents[3]
BUILT = sorted(path for path in Path(onlooker.__file__).parent.rglob("*") if path.suffix in {".so", ".o"})


def test_there_are_native_files() -> None:
    assert [path.name for path in BUILT] == [
        *("_native.abi3.so", "_btf.abi3.so", "_libbpf.abi3.so", "_system.abi3.so"),
        *("monitor.bpf.o", "monitor.older.bpf.o", "_records.abi3.so"),
    ]


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.name)
def test_no_path_of_the_build_is_in_a_native_file(path: Path) -> None:
    content = path.read_bytes()
    assert os.fsencode(ROOT) not in content
    assert b"/usr/include" not in content


def test_the_probe_has_type_information_and_no_dwarf() -> None:
    probes = [path.read_bytes() for path in BUILT if path.suffix == ".o"]
    assert [b".BTF.ext\0" in probe for probe in probes] == [True, True]
    assert [b".debug_info" in probe for probe in probes] == [False, False]


def programs(directory: Path, *names: str) -> Path:
    """A directory for PATH with these programs alone."""
    directory.mkdir()
    for name in ("sh", "sed", *names):
        found = shutil.which(name)
        assert found, name
        (directory / name).symlink_to(found)
    return directory


def set_up(tmp_path: Path, path: Path, **environment: str) -> str:
    """The error of a build with these programs."""
    ninja = Path(sys.executable).with_name("ninja")
    done = subprocess.run(
        [sys.executable, "-m", "mesonbuild.mesonmain", "setup", tmp_path / "build", ROOT],
        env={"PATH": str(path), "NINJA": str(ninja), "HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    [error] = [line for line in done.stdout.splitlines() if "ERROR" in line]
    return error.partition("Problem encountered: ")[2]


def test_a_machine_without_anything(tmp_path: Path) -> None:
    headers = [] if Path("/usr/include/bpf/libbpf.h").exists() else ["libbpf-dev"]
    error = set_up(tmp_path, programs(tmp_path / "bin"))
    assert error.startswith("building onlooker needs a C compiler, clang, pkg-config")
    assert f"apt-get install {' '.join(['gcc libc6-dev clang pkg-config', *headers])} (Debian)" in error
    assert "dnf install gcc clang pkgconf-pkg-config" in error


def test_only_the_headers_are_missing(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "cc", "as", "ld", "ar", "clang", "pkg-config")
    assert set_up(tmp_path, path, PKG_CONFIG_LIBDIR=str(tmp_path)) == (
        "building onlooker needs the headers of libbpf 1.0 or newer: "
        "apt-get install libbpf-dev (Debian), dnf install libbpf-devel (Fedora)"
    )
