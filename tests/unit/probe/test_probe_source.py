"""What the probe hooks, and what it remembers between two runs, read from its source: nothing that could change from
one kernel to the next, be misread, pile up or get mixed up.
"""

import re
from collections import Counter
from pathlib import Path

from onlooker.filters import Filter
from onlooker.probe.attach import METHODS, TABLE
from onlooker.probe.setup import DEFAULT_RING_BYTES, Setup

BPF = Path(__file__).parents[3] / "bpf"
DEFINITION = re.compile(r"struct \{\s*__uint\(type, BPF_MAP_TYPE_(\w+)\);[^}]*\} (\w+) SEC\(\"\.maps\"\)")
SOURCE = "\n".join(path.read_text() for path in sorted(BPF.rglob("*.h")))
MAPS = {name: kind for kind, name in DEFINITION.findall(SOURCE)}


def test_only_calls_and_functions_beside_tracepoints_are_hooked():
    """Others get new names and signatures, and some return an error as a pointer that must not be followed; a system
    call returns a number, and its name stays. Where others are entered, their parameters are compared with the kernel's
    type information, and tracepoints take their place.
    """
    hooks = re.findall(r'SEC\("((?:fentry|fexit|fmod_ret|kprobe|kretprobe|ksyscall|lsm|iter)[^"]*)"(.*)\)', SOURCE)
    probes = [candidate for hook in TABLE for candidate in hook.candidates if candidate.method == METHODS["kprobe"]]
    entries = [candidate for candidate in probes if "on_call_return" not in candidate.programs]
    assert len(entries) == 3
    for candidate in entries:
        [(program, [function])] = candidate.programs.items()
        assert program == f"on_{function}"
        assert f'SEC("kprobe.multi")\nint {program}(struct pt_regs *ctx)' in SOURCE
        assert [each.name for each in candidate.needs if each.parameters] == [function]
    hooks = Counter((hook, rest.strip(" \\")) for hook, rest in hooks)
    assert hooks == {("fexit/", "#function"): 1, ("kretprobe.multi", ""): 1, ("kprobe.multi", ""): len(entries)}
    functions = re.findall(r"^ON_RETURN\((\w+), KIND_\w+\)$", SOURCE, re.MULTILINE)
    assert len(functions) == SOURCE.count("ON_RETURN(") - 1 > 20
    assert all(re.fullmatch(r"__(x64|ia32|ia32_compat|arm64|arm64_compat)_sys_\w+", each) for each in functions)


def test_every_map_is_found():
    assert len(MAPS) == SOURCE.count('SEC(".maps")') == SOURCE.count("BPF_MAP_TYPE_") > 5


def test_no_map_forgets():
    """An LRU map makes room by forgetting what is not over: an ordinary process can fill it, and what it does then is
    missing, and not counted. Asked of the object that is loaded, not of the source.
    """
    probe = Setup(Filter(), DEFAULT_RING_BYTES, resolve=True).open((), ())
    kinds = {name: kind for name, kind, *_ in probe.maps}
    probe.close()
    assert kinds.keys() > MAPS.keys()
    lru = {9, 10}  # BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH: include/uapi/linux/bpf.h
    assert not {name for name, kind in kinds.items() if kind in lru}


def test_what_programs_add_to_takes_memory_as_needed_and_is_emptied_by_them():
    added = set(re.findall(r"bpf_map_update_elem\(&(\w+)", SOURCE))
    assert added == {"exited", "ring_opens", "ring_reported", "rings"}
    assert len(re.findall(r"bpf_map_update_elem\(&", SOURCE)) == SOURCE.count("bpf_map_update_elem(")
    for name in added:
        assert MAPS[name] == "HASH"
        [definition] = [text for text in DEFINITION.finditer(SOURCE) if text[2] == name]
        assert "__uint(map_flags, BPF_F_NO_PREALLOC);" in definition[0]
        assert f"bpf_map_delete_elem(&{name}, " in SOURCE


def test_the_loader_s_sets_are_only_read():
    for name in ("comms", "pids", "uids"):
        assert re.findall(rf"bpf_map_(\w+)\(&{name}\b", SOURCE) == ["lookup_elem"]


def test_a_cpu_s_memory_is_given_back():
    """Programs interrupt each other on one cpu, so each takes memory that nobody is using, and gives it back before it
    returns.
    """
    assert [name for name, kind in MAPS.items() if kind == "PERCPU_ARRAY"] == ["scratches"]
    bodies = re.findall(r"^\w[^;{}]*\)\n\{\n(.*?)^\}", SOURCE, re.MULTILINE | re.DOTALL)
    # take_for_call takes it for the callers of begin_file_call, and end_file_call gives it back for them
    takers = [body for body in bodies if re.search(r" = (take_scratch|begin_file_call)\(", body)]
    assert len(takers) == SOURCE.count(" = take_scratch(") + SOURCE.count(" = begin_file_call(") > 2
    for body in takers:
        if "return slot;" in body:
            continue
        assert re.search(r" = (take_scratch|begin_file_call)\([^;]*\);\s*if \(!\w+\)\s*(return|goto)\b", body), body
        assert len(re.findall(r"release_scratch\(scratch\);|return end_file_call\(scratch, ", body)) == 1, body
