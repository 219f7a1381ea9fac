"""Facts about the kernel and the user, with files made up."""

import os
import platform
import sys
from pathlib import Path

import pytest

from onlooker import errors
from onlooker.probe import _libbpf, kernel
from onlooker.probe.kernel import Feature

from .made_up_types import UNION, Types

ALL = 0x1FFFFFFFFFF
NEEDED = [feature.name for feature in kernel.NEEDED_FEATURES]
ADMIN, PERFMON, BPF = 1 << 21, 1 << 38, 1 << 39


@pytest.fixture
def fine(monkeypatch, tmp_path):
    """A kernel and a user that can do everything; each test spoils one thing."""
    (tmp_path / "vmlinux").write_bytes(bytes(Types(NEEDED)))
    kernel.forget()
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "release", lambda: "6.1.0-18-amd64")
    monkeypatch.setattr(kernel, "effective_capabilities", lambda: ALL)
    monkeypatch.setattr(kernel, "LOCKDOWN", tmp_path / "lockdown")
    monkeypatch.setattr(kernel, "BTF", tmp_path / "vmlinux")
    yield tmp_path
    kernel.forget()


@pytest.mark.parametrize(
    ("release", "version"),
    [("6.1.0-18-amd64", (6, 1)), ("5.15.0", (5, 15)), ("6.16-rc1", (6, 16)), ("10.0", (10, 0)), ("", (0, 0))],
)  # fmt: skip
def test_version(release, version):
    assert kernel.version(release) == version


def test_a_kernel_that_can(fine):
    assert kernel.check() is None


@pytest.mark.parametrize("release", ["4.18.0-553.el8.x86_64", "2.6.78", "5.10.0", "", "nonsense"])
def test_what_it_can_counts_and_not_how_it_is_called(fine, monkeypatch, release):
    """A vendor's old kernel with back-ports; any, under setarch --uname-2.6."""
    monkeypatch.setattr(platform, "release", lambda: release)
    assert kernel.check() is None


@pytest.mark.parametrize(
    ("name", "lack"),
    [
        ("BPF_MAP_TYPE_RINGBUF", "this kernel has no BPF ring buffer (BPF_MAP_TYPE_RINGBUF)"),
        ("BPF_FUNC_ktime_get_boot_ns", "this kernel has no boot clock for BPF (BPF_FUNC_ktime_get_boot_ns)"),
    ],
)
@pytest.mark.parametrize("release", ["4.18.0-80.el8.x86_64", "6.18.0"])
def test_a_kernel_that_lacks_something(fine, monkeypatch, release, name, lack):
    (fine / "vmlinux").write_bytes(bytes(Types(each for each in NEEDED if each != name)))
    kernel.forget()
    monkeypatch.setattr(platform, "release", lambda: release)
    with pytest.raises(errors.KernelTooOldError) as caught:
        kernel.check()
    assert str(caught.value) == f"Linux {release} is too old: {lack}"
    assert (caught.value.release, caught.value.exit_code) == (release, 3)


def test_arguments_and_members(fine):
    types = Types()
    types.tracepoint("sched_process_exit", 2)
    kprobe = types.composite("", {"missed": types.pointer()})
    event = types.composite("", {"": types.composite("", {"kprobe": kprobe, "uprobe": kprobe}, UNION)})
    types.composite("bpf_link_info", {"type": types.pointer(), "": types.composite("", {"perf_event": event}, UNION)})
    (fine / "vmlinux").write_bytes(bytes(types))
    kernel.forget()
    assert kernel.tracepoints() == {"sched_process_exit": 2}
    for member, has in [("perf_event.kprobe.missed", True), ("perf_event.missed", False), ("type.missed", False)]:
        assert kernel.has_member("bpf_link_info", member) is has
    said = [kernel.lacks(Feature("sched_process_exit", arguments=number)) for number in (2, 1)]
    assert said == ["", "the tracepoint sched_process_exit has 2 arguments here, not 1"]
    assert kernel.lacks(Feature("sys_exit", arguments=2)) == "this kernel has no tracepoint sys_exit"
    assert kernel.lacks(Feature("bpf_link_info", member="no")) == "this kernel has no bpf_link_info.no"
    assert not kernel.has_member("task_struct", "signal")


def test_functions(fine):
    types = Types()
    task = types.pointer(types.composite("task_struct", {}))
    types.function("taskstats_exit", [task, types.integer("int")])
    types.function("nothing", [])
    (fine / "vmlinux").write_bytes(bytes(types))
    kernel.forget()
    assert kernel.parameters("taskstats_exit") == ("task_struct*", "int")
    assert [kernel.parameters(each) for each in ("nothing", "other", "task_struct")] == [(), None, None]
    said = [
        kernel.lacks(Feature(name, parameters=("task_struct*", *more)))
        for name, more in [("taskstats_exit", ["int"]), ("taskstats_exit", []), ("other", [])]
    ]
    other = "taskstats_exit is another function here: (task_struct*, int)"
    assert said == ["", other, "this kernel has no other"]


