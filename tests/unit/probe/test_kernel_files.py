"""Facts read from /proc, with its files made up."""

from pathlib import Path

import pytest

from onlooker.probe import kernel

from .made_up_types import Types


@pytest.fixture
def proc(monkeypatch, tmp_path):
    """`proc[path] = text` makes up a file; one that is not made up is missing."""
    made: dict[str, str] = {}

    def read_text(self, *_, **__):
        if str(self) not in made:
            raise FileNotFoundError(str(self))
        return made[str(self)]

    monkeypatch.setattr(Path, "read_text", read_text)
    return made


@pytest.mark.parametrize(
    ("status", "mask"),
    [
        ("Name:\tx\nCapPrm:\t0000000000000001\nCapEff:\t000001ffffffffff\n", 0x1FFFFFFFFFF),
        ("CapEff:\t0000000000000000\n", 0),
        ("Name:\tCapEff: 00ff\n", 0),
        ("", 0),
    ],
)
def test_effective_capabilities(proc, status, mask):
    proc["/proc/thread-self/status"] = status
    assert kernel.effective_capabilities() == mask


@pytest.mark.parametrize(
    ("types", "has"),
    [
        (["vfs_open", "do_open"], True),
        (["my_do_open"], False),
        (["do_openat"], False),
        ([], False),
        (None, False),
    ],
)
def test_functions_that_the_kernel_has(monkeypatch, tmp_path, types, has):
    monkeypatch.setattr(kernel, "BTF", tmp_path / "vmlinux")
    if types is not None:
        (tmp_path / "vmlinux").write_bytes(bytes(Types(types)))
    kernel.forget()
    assert kernel.btf_has("do_open") is has
    kernel.forget()


@pytest.mark.parametrize(
    ("uid_map", "inside"),
    [
        ("         0          0 4294967295\n", False),
        ("         0       1000          1\n", True),
        ("0 100000 65536\n", True),
        ("0 0 1\n1 100000 65536\n", True),
        ("", True),
        (None, False),
    ],
)
def test_user_namespace(proc, uid_map, inside):
    if uid_map is not None:
        proc["/proc/self/uid_map"] = uid_map
    assert kernel.in_user_namespace() is inside


def test_capabilities_where_proc_is_not_mounted(proc):
    with open("/proc/thread-self/status", encoding="ascii") as file:  # noqa: PTH123, Path.read_text is made up here
        mask = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    assert kernel.effective_capabilities() == mask


def test_bytes_that_are_no_text(monkeypatch, tmp_path):
    path = tmp_path / "any"
    path.write_bytes(b"\xff[\xfe]\0CapEff:\t\xc3\n")
    monkeypatch.setattr(kernel, "Path", lambda name: path)
    monkeypatch.setattr(kernel, "LOCKDOWN", path)
    assert (kernel.effective_capabilities(), kernel.in_user_namespace(), kernel.lockdown_mode()) == (0, True, "")
