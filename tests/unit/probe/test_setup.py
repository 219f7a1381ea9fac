"""Opening the probe's object and filling its sets; nothing here reaches the kernel."""

import struct
from contextlib import closing
from unittest.mock import Mock

import pytest

from onlooker import Monitor
from onlooker.errors import LibbpfError, LoadError, OnlookerError
from onlooker.events import DEFAULT_EVENTS, PROBE_REASONS, TASK_EVENTS, layouts
from onlooker.filters import Filter
from onlooker.probe import _libbpf, setup
from onlooker.probe.setup import BACKLOG, BATCH_BYTES, DEFAULT_RING_BYTES, FEW_COMMS, LONGEST_RECORD_BYTES, Setup
from onlooker.probe.syscalls import table
from onlooker.schema import wire

from .fake_probe import FakeProbe

EVERYTHING = Setup(Filter(), DEFAULT_RING_BYTES, resolve=True)
MANY_NAMES = [f"other-{i}" for i in range(FEW_COMMS)]


@pytest.mark.parametrize("by_sys_exit", [(), ("open",), ("open", "exec")])
def test_the_built_object_takes_its_configuration(by_sys_exit):
    wanted = Filter.of(comm=["a", "b*"], pid=range(1, 500), uid=[0], failed=True)
    probe = Setup(wanted, DEFAULT_RING_BYTES, resolve=True).open(by_sys_exit, ())
    assert "on_sys_exit" in probe.programs
    probe.close()


@pytest.fixture
def configured(monkeypatch):
    """`configured(setup, by_sys_exit, by_call_exit)`: the probe's settings."""
    probe = Mock(wire_version=wire.version(layouts(), PROBE_REASONS))
    monkeypatch.setattr(_libbpf, "Probe", lambda image: probe)

    def run(setup, by_sys_exit=(), by_call_exit=()):
        assert setup.open(by_sys_exit, by_call_exit) is probe
        return probe.configure.call_args.kwargs

    return run


@pytest.mark.parametrize(
    ("by_sys_exit", "kinds"), [((), 0), (("open",), 1 << 4), (("exec",), 1 << 2), (("open", "exec"), 1 << 4 | 1 << 2)]
)
def test_which_events_the_shared_program_reports(configured, by_sys_exit, kinds):
    assert configured(EVERYTHING, by_sys_exit)["kinds_by_sys_exit"] == kinds
    assert configured(EVERYTHING, by_sys_exit)["kinds_by_call_exit"] == 0
    assert configured(EVERYTHING, (), by_sys_exit)["kinds_by_call_exit"] == kinds


@pytest.mark.parametrize("resolve", [True, False])
def test_whether_files_are_looked_up(configured, resolve):
    assert configured(Setup(Filter(), DEFAULT_RING_BYTES, resolve))["resolve_paths"] is resolve


@pytest.mark.parametrize(("given", "kept"), [((), 256 << 10), ((0,), 0), ((4096,), 4096)])
def test_how_much_of_arguments_is_kept(configured, given, kept):
    assert configured(Setup(Filter(), DEFAULT_RING_BYTES, True, *given))["argv_bytes"] == kept


def test_only_calls_of_the_wanted_events_are_in_the_table(configured):
    assert configured(EVERYTHING)["calls"] == table(DEFAULT_EVENTS)
    opens = Setup(Filter.of(events=["open"]), DEFAULT_RING_BYTES, resolve=True)
    assert configured(opens)["calls"] == table(["open"]) != table(DEFAULT_EVENTS)


def test_knobs_say_what_restricts(configured):
    def knobs(**wanted):
        found = configured(Setup(Filter.of(**wanted), DEFAULT_RING_BYTES, resolve=True))
        return {name for name in ("by_comm", "by_pid", "by_uid", "failed", "threads") if found[name]}

    assert knobs() == set()
    assert [knobs(comm=["a"]), knobs(pid=[1]), knobs(uid=[0])] == [{"by_comm"}, {"by_pid"}, {"by_uid"}]
    assert knobs(failed=True, threads=True) == {"failed", "threads"}


def test_a_table_of_calls_of_another_size_is_refused(monkeypatch):
    monkeypatch.setattr(setup, "table", lambda events: table(events)[:-2])
    with pytest.raises(LibbpfError, match="object file is damaged") as caught:
        EVERYTHING.open((), ())
    assert "the object's .rodata.calls has another size" in str(caught.value.__cause__)


def test_a_probe_of_another_build_is_refused(monkeypatch):
    monkeypatch.setattr(wire, "version", lambda *_: 1)
    with pytest.raises(LibbpfError) as caught:
        EVERYTHING.open((), ())
    assert str(caught.value) == "the probe's object file and the Python part come from different builds"
    assert caught.value.hint == "make build, or: pip install --force-reinstall ."


@pytest.mark.parametrize(("has", "name"), [(True, "monitor.bpf.o"), (False, "monitor.older.bpf.o")])
def test_the_object_is_chosen_by_what_the_kernel_has(monkeypatch, configured, has, name):
    images = []
    monkeypatch.setattr(setup.kernel, "btf_has", {"bpf_rdonly_cast": has}.__getitem__)
    monkeypatch.setattr(setup.Path, "read_bytes", lambda path: images.append(path.name) or b"")
    configured(EVERYTHING)
    assert images == [name]


