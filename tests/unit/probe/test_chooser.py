"""The first candidate that the kernel takes wins; what stood against the others is told."""

import errno
import os
import resource
from dataclasses import dataclass, field

import pytest

from onlooker.errors import (
    AttachError,
    CapabilityError,
    ForbiddenError,
    KernelTooOldError,
    LoadError,
    ResourceError,
)
from onlooker.events import TASK_EVENTS
from onlooker.probe import _libbpf, chooser, kernel
from onlooker.probe.attach import NOT_SEEN, TABLE, TRACEPOINTS
from onlooker.probe.chooser import Chooser
from onlooker.probe.syscalls import functions_of

from .fake_probe import FakeProbe
from .made_up_hooks import (
    COMPAT,
    COUNTED,
    EXEC_FUNCTIONS,
    EXECS,
    FIRST,
    FLAW,
    HOOKS,
    IDS,
    OPEN_FUNCTIONS,
    OPENS,
    RING,
    TOLD,
)


@dataclass
class FakeSetup:
    """Opens fake probes, each refusing the same."""

    refused: tuple[str, ...] = ()
    unattachable: tuple[str | int, ...] = ()
    error: int = errno.EINVAL
    what: str = "failed to load"
    fails: BaseException | None = None
    probes: list[FakeProbe] = field(default_factory=list)
    by_sys_exit: list[set[str]] = field(default_factory=list)
    by_call_exit: list[set[str]] = field(default_factory=list)
    by_call_return: list[set[str]] = field(default_factory=list)

    def open(self, by_sys_exit: set[str], by_call_exit: set[str], by_call_return: set[str]) -> FakeProbe:
        self.by_sys_exit.append(by_sys_exit)
        self.by_call_exit.append(by_call_exit)
        self.by_call_return.append(by_call_return)
        self.probes.append(FakeProbe(self.refused, self.unattachable, self.error, self.what))
        return self.probes[-1]

    def fill(self, probe: FakeProbe) -> None:
        assert probe.attached == {}
        if self.fails:
            raise self.fails


@pytest.fixture(autouse=True)
def a_kernel_with_everything(monkeypatch):
    """All tracepoints; the log of the probe opened last; no container."""
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: (IDS, "here"))
    monkeypatch.setattr(kernel, "explain_refusal", lambda error: None)
    monkeypatch.setattr(kernel, "lacks", lambda feature: "")
    monkeypatch.setattr(kernel, "knows", lambda name: True)


@pytest.fixture
def load(monkeypatch):
    """`load(setup, events)`: what a chooser for the events loads and attaches."""

    def run(setup, events=tuple(TASK_EVENTS), *, method=None, table=HOOKS):
        monkeypatch.setattr(_libbpf, "log", lambda: setup.probes[-1].log)
        return Chooser([hook for hook in table if hook.event in events], method).load(setup)

    return run


def without_tracefs(names):
    raise PermissionError(errno.EPERM, "Operation not permitted")


def attached(report, event):
    return [each for each in report if each.event == event and each.purpose != "io_uring"][-1]


def test_a_kernel_that_takes_all_gets_what_is_preferred(load):
    setup = FakeSetup()
    probe, report = load(setup)
    assert probe is setup.probes[0] and not probe.closed
    programs = ("on_fork", "on_exec", "on_sys_exit", "on_exit", *RING)
    assert probe.loaded == ("identify", *programs)
    assert probe.attached == {program: [] for program in programs}
    assert [(each.event, each.purpose) for each in report] == [(hook.event, hook.purpose) for hook in HOOKS]
    assert attached(report, "open").programs == ("on_sys_exit",)
    assert "; not" not in "".join(each.why for each in report)
    assert "".join(each.blind for each in report) == ""
    assert setup.by_sys_exit == [{"exec", "open"}]


def test_a_refused_program_makes_way_for_the_next(load):
    setup = FakeSetup(refused=("on_exit",))
    probe, report = load(setup, ("exit",))
    assert probe.attached == {"on_exit_old": []}
    assert attached(report, "exit").programs == ("on_exit_old",)
    assert attached(report, "exit").why.endswith("; not on_exit: refused by the kernel (Invalid argument)")
    assert [each.closed for each in setup.probes] == [True, False]


@pytest.mark.parametrize("how", ["refused", "unattachable"])
def test_a_shared_program_makes_way_in_all_its_hooks(load, how):
    setup = FakeSetup(**{how: ("on_sys_exit",)})
    probe, report = load(setup, ("exec", "open"))
    assert probe.loaded == ("identify", "on_exec", *EXEC_FUNCTIONS, *OPEN_FUNCTIONS, *RING)
    assert probe.attached == {"on_exec": [], **EXEC_FUNCTIONS, **OPEN_FUNCTIONS, **RING}
    assert setup.by_sys_exit == [{"exec", "open"}, set()]
    assert [each.closed for each in setup.probes] == [True, False]
    programs = [("on_exec",), tuple(EXEC_FUNCTIONS), tuple(OPEN_FUNCTIONS), tuple(RING)]
    assert [each.programs for each in report] == programs