def test_the_kernel_that_is_here():
    """Its tracepoints have the arguments that the programs are written for."""
    if not kernel.BTF.exists():
        pytest.skip("this kernel has no type information")
    assert kernel.tracepoints()["sys_exit"] == 2
    assert kernel.has_member("task_struct", "signal")
    assert not kernel.has_member("task_struct", "signal.nothing")
    kernel.forget()


@pytest.mark.parametrize("content", [b"", b"\x9f\xeb\1\0", b"nonsense" * 100])
def test_damaged_type_information(fine, content):
    (fine / "vmlinux").write_bytes(content)
    kernel.forget()
    assert (kernel.tracepoints(), kernel.has_member("a", "b"), kernel.btf_has("a")) == ({}, False, False)


def test_another_system(fine, monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(errors.NotLinuxError, match="this system is Darwin"):
        kernel.check()


def test_no_type_information(fine):
    (fine / "vmlinux").unlink()
    with pytest.raises(errors.NoBtfError) as caught:
        kernel.check()
    assert caught.value.path == str(fine / "vmlinux")


@pytest.mark.parametrize(
    ("mask", "missing"),
    [
        (ALL, ()),
        (ADMIN, ()),
        (PERFMON | BPF, ()),
        (BPF, ("CAP_PERFMON",)),
        (PERFMON, ("CAP_BPF",)),
        (0, ("CAP_BPF", "CAP_PERFMON")),
    ],
)
def test_capabilities(fine, monkeypatch, mask, missing):
    monkeypatch.setattr(kernel, "effective_capabilities", lambda: mask)
    assert kernel.missing_capabilities() == missing
    if missing:
        with pytest.raises(errors.CapabilityError) as caught:
            kernel.check()
        assert caught.value.missing == missing
        assert str(caught.value).endswith("are missing" if len(missing) == 2 else "is missing")
    else:
        kernel.check()


def test_this_thread_s_capabilities():
    assert 0 <= kernel.effective_capabilities() <= ALL


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("[none] integrity confidentiality\n", "none"),
        ("none [integrity] confidentiality\n", "integrity"),
        ("none integrity [confidentiality]\n", "confidentiality"),
        ("", ""),
        (None, ""),
    ],
)
def test_lockdown(fine, text, mode):
    if text is not None:
        (fine / "lockdown").write_text(text)
    assert kernel.lockdown_mode() == mode
    if mode == "confidentiality":
        with pytest.raises(errors.LockdownError, match="confidentiality mode"):
            kernel.check()
    else:
        kernel.check()


def test_a_libbpf_that_is_too_old(fine, monkeypatch):
    monkeypatch.setattr(_libbpf, "libbpf_version", lambda: (0, 8))
    with pytest.raises(errors.LibbpfError, match=r"^libbpf 0\.8 is too old: 1\.0 or newer is needed$"):
        kernel.check()


def test_the_libbpf_that_is_here():
    assert kernel.libbpf_version() >= (1, 0)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("libbpf.so.1: cannot open", "libbpf can't be loaded: libbpf.so.1: cannot open", "apt-get install libbpf1"),
        ("cannot import name '_libbpf'", "the native part is not built: ", "make build"),
    ],
)  # fmt: skip
def test_a_native_part_that_is_missing(monkeypatch, words, message, hint):
    class Finder:
        def find_spec(self, name, path, target=None):
            if name == "onlooker.probe._libbpf":
                raise ImportError(words)

    monkeypatch.delitem(sys.modules, "onlooker.probe._libbpf")
    monkeypatch.delattr("onlooker.probe._libbpf")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(errors.LibbpfError) as caught:
        kernel.libbpf_version()
    assert str(caught.value).startswith(message) and caught.value.hint.startswith(hint)
    assert isinstance(caught.value, errors.UnsupportedError)


@pytest.mark.parametrize("number", [2, 7, 13, 22, 95])  # 13: what the verifier says of a program
def test_a_refusal_that_is_not_about_permission(number):
    assert kernel.explain_refusal(OSError(number, "")) is None


@pytest.mark.parametrize(
    ("in_namespace", "container", "words"),
    [(True, True, "user namespace"), (False, True, "container"), (False, False, None)],
)
def test_a_refusal_about_permission(monkeypatch, in_namespace, container, words):
    monkeypatch.setattr(kernel, "in_user_namespace", lambda: in_namespace)
    for asks in (os.path, Path):
        monkeypatch.setattr(asks, "exists", lambda path: container)
    explained = kernel.explain_refusal(OSError(1, ""))
    if words is None:
        assert explained is None
    else:
        assert words in str(explained)
        assert explained.hint == "run it as root of the machine itself"
        assert explained.missing == kernel.NEEDED
