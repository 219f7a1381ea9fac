"""Which package has the kernel, and where packages come from and are kept."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from kernels import debian
from kernels.errors import SetupError

BULLSEYE = [
    "linux-image-5.10.0-9-cloud-amd64",
    "linux-image-5.10.0-30-cloud-amd64-dbg",
    "linux-image-5.10.0-30-cloud-amd64-unsigned",
    "linux-image-5.10.0-30-cloud-amd64",
    "linux-image-5.10.0-30-amd64",
    "linux-image-6.1.0-0.deb11.7-cloud-amd64",
    "linux-image-cloud-amd64",
]
SID = [
    "linux-image-7.2.13+deb14-cloud-amd64",
    "linux-binary-7.2.13+deb14-cloud-amd64",
    "linux-binary-unsigned-7.2.13+deb14-cloud-amd64",
    "linux-binary-7.2.9+deb14-cloud-amd64",
    "linux-modules-7.2.14+deb14-cloud-amd64",
    "linux-headers-7.2.14+deb14-cloud-amd64",
]


@pytest.mark.parametrize(
    ("names", "series", "expected"),
    [
        (BULLSEYE, "5.10", "linux-image-5.10.0-30-cloud-amd64"),
        (BULLSEYE, "6.1", "linux-image-6.1.0-0.deb11.7-cloud-amd64"),
        (BULLSEYE, "5.1", None),
        (SID, "sid", "linux-binary-7.2.13+deb14-cloud-amd64"),
        ([*SID, *BULLSEYE], "sid", "linux-binary-7.2.13+deb14-cloud-amd64"),
        (["linux-image-7.10.1+deb14-cloud-amd64", *SID], "sid", "linux-image-7.10.1+deb14-cloud-amd64"),
        ([], "sid", None),
        (["linux-image-cloud-amd64", "linux-base"], "6.12", None),
    ],
)
def test_the_newest_package_of_a_series(names: list[str], series: str, expected: str | None) -> None:
    assert debian.newest(names, series) == expected
    assert debian.newest(reversed(names), series) == expected


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("Debian-Security http://mirror/debian-security/\nDebian http://mirror/debian/\n", "http://mirror/debian/"),
        ("Other https://elsewhere/\nDebian mirror+file:/etc/mirrors\n", "mirror+file:/etc/mirrors"),
        ("$(LABEL) http://mirror/debian/\n", None),  # apt has no lists yet
        ("", None),
    ],
)
def test_the_mirror_is_the_machines_own(targets: str, expected: str | None) -> None:
    assert debian.mirror(targets) == expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"ONLOOKER_KERNELS": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/onlooker/kernels"),
        ({"XDG_CACHE_HOME": "not/absolute", "HOME": "/c"}, "/c/.cache/onlooker/kernels"),
        ({"HOME": "/c"}, "/c/.cache/onlooker/kernels"),
    ],
)
def test_the_cache(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], expected: str) -> None:
    for name in ("ONLOOKER_KERNELS", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert debian.cache() == Path(expected)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in the cache; fetching fails, as without a network."""
    monkeypatch.setenv("ONLOOKER_KERNELS", str(tmp_path))

    def fail(*_: object) -> list[Path]:
        raise SetupError("no network", "")

    monkeypatch.setattr(debian, "_fetch", fail)
    path = tmp_path / "6.1" / "linux-image-6.1.0-1-cloud-amd64_1_amd64.deb"
    path.parent.mkdir()
    path.touch()
    return path


def test_a_fresh_package_is_taken(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert debian.packages("6.1") == [kept]
    assert capsys.readouterr().err == ""


def test_an_old_package_is_better_than_none(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.utime(kept, (0, 0))
    assert debian.packages("6.1") == [kept]
    assert "no network" in capsys.readouterr().err


def test_without_a_package_the_error_is_told(kept: Path) -> None:
    with pytest.raises(SetupError, match="no network"):
        debian.packages("5.10")


def test_an_old_package_is_replaced(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(kept, (0, 0))
    new = kept.with_name("linux-image-6.1.0-2-cloud-amd64_2_amd64.deb")

    def fetch(kernel: str, directory: Path) -> list[Path]:
        assert (kernel, directory) == ("6.1", kept.parent)
        new.touch()
        return [new]

    monkeypatch.setattr(debian, "_fetch", fetch)
    assert debian.packages("6.1") == [new]
    assert list(kept.parent.iterdir()) == [new]


def test_only_what_is_wanted_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as files:
        for name in ("./boot/vmlinuz-6.1", "./boot/config-6.1", "./lib/modules/6.1/overlay.ko"):
            member = tarfile.TarInfo(name)
            member.size = len(name)
            files.addfile(member, io.BytesIO(name.encode()))
    (tmp_path / "tar").write_bytes(tar.getvalue())
    start = subprocess.Popen

    def unpacked(command: list[str], **how: int) -> subprocess.Popen[bytes]:
        assert command == ["dpkg-deb", "--fsys-tarfile", "a.deb"]
        return start(["cat", tmp_path / "tar"], **how)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", unpacked)
    target = tmp_path / "target"
    target.mkdir()
    found = debian.unpack([Path("a.deb")], ["overlay", "/vmlinuz", "fuse"], target)
    assert found == {"overlay": target / "overlay.ko", "/vmlinuz": target / "vmlinuz-6.1"}
    assert found["/vmlinuz"].read_text() == "./boot/vmlinuz-6.1"
    assert sorted(target.iterdir()) == sorted(found.values())