def test_a_program_that_can_not_be_attached_makes_way_for_the_next(load):
    setup = FakeSetup(unattachable=("on_sys_exit",))
    probe, report = load(setup, ("open",))
    assert probe.attached == OPEN_FUNCTIONS | RING
    assert attached(report, "open").why.endswith("; not on_sys_exit: can't be attached (Invalid argument)")
    assert setup.by_sys_exit == [{"open"}, set()]
    assert [each.closed for each in setup.probes] == [True, False]


@pytest.mark.parametrize("function", OPEN_FUNCTIONS)
def test_one_of_several_programs_that_can_not_be_attached_makes_way_for_the_next(load, function):
    setup = FakeSetup(unattachable=("on_sys_exit", function))
    probe, report = load(setup, ("open",))
    assert probe.attached == {"on_call_exit": OPENS, **RING}
    found = attached(report, "open")
    assert (found.programs, found.blind) == (("on_call_exit",), "a few")
    assert found.why.endswith("; not function exits: can't be attached (Invalid argument)")
    assert [each.closed for each in setup.probes] == [True, True, False]


@pytest.mark.parametrize("tracepoint", OPENS)
def test_a_program_is_attached_to_all_its_tracepoints_or_not_used(load, tracepoint):
    setup = FakeSetup(unattachable=("on_sys_exit", FIRST, tracepoint))
    with pytest.raises(AttachError) as caught:
        load(setup, ("open",))
    why = "can't be attached (Invalid argument)"
    assert str(caught.value) == f"cannot observe open events on this kernel: {why}"
    assert [each.closed for each in setup.probes] == [True, True, True]


def test_functions_of_32_bit_calls_are_left_out_where_the_kernel_has_none(load, monkeypatch):
    asked = []
    monkeypatch.setattr(kernel, "knows", asked.append)  # None: it has not
    probe, report = load(FakeSetup(), ("open",), method="fexit")
    native = [function for function in OPEN_FUNCTIONS if function not in COMPAT]
    assert list(probe.attached) == [*native, *RING]
    assert attached(report, "open").programs == tuple(native)
    assert set(asked) == {"__ia32_sys_open"}


@pytest.mark.parametrize("what", ["failed to load", "failed to prepare load attributes"])
def test_a_function_that_the_kernel_lacks_is_no_matter_of_rights(load, monkeypatch, what):
    """Some kernels refuse them to everybody with the words for missing rights."""
    monkeypatch.setattr(kernel, "explain_refusal", lambda error: CapabilityError(("CAP_BPF",)))
    why = f"{FIRST} is refused \\(Operation not permitted\\)"
    with pytest.raises(AttachError, match=f"^cannot observe open events by --attach on this kernel: {why}$") as caught:
        load(FakeSetup(refused=(FIRST,), error=errno.EPERM, what=what), ("open",), method="fexit")
    assert caught.value.hint == "leave out attach; what works here, and for whom: onlooker doctor"


def test_functions_that_the_kernel_lets_nobody_watch_are_not_tried_one_by_one(load):
    """The first that is refused speaks for those of all events."""
    setup = FakeSetup(refused=("on_sys_exit", *EXEC_FUNCTIONS, *OPEN_FUNCTIONS))
    probe, report = load(setup, ("exec", "open"))
    assert len(setup.probes) == 3
    assert probe.attached == {"on_exec": [], "on_call_exit": EXECS + OPENS, **RING}
    assert "; not function exits: refused by the kernel (Invalid argument)" in attached(report, "open").why


def test_functions_are_attached_together_and_seccomp_s_is_marked(load, monkeypatch):
    """`fchmodat2` and 32-bit calls are not there, and nothing is asked of them."""
    absent = {"__x64_sys_fchmodat2", *functions_of("chmod", "x86_64")[1]}
    monkeypatch.setattr(kernel, "knows", lambda name: name not in absent)
    setup = FakeSetup()
    probe, [report] = load(setup, ("chmod",), method="kprobe", table=TABLE)
    functions = ("__x64_sys_chmod", "__x64_sys_fchmod", "__x64_sys_fchmodat")
    assert probe.returns == {"on_call_return": {**dict.fromkeys(functions, 0), "__secure_computing": 1}}
    assert (probe.attached, setup.by_call_return, report.programs) == ({}, [{"chmod"}], ("on_call_return",))


def test_two_ways_of_one_method_are_told_apart(load, monkeypatch):
    """Both are tracepoints; the one that was not chosen is named by what it adds."""
    lacking = "this kernel has no trace_call_bpf_faultable"
    monkeypatch.setattr(kernel, "lacks", lambda feature: lacking if feature.name == "trace_call_bpf_faultable" else "")
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: (dict.fromkeys(names, 5), "here"))
    _, report = load(FakeSetup(), ("exec",), method="tracepoint", table=TABLE)
    assert report[-1].why.endswith(f"; not tracepoints and 32-bit functions: {lacking}")


