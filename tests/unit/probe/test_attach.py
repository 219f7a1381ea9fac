"""The attach table, against the programs that were built."""

import pytest

from onlooker.events import DEFAULT_EVENTS, TASK_EVENTS
from onlooker.probe import chooser, kernel
from onlooker.probe._libbpf import MOST_LINKS, Probe
from onlooker.probe.attach import (
    EVENT,
    EXECUTED,
    FOLLOWED,
    METHODS,
    OPTIONAL,
    PROBE,
    TABLE,
    TRACEPOINTS,
    hooks,
    is_sys_exit,
)
from onlooker.probe.chooser import Chooser
from onlooker.probe.setup import OBJECT, OLDER_OBJECT
from onlooker.probe.syscalls import functions_of, native_calls

CANDIDATES = [(hook, candidate) for hook in TABLE for candidate in hook.candidates]


@pytest.fixture(scope="module", params=[OBJECT, OLDER_OBJECT], ids=lambda path: path.name)
def built(request):
    """The programs in each of the package's object files; reading them needs no root."""
    probe = Probe(request.param.read_bytes())
    yield probe.programs
    probe.close()


def test_every_program_of_the_table_is_built(built):
    assert {program for _, candidate in CANDIDATES for program in candidate.programs} <= set(built)


def test_every_built_program_is_in_the_table(built):
    assert set(built) - {program for _, candidate in CANDIDATES for program in candidate.programs} == {
        "identify",
        "adopt",
        "gather",
        "list_processes",
        "decide",
    }


def test_every_event_has_a_hook():
    assert list(dict.fromkeys(hook.event for hook in TABLE)) == list(TASK_EVENTS)


def test_only_a_part_of_an_event_can_be_done_without():
    missed = {(hook.event, hook.purpose): hook.missed for hook in TABLE if hook.missed}
    assert missed.pop(("open", "io_uring")) == "files opened through io_uring"
    assert missed.keys() == {(event, "io_uring") for event in ("rename", "unlink", "rmdir", "mkdir", "link", "symlink")}
    assert all(each.endswith("through io_uring") for each in missed.values())


def test_a_hook_is_named_by_its_event_and_purpose():
    assert len({(hook.event, hook.purpose) for hook in TABLE}) == len(TABLE)
    assert {hook.outcome for hook in TABLE} == {"success", "failure", "both"}


@pytest.mark.parametrize(("hook", "candidate"), CANDIDATES, ids=lambda each: getattr(each, "event", ""))
def test_a_candidate_says_why_and_how(hook, candidate):
    assert candidate.why
    assert candidate.programs
    assert candidate.method in (*METHODS.values(), EVENT)
    assert any(candidate.programs.values()) == (candidate.method in (METHODS["tracepoint"], METHODS["kprobe"], EVENT))
    sees_all = candidate.method == METHODS["raw"] or bool(candidate.needs)
    assert bool(candidate.blind) == (not sees_all)


FUNCTIONS = {
    event: [[f"on{function}" for function in functions] for functions in functions_of(event)]
    for event in ("exec", "open")
}


@pytest.mark.parametrize("event", FUNCTIONS)
def test_programs_for_single_calls_are_those_of_the_calls(event):
    [hook] = [hook for hook in TABLE if hook.event == event and hook.outcome != "success" and not hook.missed]
    native, compat = FUNCTIONS[event]
    by_method = {candidate.method: candidate for candidate in hook.candidates if not candidate.needs}
    functions, tracepoints = by_method[METHODS["fexit"]], by_method[METHODS["tracepoint"]]
    assert (list(functions.programs), functions.compat) == ([*native, *compat], frozenset(compat))
    assert tracepoints.programs == {"on_call_exit": tuple(f"syscalls/sys_exit_{call}" for call in native_calls(event))}
    assert (tracepoints.blind, tracepoints.unflawed_with.name) == ("32-bit system calls", "bpf_link_info")
    assert "may skip" in tracepoints.flaw
    assert hook.candidates[-1] == tracepoints  # it does not see all


