"""What is said, or done in its place, where the kernel refuses a program or lacks what it needs."""

import errno
import os
import resource

import pytest

from onlooker.errors import (
    AttachError,
    CapabilityError,
    ForbiddenError,
    KernelTooOldError,
    LoadError,
    ResourceError,
)
from onlooker.probe import chooser, kernel
from onlooker.probe.attach import TRACEPOINTS

from .fake_setup import FakeSetup, without_tracefs
from .made_up_hooks import (
    COUNTED,
    FIRST,
    FLAW,
    IDS,
    OPENS,
    RING,
    TOLD,
)


def test_nothing_left_to_load(load):
    setup = FakeSetup(refused=("on_exit", "on_exit_old"))
    with pytest.raises(LoadError, match=r"^the kernel refused the program on_exit_old: Invalid argument$"):
        load(setup, ("exit",))
    assert [each.closed for each in setup.probes] == [True, True]


def test_nothing_left_to_attach(load):
    setup = FakeSetup(unattachable=("on_exit", "on_exit_old"), error=errno.ENOENT)
    with pytest.raises(AttachError) as caught:
        load(setup, ("exit",))
    why = "can't be attached (No such file or directory)"
    assert str(caught.value) == f"cannot observe exit events on this kernel: {why}"
    assert caught.value.event == "exit"
    assert all(each.closed for each in setup.probes)


def test_a_program_without_a_substitute(load):
    with pytest.raises(LoadError, match="the program on_fork"):
        load(FakeSetup(refused=("on_fork",)), ("fork", "exit"))


def test_a_shared_program_is_only_left_for_hooks_that_have_another(load, monkeypatch):
    with pytest.raises(LoadError, match="the program on_sys_exit"):
        load(FakeSetup(refused=("on_sys_exit",)), ("open",), method="raw")
    monkeypatch.setattr(chooser, "tracepoint_ids", without_tracefs)
    with pytest.raises(LoadError, match=f"the program {FIRST}"):
        load(FakeSetup(refused=("on_sys_exit", FIRST)), ("open",))


def test_a_failure_that_is_no_programs(load, monkeypatch):
    setup = FakeSetup(refused=("identify",))
    with pytest.raises(LoadError, match=r"^the kernel refused the probe: Invalid argument$"):
        load(setup, ("exit",))
    assert setup.probes[0].closed


def test_a_refusal_that_has_a_better_explanation(load, monkeypatch):
    explained = CapabilityError(("CAP_BPF",), "a container")
    monkeypatch.setattr(kernel, "explain_refusal", lambda error: explained if error.errno == errno.EPERM else None)
    setup = FakeSetup(refused=("on_exit",), error=errno.EPERM)
    with pytest.raises(CapabilityError) as caught:
        load(setup, ("exit",))
    assert caught.value is explained
    assert isinstance(caught.value.__cause__, PermissionError)
    assert setup.probes[0].closed


def test_a_probe_that_can_not_be_filled_is_closed(load):
    setup = FakeSetup(fails=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        load(setup, ("exit",))
    assert [each.closed for each in setup.probes] == [True]


def test_tracefs_is_asked_once_and_only_if_needed(load, monkeypatch):
    asked = []
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: asked.append(names) or (IDS, "here"))
    load(FakeSetup(), ("fork", "exit"))
    load(FakeSetup())
    assert asked == []
    load(FakeSetup(unattachable=("on_sys_exit",)))
    assert asked == []
    load(FakeSetup(unattachable=("on_sys_exit", FIRST)))
    assert asked == [TRACEPOINTS]


@pytest.mark.parametrize("usable", [False, True])
def test_what_may_lose_silently_is_not_used_unless_asked_for(load, monkeypatch, usable):
    monkeypatch.setattr(kernel, "lacks", lambda feature: "no count" if feature == COUNTED and not usable else "")
    setup = FakeSetup(unattachable=("on_sys_exit", FIRST))
    if usable:
        probe, _ = load(setup, ("open",))
        assert probe.attached == {"on_call_exit": OPENS, **RING}
    else:
        with pytest.raises(AttachError, match=FLAW):
            load(setup, ("open",))
    probe, _ = load(FakeSetup(), ("open",), method="tracepoint")
    assert probe.attached == {"on_call_exit": OPENS, **RING}


