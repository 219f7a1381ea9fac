"""The attach table, against the programs that were built."""

import pytest

from onlooker.events import TASK_EVENTS
from onlooker.probe._libbpf import Probe
from onlooker.probe.attach import METHODS, TABLE, TRACEPOINTS, hooks
from onlooker.probe.setup import OBJECT
from onlooker.probe.syscalls import functions_of, native_calls

CANDIDATES = [(hook, candidate) for hook in TABLE for candidate in hook.candidates]


@pytest.fixture(scope="module")
def built():
    """The programs in the package's object file; reading them needs no root."""
    probe = Probe(OBJECT.read_bytes())
    yield probe.programs
    probe.close()


def test_every_program_of_the_table_is_built(built):
    assert {program for _, candidate in CANDIDATES for program in candidate.programs} <= set(built)


def test_every_built_program_is_in_the_table(built):
    assert set(built) - {program for _, candidate in CANDIDATES for program in candidate.programs} == {"identify"}


def test_every_event_has_a_hook():
    assert list(dict.fromkeys(hook.event for hook in TABLE)) == list(TASK_EVENTS)


def test_only_a_part_of_an_event_can_be_done_without():
    missed = {(hook.event, hook.purpose): hook.missed for hook in TABLE if hook.missed}
    assert missed == {("open", "io_uring"): "files opened through io_uring"}


def test_a_hook_is_named_by_its_event_and_purpose():
    assert len({(hook.event, hook.purpose) for hook in TABLE}) == len(TABLE)
    assert {hook.outcome for hook in TABLE} == {"success", "failure", "both"}


@pytest.mark.parametrize(("hook", "candidate"), CANDIDATES, ids=lambda each: getattr(each, "event", ""))
def test_a_candidate_says_why_and_has_a_method_that_can_be_forced(hook, candidate):
    assert candidate.why
    assert candidate.programs
    assert candidate.method in METHODS.values()
    assert any(candidate.programs.values()) == (candidate.method == METHODS["tracepoint"])
    assert bool(candidate.blind) == (candidate.method == METHODS["tracepoint"])


@pytest.mark.parametrize("event", ["exec", "open"])
def test_what_sees_all_system_calls_is_preferred(event):
    [hook] = [hook for hook in TABLE if hook.event == event and hook.outcome != "success" and not hook.missed]
    assert [candidate.method for candidate in hook.candidates] == list(METHODS.values())
    raw, functions, tracepoints = hook.candidates
    assert (raw.programs, raw.blind) == ({"on_sys_exit": ()}, "")
    native, compat = ([f"on{function}" for function in each] for each in functions_of(event))
    assert tuple(functions.programs) == (*native, *compat)
    assert (functions.compat, functions.blind) == (frozenset(compat), "")
    assert tracepoints.programs == {"on_call_exit": tuple(f"syscalls/sys_exit_{call}" for call in native_calls(event))}
    assert (tracepoints.blind, tracepoints.since) == ("32-bit system calls", (6, 7))
    assert "may skip" in tracepoints.flaw


def test_no_candidate_of_a_hook_is_there_twice():
    for hook in TABLE:
        sets = {frozenset(candidate.programs) for candidate in hook.candidates}
        assert len(sets) == len(hook.candidates), hook


def test_tracepoints():
    assert tuple(sorted(TRACEPOINTS)) == TRACEPOINTS
    assert {f"syscalls/sys_exit_{call}" for call in native_calls("exec") + native_calls("open")} == set(TRACEPOINTS)
    assert len(TRACEPOINTS) >= 5


@pytest.mark.parametrize(
    ("events", "failed", "needed"),
    [
        (("fork",), False, ["fork creation"]),
        (("open",), False, ["open success and failure", "open io_uring"]),
        (("exec",), False, ["exec success", "exec failure"]),
        (("exec",), True, ["exec failure"]),
        (("fork", "exit"), True, ["exit end"]),
        (("open", "fork"), False, ["fork creation", "open success and failure", "open io_uring"]),
        (tuple(TASK_EVENTS), True, ["exec failure", "exit end", "open success and failure", "open io_uring"]),
    ],
)
def test_hooks_that_are_needed(events, failed, needed):
    assert [f"{hook.event} {hook.purpose}" for hook in hooks(events, failed=failed)] == needed