ENDS = ("on_ring_failed", "on_ring_cancel", "on_ring_overflow", "on_ring_create")
RINGS = {
    "": (),
    "old": ("on_ring_submit_old", "on_ring_complete_old", *ENDS),
    "between": ("on_ring_submit", "on_ring_complete_old", *ENDS),
    "new": ("on_ring_submit", "on_ring_complete", *ENDS),
    "events": (
        *(f"on_ring_{part}_event" for part in ("submit", "complete", "cancel", "overflow", "create")),
        "on_ring_failed",
    ),
}
FAILURES = {"io_uring_req_failed": 3, "io_uring_fail_link": 2}
# what the type information of real kernels says: the number of arguments of tracepoints
BEFORE_5_18 = {"sched_process_exit": 1, "io_uring_submit_sqe": 7, "io_uring_complete": 4}
SINCE_6_0 = {
    "sched_process_exit": 1,
    "io_uring_submit_sqe": 2,
    "io_uring_complete": 7,
    "io_uring_cqe_overflow": 5,
} | FAILURES
SINCE_6_3 = {
    "sched_process_exit": 1,
    "io_uring_submit_req": 1,
    "io_uring_complete": 7,
    "io_uring_cqe_overflow": 5,
} | FAILURES
SINCE_6_16 = {
    "sched_process_exit": 2,
    "io_uring_submit_req": 1,
    "io_uring_complete": 3,
    "io_uring_cqe_overflow": 5,
} | FAILURES


FAULTABLE = "trace_call_bpf_faultable"
IS_SRCU = "tp_transition_snapshot.srcu_gp"
PARAMETERS = {
    "wake_up_new_task": ("task_struct*",),
    "finalize_exec": ("linux_binprm*",),
    "taskstats_exit": ("task_struct*", "int"),
}
TRACED = {"fork": ("on_fork", "on_worker"), "exec": ("on_exec",), "exit": ("on_exit",)}
ENTERED = {"fork": ("on_wake_up_new_task",), "exec": ("on_finalize_exec",), "exit": ("on_taskstats_exit",)}
OLD = TRACED | {"exit": ("on_exit_old", "on_reaped")}


@pytest.mark.parametrize(
    ("arguments", "lacks", "opens", "tasks", "ring"),
    [
        pytest.param(BEFORE_5_18, [FAULTABLE, IS_SRCU, "fprobe_hlist"], "on_sys_exit", OLD, "", id="5.10"),
        pytest.param(
            {"sched_process_exit": 1}, [FAULTABLE, IS_SRCU, "fprobe_hlist"], "on_sys_exit", OLD, "", id="RHEL 8"
        ),
        pytest.param(SINCE_6_0, [FAULTABLE, IS_SRCU, "fprobe_hlist"], "on_sys_exit", OLD, "old", id="6.1"),
        pytest.param(SINCE_6_3, [FAULTABLE, IS_SRCU, "fprobe_hlist"], "on_sys_exit", OLD, "between", id="6.6"),
        pytest.param(
            SINCE_6_3, [FAULTABLE, IS_SRCU], "on_sys_exit", TRACED | {"exit": ENTERED["exit"]}, "between", id="6.15"
        ),
        pytest.param(SINCE_6_16, [FAULTABLE, IS_SRCU], "on_sys_exit", TRACED, "new", id="6.18"),
        pytest.param(SINCE_6_16, [FAULTABLE], "on_sys_exit", ENTERED, "events", id="7.0"),
        pytest.param(SINCE_6_16, [], "on_call_return", ENTERED, "events", id="7.2"),
        pytest.param(SINCE_6_16, ["fprobe_hlist"], "on_call_exit", TRACED, "events", id="7.2 without fprobe"),
        pytest.param(
            SINCE_6_16,
            ["taskstats_exit"],
            "on_call_return",
            ENTERED | {"exit": TRACED["exit"]},
            "events",
            id="7.2 without taskstats",
        ),
    ],
)
@pytest.mark.parametrize("release", ["2.6.78", "4.18.0-553.el8.x86_64", "9.9.9"])
def test_what_is_preferred_goes_by_what_the_kernel_has(monkeypatch, arguments, lacks, opens, tasks, ring, release):
    monkeypatch.setattr(kernel, "release", lambda: release)
    monkeypatch.setattr(kernel, "btf_has", lambda name: name not in lacks)
    monkeypatch.setattr(kernel, "has_member", lambda name, member: f"{name}.{member}" not in lacks)
    monkeypatch.setattr(kernel, "parameters", lambda name: None if name in lacks else PARAMETERS[name])
    monkeypatch.setattr(kernel, "tracepoints", lambda: arguments)
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: (dict.fromkeys(names, 23), "tracefs"))
    chosen = Chooser(hooks(tuple(TASK_EVENTS), failed=False)).choose()
    found = {(hook.event, hook.purpose): tuple(candidate.programs) for hook, candidate in chosen}
    for event, purpose in (("open", "success and failure"), ("exec", "failure")):
        compat = FUNCTIONS[event][1] if opens == "on_call_exit" else []
        assert found[event, purpose] == (opens, *compat)
    for event, purpose in (("fork", "creation"), ("exec", "success"), ("exit", "end")):
        assert found[event, purpose] == tasks[event]
    assert found["open", "io_uring"] == RINGS[ring]
    blind = {candidate.blind for _, candidate in chosen} - {""}
    assert ("32-bit system calls" in blind) == (opens == "on_call_exit")
    assert ("files opened through io_uring" in blind) == (not ring)


