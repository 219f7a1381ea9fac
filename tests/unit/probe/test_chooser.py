"""The first candidate that the kernel takes wins; the obstacles of the others are reported."""

import errno

import pytest

from onlooker.errors import (
    AttachError,
    CapabilityError,
    LoadError,
)
from onlooker.probe import chooser, kernel
from onlooker.probe.attach import NOT_SEEN, TABLE
from onlooker.probe.syscalls import functions_of

from .fake_setup import FakeSetup, attached, without_tracefs
from .made_up_hooks import (
    COMPAT,
    EXEC_FUNCTIONS,
    EXECS,
    FIRST,
    HOOKS,
    OPEN_FUNCTIONS,
    OPENS,
    RING,
)


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
    monkeypatch.setattr(kernel, "btf_has", asked.append)  # None: it has not
    probe, report = load(FakeSetup(), ("open",), method="fexit")
    native = [function for function in OPEN_FUNCTIONS if function not in COMPAT]
    assert list(probe.attached) == [*native, *RING]
    assert attached(report, "open").programs == tuple(native)
    assert set(asked) == {"__ia32_sys_open"}


@pytest.mark.parametrize("what", ["failed to load", "failed to prepare load attributes"])
def test_a_function_that_the_kernel_lacks_is_no_matter_of_rights(load, monkeypatch, what):
    """Some kernels refuse them to everybody with the words for missing rights."""
    monkeypatch.setattr(kernel, "explain_refusal", lambda error: CapabilityError(("CAP_BPF",)))
    function = FIRST.removeprefix("on")
    why = f"the kernel lets nobody attach programs to its functions, such as {function} \\(Operation not permitted\\)"
    with pytest.raises(AttachError, match=f"^cannot observe open events by fexit on this kernel: {why}$") as caught:
        load(FakeSetup(refused=(FIRST,), error=errno.EPERM, what=what), ("open",), method="fexit")
    assert caught.value.hint == "leave out attach; onlooker doctor says what works here"


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
    monkeypatch.setattr(kernel, "btf_has", lambda name: name not in absent)
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
    monkeypatch.setattr(kernel, "btf_has", lambda name: name != function)
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
        "syscalls/sys_exit_open: tracefs can't be used: Operation not permitted"
    )


def test_a_missing_tracepoint(load, monkeypatch):
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: ({"syscalls/sys_exit_open": 5}, "here"))
    with pytest.raises(AttachError, match=r"; syscalls/sys_exit_openat: no such tracepoint$"):
        load(FakeSetup(unattachable=("on_sys_exit", FIRST)), ("open",))


def test_a_part_that_can_be_done_without(load):
    """The ring's tracepoints of older kernels are tried, and then what is not seen is reported."""
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
        AttachError, match=r"^cannot observe open events by tracepoint on this kernel: .*tracefs can't be used"
    ):
        load(FakeSetup(), ("open",), method="tracepoint")


def test_a_hook_without_the_forced_method_keeps_its_own(load):
    probe, _ = load(FakeSetup(), ("fork", "open"), method="tracepoint")
    assert probe.attached["on_fork"] == []