@pytest.mark.parametrize("name", [setup.OBJECT, setup.OLDER_OBJECT], ids=lambda path: path.name)
def test_both_objects_are_of_this_build(name):
    image = name.read_bytes()
    with closing(_libbpf.Probe(image)) as probe:
        assert probe.wire_version == wire.version(layouts(), PROBE_REASONS)
    assert (b"bpf_rdonly_cast\0" in image) is (name == setup.OBJECT)


def test_a_missing_object(monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "object_file", lambda: tmp_path / "monitor.bpf.o")
    with pytest.raises(LibbpfError, match="object file is missing") as caught:
        EVERYTHING.open((), ())
    assert "make build" in caught.value.hint


@pytest.mark.parametrize("image", [b"", b"\x7fELF", b"no object" * 100])
def test_a_broken_object(monkeypatch, tmp_path, image):
    (tmp_path / "monitor.bpf.o").write_bytes(image)
    monkeypatch.setattr(setup, "object_file", lambda: tmp_path / "monitor.bpf.o")
    with pytest.raises(LoadError, match=r"^the probe's object file can't be read: "):
        EVERYTHING.open((), ())


@pytest.mark.parametrize("name", [b".rodata.wire", b".rodata.config", b"ring", b"comms", b"on_exit"])
def test_a_damaged_object(monkeypatch, tmp_path, name):
    image = setup.OBJECT.read_bytes()
    assert b"\0" + name + b"\0" in image
    (tmp_path / "monitor.bpf.o").write_bytes(image.replace(name + b"\0", b"\xff" + name[1:] + b"\0"))
    monkeypatch.setattr(setup, "object_file", lambda: tmp_path / "monitor.bpf.o")
    with pytest.raises(OnlookerError, match=r"^the probe's object file (is damaged|can't be read: .*)$"):
        EVERYTHING.open((), ())


def test_a_closed_probe_says_so():
    probe = EVERYTHING.open((), ())
    probe.close()
    probe.close()
    with pytest.raises(ValueError, match="closed"):
        probe.load(())


def test_an_unknown_map_or_program():
    probe = EVERYTHING.open((), ())
    with pytest.raises(KeyError, match="nonsense"):
        probe.size_map("nonsense", 1)
    with pytest.raises(KeyError, match="nonsense"):
        probe.attach("nonsense")
    probe.close()


def filled(**wanted):
    probe = FakeProbe()
    Setup(Filter.of(**wanted), 1 << 20, resolve=True).fill(probe)
    return probe.calls


def test_it_gets_ready_to_read():
    ring = ("ring", 1 << 20, BATCH_BYTES, LONGEST_RECORD_BYTES, BACKLOG << 20)
    assert filled() == [("run", "identify"), ring, ("losses", 1 + len(TASK_EVENTS), 5)]


def test_ids():
    assert filled(pid=[1, 2**31 - 1], uid=[0])[:3] == [
        ("pids", struct.pack("=I", 1), b"\1"),
        ("pids", b"\xff\xff\xff\x7f", b"\1"),
        ("uids", b"\0" * 4, b"\1"),
    ]


@pytest.mark.parametrize(
    ("pattern", "bits", "name"),
    [
        ("cat", 32, b"cat"),  # with its NUL, so that "cats" does not match
        ("cat*", 24, b"cat"),
        ("*", 0, b""),
        ("a" * 15, 128, b"a" * 15),
        ("a" * 15 + "*", 120, b"a" * 15),
        ("a" * 20, 128, b"a" * 15),
    ],
)
def test_a_name_is_a_prefix_of_so_many_bits(configured, pattern, bits, name):
    """Of the trie where there are many names, else in the mask beside it."""
    found = filled(comm=[pattern, *MANY_NAMES])
    assert found[0] == ("comms", struct.pack("=I", bits) + name.ljust(16, b"\0"), b"\1")
    assert len([update for update in found if update[0] == "comms"]) == FEW_COMMS + 1

    few = configured(Setup(Filter.of(comm=[pattern]), DEFAULT_RING_BYTES, resolve=True))
    names, masks = few["few_comms"][: 16 * FEW_COMMS], few["few_comms"][16 * FEW_COMMS :]
    assert few["few_comms_count"] == 1
    assert (names[:16], masks[:16]) == (name.ljust(16, b"\0"), (b"\xff" * (bits // 8)).ljust(16, b"\0"))
    assert not any(names[16:]) and not any(masks[16:])


@pytest.mark.parametrize(("count", "few"), [(0, 0), (1, 1), (FEW_COMMS, FEW_COMMS), (FEW_COMMS + 1, 0)])
def test_many_names_go_into_the_trie(configured, count, few):
    wanted = Filter.of(comm=[f"name{i}" for i in range(count)])
    found = configured(Setup(wanted, DEFAULT_RING_BYTES, resolve=True))
    assert (found["few_comms_count"], found["by_comm"]) == (few, count > 0)
    updates = filled(comm=[f"name{i}" for i in range(count)])
    assert len([update for update in updates if update[0] == "comms"]) == (0 if few else count)


def test_sizes_make_sense():
    assert setup.SMALLEST_RING_BYTES <= DEFAULT_RING_BYTES <= setup.LARGEST_RING_BYTES
    assert LONGEST_RECORD_BYTES < setup.SMALLEST_RING_BYTES
    for size in (setup.SMALLEST_RING_BYTES, DEFAULT_RING_BYTES, setup.LARGEST_RING_BYTES):
        assert Monitor(buffer_bytes=size)
    assert setup.WATERMARK_BYTES & setup.WATERMARK_BYTES - 1 == 0