@pytest.mark.parametrize(
    ("method", "tasks"), [("raw", TRACED), ("kprobe", ENTERED), ("tracepoint", ENTERED), ("fexit", ENTERED)]
)
def test_what_can_not_be_forced_is_as_without(monkeypatch, method, tasks):
    monkeypatch.setattr(kernel, "btf_has", lambda name: True)
    monkeypatch.setattr(kernel, "has_member", lambda name, member: True)
    monkeypatch.setattr(kernel, "parameters", PARAMETERS.get)
    monkeypatch.setattr(kernel, "tracepoints", lambda: SINCE_6_16)
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: (dict.fromkeys(names, 1), "here"))
    chosen = Chooser(hooks(("fork", "exec", "exit"), failed=False), method).choose()
    assert {hook.event: tuple(c.programs) for hook, c in chosen if hook.purpose != "failure"} == tasks


def test_return_probes_are_at_every_function_of_the_calls_and_at_what_seccomp_answers():
    by_event = {
        hook.event: candidate.programs["on_call_return"]
        for hook, candidate in CANDIDATES
        if "on_call_return" in candidate.programs
    }
    assert set(by_event) == set(TASK_EVENTS) - {"fork", "exit"}
    for event, functions in by_event.items():
        native, compat = functions_of(event)
        assert functions == (*native, *compat, "__secure_computing")
        assert len(native) == len(native_calls(event))


def test_functions_that_a_kernel_may_be_without():
    newer = {"fchmodat2", "setxattrat", "removexattrat"}
    functions = {f"__{abi}_sys_{call}" for call in newer for abi in ("x64", "ia32")}
    assert functions | {"__secure_computing"} == OPTIONAL


def test_the_one_program_for_all_calls():
    names = {program for _, candidate in CANDIDATES if is_sys_exit(candidate) for program in candidate.programs}
    assert names == {"on_sys_exit"}


def test_no_candidate_of_a_hook_is_there_twice():
    for hook in TABLE:
        sets = {
            (frozenset(candidate.programs), candidate.flawed_with, candidate.needs) for candidate in hook.candidates
        }
        assert len(sets) == len(hook.candidates), hook


def test_tracepoints():
    assert tuple(sorted(TRACEPOINTS)) == TRACEPOINTS
    calls = {call for event in TASK_EVENTS if event != "fork" for call in native_calls(event)}
    rings = {f"io_uring/io_uring_{name}" for name in ("submit_req", "complete", "fail_link", "cqe_overflow", "create")}
    assert {f"syscalls/sys_exit_{call}" for call in calls} | rings == set(TRACEPOINTS)
    assert len(TRACEPOINTS) >= 17


@pytest.mark.parametrize(
    ("events", "failed", "needed"),
    [
        (("fork",), False, ["fork creation"]),
        (("open",), False, ["open success and failure", "open io_uring"]),
        (("exec",), False, ["exec success", "exec failure"]),
        (("exec",), True, ["exec failure"]),
        (("fork", "exit"), True, ["exit end"]),
        (("open", "fork"), False, ["fork creation", "open success and failure", "open io_uring"]),
        (DEFAULT_EVENTS, True, ["exec failure", "exit end", "open success and failure", "open io_uring"]),
        (("rename", "chmod"), True, ["rename success and failure", "chmod success and failure", "rename io_uring"]),
    ],
)
def test_hooks_that_are_needed(events, failed, needed):
    assert [f"{hook.event} {hook.purpose}" for hook in hooks(events, failed=failed)] == needed


@pytest.mark.parametrize(
    ("events", "failed", "keeping", "needed"),
    [
        (("chmod",), False, [FOLLOWED], ["fork", "exit"]),
        (("chmod",), False, [EXECUTED], ["fork", "exec", "exit"]),
        (("exec",), True, [EXECUTED, FOLLOWED], ["fork", "exec", "exit"]),
        (("exec", "exit"), False, [EXECUTED], ["fork"]),
    ],
)
def test_hooks_that_keep_a_set(events, failed, keeping, needed):
    found = hooks(events, failed=failed, keeping=keeping)
    assert [hook.event for hook in found if hook.purpose == "to follow processes"] == needed
    assert set(events) <= {hook.event for hook in found if hook.purpose != "to follow processes"}


def links(candidate):
    """A program has one at each tracepoint; at functions, one for all of them."""
    return sum(1 if candidate.method == PROBE else len(places) or 1 for places in candidate.programs.values())


def test_a_probe_has_room_for_all_that_can_be_attached():
    assert 40 < sum(max(map(links, hook.candidates)) for hook in TABLE) <= MOST_LINKS