@pytest.mark.parametrize("event", ["open", "truncate"])
def test_a_function_of_a_call_that_is_missing_is_an_obstacle(load, monkeypatch, event):
    """What it does would be missed in silence."""
    function = functions_of(event, "x86_64")[0][-1]
    monkeypatch.setattr(kernel, "knows", lambda name: name != function)
    with pytest.raises(AttachError, match=f"this kernel has no {function}"):
        load(FakeSetup(), (event,), method="kprobe", table=TABLE)


def test_without_tracefs_one_program_sees_all_system_calls(load, monkeypatch):
    monkeypatch.setattr(chooser, "tracepoint_ids", without_tracefs)
    setup = FakeSetup()
    probe, report = load(setup, ("exec", "open"))
    assert probe.loaded == ("identify", "on_exec", "on_sys_exit", *RING)
    assert setup.by_sys_exit == [{"exec", "open"}]
    assert "; not" not in "".join(each.why for each in report)


def test_without_tracefs_nothing_takes_its_place(load, monkeypatch):
    monkeypatch.setattr(chooser, "tracepoint_ids", without_tracefs)
    with pytest.raises(AttachError) as caught:
        load(FakeSetup(unattachable=("on_sys_exit", FIRST)), ("open",))
    why = "can't be attached (Invalid argument)"
    assert str(caught.value) == (
        f"cannot observe open events on this kernel: {why}; "
        "syscalls/sys_exit_open: tracefs can't be had: Operation not permitted"
    )


def test_a_missing_tracepoint(load, monkeypatch):
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: ({"syscalls/sys_exit_open": 5}, "here"))
    with pytest.raises(AttachError, match=r"; syscalls/sys_exit_openat: no such tracepoint$"):
        load(FakeSetup(unattachable=("on_sys_exit", FIRST)), ("open",))


def test_a_part_that_can_be_done_without(load):
    """The ring's tracepoints of older kernels are tried, and then it is told what is not seen."""
    setup = FakeSetup(refused=("on_ring_complete", "on_ring_complete_old"))
    probe, report = load(setup, ("open",))
    assert probe.attached == {"on_sys_exit": []}
    assert [each.closed for each in setup.probes] == [True, True, False]
    assert attached(report, "open").programs == ("on_sys_exit",)
    ring = report[-1]
    assert (ring.purpose, ring.method, ring.programs) == ("io_uring", NOT_SEEN, ())
    assert (ring.blind, ring.why) == ("files opened through io_uring", "refused by the kernel (Invalid argument)")


def test_the_rings_programs_of_an_older_kernel(load):
    probe, report = load(FakeSetup(unattachable=("on_ring_submit", "on_ring_complete")), ("open",))
    assert probe.attached == {"on_sys_exit": [], "on_ring_submit_old": [], "on_ring_complete_old": []}
    assert (report[-1].blind, report[-1].programs) == ("", ("on_ring_submit_old", "on_ring_complete_old"))


def test_a_forced_method(load):
    setup = FakeSetup()
    probe, report = load(setup, method="raw")
    assert tuple(probe.attached) == ("on_fork", "on_exec", "on_sys_exit", "on_exit", *RING)
    assert setup.by_sys_exit == [{"exec", "open"}]
    assert "; not" not in "".join(each.why for each in report)
    setup = FakeSetup()
    probe, report = load(setup, method="tracepoint")
    raw = {program: [] for program in ("on_fork", "on_exec", "on_exit")}
    assert probe.attached == raw | RING | {"on_call_exit": EXECS + OPENS}
    assert setup.by_sys_exit == [set()]
    assert "; not" not in "".join(each.why for each in report)


def test_a_forced_method_has_no_substitute(load, monkeypatch):
    with pytest.raises(LoadError, match=r"^the kernel refused the program on_call_exit: Invalid argument$") as caught:
        load(FakeSetup(refused=("on_call_exit",)), ("open",), method="tracepoint")
    assert "prog 'on_call_exit': failed to load" in caught.value.log
    monkeypatch.setattr(chooser, "tracepoint_ids", without_tracefs)
    with pytest.raises(
        AttachError, match=r"^cannot observe open events by --attach on this kernel: .*tracefs can't be had"
    ):
        load(FakeSetup(), ("open",), method="tracepoint")


def test_a_hook_without_the_forced_method_keeps_its_own(load):
    probe, _ = load(FakeSetup(), ("fork", "open"), method="tracepoint")
    assert probe.attached["on_fork"] == []


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
        (errno.EPERM, True, "Operation not permitted (a seccomp filter may answer so)", "seccomp profile"),
        (errno.ENOSYS, True, "Function not implemented (a seccomp filter may answer so)", "seccomp profile"),
        (errno.EACCES, True, "Permission denied (a seccomp filter may answer so)", "seccomp profile"),
        (errno.EPERM, False, "Operation not permitted (a security module may answer so)", "SELinux"),
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