@pytest.mark.parametrize("method", [None, "raw"])
@pytest.mark.parametrize(("lack", "program"), [("it has 1 argument here", "on_exit_old"), ("", "on_exit")])
def test_what_the_kernel_does_not_have_is_not_tried(load, monkeypatch, lack, program, method):
    monkeypatch.setattr(kernel, "lacks", lambda feature: lack if feature == TOLD else "")
    setup = FakeSetup()
    probe, [report] = load(setup, ("exit",), method=method)
    assert probe.attached == {program: []}
    assert ("; not on_exit: it has 1 argument here" in report.why) == (program == "on_exit_old")
    assert len(setup.probes) == 1


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN])
@pytest.mark.parametrize("when", ["refused", "unattachable"])
def test_a_system_that_has_run_out_is_no_reason_for_another_way(load, number, when):
    setup = FakeSetup(**{when: ("on_sys_exit",)}, error=number)
    with pytest.raises(ResourceError) as caught:
        load(setup, ("open",))
    assert caught.value.error.errno == number
    assert [probe.closed for probe in setup.probes] == [True]


def test_running_out_while_the_sets_are_filled(load):
    setup = FakeSetup(fails=OSError(errno.EMFILE, "Too many open files", "ring"))
    with pytest.raises(ResourceError, match=r"cannot set up the probe: Too many open files \(ring\)"):
        load(setup, ("open",))
    assert setup.probes[0].closed


def test_another_refusal_while_the_sets_are_filled(load):
    setup = FakeSetup(fails=OSError(errno.EPERM, "Operation not permitted", "identify"))
    with pytest.raises(ForbiddenError, match=r"^bpf\(2\) is forbidden here: Operation not permitted \("):
        load(setup, ("open",))
    assert setup.probes[0].closed


@pytest.mark.parametrize(
    ("number", "filtered", "what", "hint"),
    [
        (errno.EPERM, True, "Operation not permitted (a seccomp filter may forbid it)", "seccomp profile"),
        (errno.ENOSYS, True, "Function not implemented (a seccomp filter may forbid it)", "seccomp profile"),
        (errno.EACCES, True, "Permission denied (a seccomp filter may forbid it)", "seccomp profile"),
        (errno.EPERM, False, "Operation not permitted (a security module may forbid it)", "SELinux"),
        (errno.ENOSYS, False, "Function not implemented (this kernel is built without it)", "CONFIG_BPF_SYSCALL=y"),
    ],
)
def test_what_forbids_bpf_is_no_mistake_to_report(load, monkeypatch, number, filtered, what, hint):
    monkeypatch.setattr(kernel, "in_seccomp", lambda: filtered)
    setup = FakeSetup(fails=OSError(number, os.strerror(number), "identify"))
    with pytest.raises(ForbiddenError) as caught:
        load(setup, ("open",))
    assert str(caught.value) == f"bpf(2) is forbidden here: {what}"
    assert hint in caught.value.hint
    assert "report" not in caught.value.hint


def test_what_the_verifier_denies_is_one(load, monkeypatch):
    monkeypatch.setattr(kernel, "in_seccomp", lambda: False)
    with pytest.raises(LoadError, match="Permission denied"):
        load(FakeSetup(fails=OSError(errno.EACCES, "Permission denied", "identify")), ("open",))


def test_what_libbpf_makes_of_too_little_memory(load, monkeypatch):
    """It says ESRCH where it has no memory for the kernel's types."""
    monkeypatch.setattr(chooser, "SPARE_BYTES", 1 << 60)
    with pytest.raises(ResourceError, match=r"^cannot set up the probe: Cannot allocate memory \(memory\)$"):
        load(FakeSetup(refused=("on_sys_exit",), error=errno.ESRCH), ("open",))


def test_a_kernel_that_can_not_run_a_program_once_is_too_old(load, monkeypatch):
    """Found out by trying: its type information does not tell."""
    monkeypatch.setattr(kernel, "release", lambda: "5.9.0")
    setup = FakeSetup(fails=OSError(524, "Unknown error 524", "identify"))
    with pytest.raises(KernelTooOldError, match=r"^Linux 5\.9\.0 is too old: this kernel has no way to run a raw "):
        load(setup, ("open",))
    assert setup.probes[0].closed


def test_a_want_of_descriptors_behind_another_error(load):
    """No other program is tried for it."""
    setup = FakeSetup(refused=("on_exit",))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open("/", os.O_PATH)  # all below it are open
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 6, hard))  # a map, two programs and four to spare make seven
    try:
        with pytest.raises(ResourceError, match=r"^cannot set up the probe: Too many open files \("):
            load(setup, ("exit",))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [each.closed for each in setup.probes] == [True]
