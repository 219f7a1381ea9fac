"""What the built object hooks, and what it remembers between two runs: nothing that could change from one kernel to the
next, be misread or pile up.
"""

import re

import pytest

from onlooker.probe._libbpf import Probe
from onlooker.probe.attach import METHODS, TABLE
from onlooker.probe.setup import OBJECT, OLDER_OBJECT

HASH, LRU_HASH, LRU_PERCPU_HASH, LPM_TRIE = 1, 9, 10, 11  # enum bpf_map_type, include/uapi/linux/bpf.h
NO_PREALLOC, RDONLY_PROG = 1, 128  # the same
SET_BY_THE_LOADER = {"comms", "pids", "uids"}
SYSTEM_CALL = r"__(x64|ia32|ia32_compat|arm64|arm64_compat)_sys_\w+"


@pytest.fixture(scope="module", params=[OBJECT, OLDER_OBJECT], ids=lambda path: path.name)
def probe(request):
    """Each of the package's object files; reading them needs no root."""
    probe = Probe(request.param.read_bytes())
    yield probe
    probe.close()


@pytest.fixture
def maps(probe):
    """The type and the flags of each map."""
    return {name: (map_type, flags) for name, map_type, *_, flags in probe.maps}


def test_only_calls_and_functions_beside_tracepoints_are_hooked(probe):
    """Others get new names and signatures, and some return an error as a pointer that must not be followed; a system
    call returns a number, and its name stays. Where others are entered, their parameters are compared with the kernel's
    type information, and tracepoints take their place.
    """
    candidates = [each for hook in TABLE for each in hook.candidates if each.method == METHODS["kprobe"]]
    entered = [each for each in candidates if "on_call_return" not in each.programs]
    assert entered
    for candidate in entered:
        [(program, [function])] = candidate.programs.items()
        assert program == f"on_{function}"
        assert [each.name for each in candidate.needs if each.parameters] == [function]
    functions = {program for candidate in entered for program in candidate.programs}
    assert {name for name, section in probe.programs.items() if section == "kprobe.multi"} == functions
    assert [name for name, section in probe.programs.items() if section == "kretprobe.multi"] == ["on_call_return"]
    others = [section for section in probe.programs.values() if not section.endswith("probe.multi")]
    assert others
    assert all(re.fullmatch(rf"tp|raw_tp|tp_btf/\w+|iter/task|fexit/{SYSTEM_CALL}", section) for section in others)


def test_both_objects_are_alike():
    one, other = (Probe(path.read_bytes()) for path in (OBJECT, OLDER_OBJECT))
    assert one.programs == other.programs
    assert one.maps == other.maps


def test_no_map_forgets(maps):
    """An LRU map makes room by forgetting what is not over: an ordinary process can fill it, and what it does then is
    missing, and not counted.
    """
    assert maps.keys() > SET_BY_THE_LOADER
    assert not {name for name, (map_type, _) in maps.items() if map_type in (LRU_HASH, LRU_PERCPU_HASH)}


def test_what_programs_add_to_takes_memory_as_needed(maps):
    added = {
        name: flags for name, (map_type, flags) in maps.items() if map_type == HASH and name not in SET_BY_THE_LOADER
    }
    whole = [added.pop(name) & NO_PREALLOC for name in ("tree", "executed", "unsettled")]
    assert not any(whole)  # bpf/filter/process_set.h says why
    assert added == dict.fromkeys(("exited", "ring_changes", "ring_opens", "ring_reported", "rings"), NO_PREALLOC)


def test_programs_can_only_read_the_sets_of_the_loader(maps):
    """The kernel refuses a program that would write to them."""
    assert all(maps[name][1] & RDONLY_PROG for name in SET_BY_THE_LOADER)
    assert {maps[name][0] for name in SET_BY_THE_LOADER} == {HASH, LPM_TRIE}
