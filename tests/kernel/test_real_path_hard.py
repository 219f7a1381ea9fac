"""Which file a path led to, where that is hard to say: mounts, roots, magic links, long ways, renames."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from onlooker import Monitor, Open
from onlooker.probe import kernel, live

from .commands import WATCH, watching
from .conftest import Workloads
from .mounts import detached, not_in_a_chroot, prepared
from .running import SLOWER, Process, collect, drain, run_workload

COUNT = 23
LONGEST = 4095  # bytes of a path without its NUL
BTF_HAS = kernel.btf_has
RACES = 50_023 // SLOWER
AT_FDCWD = -100
RESOLVE_BENEATH, RESOLVE_IN_ROOT = 0x08, 0x10


def attempt(
    monitor: Monitor,
    workloads: Workloads,
    path: str | bytes | Path,
    flags: int = 0,
    *,
    dirfd: int = AT_FDCWD,
    resolve: int = 0,
    under: Sequence[str] = (),
    succeeds: bool = True,
) -> Open:
    """Open a file once; by openat2(2), which can do what the others do."""
    words = ["openat2", "plain", dirfd, os.fsencode(path), flags, 0o600 if flags & os.O_TMPFILE else 0, resolve, 1]
    run = run_workload(monitor, workloads["open"], *words, under=under)
    [event] = run.opens()
    assert (event.errno is None) == succeeds, event
    assert os.fsencode(event.path) == os.fsencode(path)
    return event


def assert_is(event: Open, path: Path | str) -> None:
    """That the event tells of that file of this mount namespace."""
    found = os.stat(path)  # noqa: PTH116
    assert (event.real_path, event.file_state, event.cut) == (str(path), None, ())
    assert (event.device, event.inode) == (found.st_dev, found.st_ino)
    assert event.joined_path is None


@pytest.fixture
def tree(scratch: Path) -> Path:
    """One file and the ways to it."""
    (scratch / "a" / "b").mkdir(parents=True)
    (scratch / "a" / "b" / "file").write_text("text")
    (scratch / "link").symlink_to("a/b/file")
    (scratch / "away").symlink_to(f"{scratch}/a")
    (scratch / "a" / "up").symlink_to("/b/file")
    return scratch


@pytest.fixture
def directory(tree: Path) -> Iterator[int]:
    """A descriptor of `a`, which the workload inherits."""
    descriptor = os.open(tree / "a", os.O_PATH)
    os.set_inheritable(descriptor, True)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("path", ["b/file", "/b/file", "up", "../../../up"])
def test_in_a_root(monitor: Monitor, workloads: Workloads, tree: Path, directory: int, path: str) -> None:
    """openat2(2): the directory is "/" for that call."""
    event = attempt(monitor, workloads, path, dirfd=directory, resolve=RESOLVE_IN_ROOT)
    assert_is(event, tree / "a/b/file")


@pytest.mark.parametrize("path", ["/missing", "missing"])
def test_in_a_root_and_not_there(monitor: Monitor, workloads: Workloads, tree: Path, directory: int, path: str) -> None:
    event = attempt(monitor, workloads, path, dirfd=directory, resolve=RESOLVE_IN_ROOT, succeeds=False)
    assert (event.joined_path, event.real_path, event.inode) == (f"{tree}/a/missing", None, None)


def test_out_of_bounds(monitor: Monitor, workloads: Workloads, tree: Path, directory: int) -> None:
    """Put together as they are: what ".." leads to is not asked."""
    event = attempt(monitor, workloads, "../link", dirfd=directory, resolve=RESOLVE_BENEATH, succeeds=False)
    assert (event.errno, event.joined_path, event.cut) == ("EXDEV", f"{tree}/a/../link", ())


@not_in_a_chroot
@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "/"),
        ("///", "/"),
        ("/..", "/"),
        ("/proc/self/root", "/"),
        ("/proc/self/root/etc/passwd", "/etc/passwd"),
    ],
)
def test_the_root(monitor: Monitor, workloads: Workloads, path: str, file: str) -> None:
    assert_is(attempt(monitor, workloads, path), file)


def test_a_file_by_its_descriptor(monitor: Monitor, workloads: Workloads, tree: Path, directory: int) -> None:
    assert_is(attempt(monitor, workloads, f"/proc/self/fd/{directory}/b/file"), tree / "a/b/file")


@not_in_a_chroot
def test_a_bind_mount(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """The path is by the mount that was used; the device and the inode are the file's own."""
    (tree / "there").mkdir()
    under = prepared("mount --bind a/b there")
    event = attempt(monitor, workloads, "there/file", under=under)
    found = (tree / "a/b/file").stat()
    assert (event.real_path, event.file_state, event.cut) == (f"{tree}/there/file", None, ())
    assert (event.device, event.inode) == (found.st_dev, found.st_ino)
    assert attempt(monitor, workloads, "a/b/file", under=under).real_path == f"{tree}/a/b/file"


@not_in_a_chroot
def test_a_directory_on_itself(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """The mountpoint and the root of the mount are the same directory: as where a container's root is prepared."""
    event = attempt(monitor, workloads, "a/b/file", under=prepared("mount --bind a a; mount --bind a/b a/b; cd ."))
    assert (event.real_path, event.file_state, event.cut) == (f"{tree}/a/b/file", None, ())


@not_in_a_chroot
def test_a_bind_mount_of_a_file(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    (tree / "other").touch()
    event = attempt(monitor, workloads, "other", under=prepared("mount --bind a/b/file other"))
    assert (event.real_path, event.inode) == (f"{tree}/other", (tree / "a/b/file").stat().st_ino)


@not_in_a_chroot
def test_a_bind_mount_of_what_has_no_name(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """As ip-netns(8) keeps namespaces: there, it has a name."""
    (tree / "other").touch()
    event = attempt(monitor, workloads, "other", under=prepared("mount --bind /proc/self/ns/uts other"))
    assert (event.real_path, event.file_state, event.cut) == (f"{tree}/other", None, ())
    assert event.inode == Path("/proc/self/ns/uts").stat().st_ino
    event = attempt(monitor, workloads, "/proc/self/ns/uts")
    assert (event.file_state, event.inode) == ("pseudo", Path("/proc/self/ns/uts").stat().st_ino)


@not_in_a_chroot
def test_mounts_on_mounts(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """One below the other, and the last on top of another one."""
    mounts = "; ".join(
        f"mkdir -p {each}; mount -t tmpfs none {each}" for each in ("a/b", "a/b/c", "a/b/c/d", "a/b/c/d")
    )
    event = attempt(monitor, workloads, "away/b/c/d/file", under=prepared(f"{mounts}; touch a/b/c/d/file"))
    assert (event.real_path, event.file_state, event.cut) == (f"{tree}/a/b/c/d/file", None, ())


@not_in_a_chroot
def test_another_root(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """Paths begin at the monitor's own root, as its user sees them."""
    (tree / "jail").mkdir()
    under = [*prepared("mount --rbind / jail"), "chroot", "jail"]
    event = attempt(monitor, workloads, f"{tree}/link", under=under)
    assert (event.real_path, event.file_state, event.cut) == (f"{tree}/jail{tree}/a/b/file", None, ())
    failed = attempt(monitor, workloads, "/missing", under=under, succeeds=False)
    assert (failed.joined_path, failed.cut) == (f"{tree}/jail/missing", ())


@not_in_a_chroot
def test_a_root_of_other_mounts(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """Where the monitor's root is out of reach, they begin where the process's mounts do."""
    (tree / "new").mkdir()
    under = prepared(f"mount --rbind / new; cd new; pivot_root . .{tree}/a/b; cd /; umount -l .{tree}/a/b")
    event = attempt(monitor, workloads, f"{tree}/link", under=under)
    assert (event.real_path, event.file_state, event.cut) == (f"{tree}/a/b/file", None, ())
    failed = attempt(monitor, workloads, "/missing", under=under, succeeds=False)
    assert (failed.joined_path, failed.cut) == ("/missing", ())


def test_the_monitor_s_own_root(workloads: Workloads, tree: Path) -> None:
    """What is below it is shown as processes there see it."""
    (tree / "jail").mkdir()
    program = workloads.renamed("open")
    command = (*prepared('mount --rbind / jail; set -- chroot jail "$@"'), *WATCH)
    options = ["--filter", program.name, "--events", "open", "--output-format", "json"]
    with watching(*options, command=command) as monitor:
        under = ["nsenter", f"--target={monitor.process.pid}", "--mount", "--root", "--wd"]
        run = Process(program, "openat", "plain", AT_FDCWD, f"{tree}/link", 0, 0, 0, 1, under=under).wait()
        ended = monitor.end().assert_complete()
    assert run.code == 0
    paths = [json.loads(line).get("real_path") for line in ended.lines]
    assert paths[-1] == f"{tree}/a/b/file"
    assert not any((path or "").startswith(f"{tree}/jail") for path in paths)


def test_the_monitor_s_own_root_is_moved(workloads: Workloads, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0)
    program = workloads.renamed("open")
    root = os.open("/", os.O_DIRECTORY)
    found = []
    with Monitor(events=["open"], comm=[program.name]) as monitor:
        for own_root in (str(tree), "."):
            os.chroot(own_root)
            try:
                monitor.poll(0)
            finally:
                os.fchdir(root)
                os.chroot(".")
            run = Process(program, "openat", "plain", AT_FDCWD, f"{tree}/a/b/file", 0, 0, 0, 1).wait()
            run.events = drain(monitor)
            found += [event.real_path for event in run.opens()]
    os.close(root)
    assert found == ["/a/b/file", f"{tree}/a/b/file"]


@not_in_a_chroot
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR])
def test_an_overlay(monitor: Monitor, workloads: Workloads, tree: Path, flags: int) -> None:
    """The file is the overlay's, not one below it, also when it is copied up."""
    script = "mkdir l u m; touch l/file; mount -t tmpfs none u; mkdir u/u u/w"
    script += "; mount -t overlay -o lowerdir=l,upperdir=u/u,workdir=u/w none m"
    event = attempt(monitor, workloads, "m/file", flags, under=prepared(script))
    assert (event.real_path, event.file_state, event.cut) == (f"{tree}/m/file", None, ())


def test_a_mount_that_hangs_nowhere(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """open_tree(2), or a file system that was unmounted while somebody used it."""
    descriptor = detached(tree / "a")
    event = attempt(monitor, workloads, "b/file", dirfd=descriptor)
    os.close(descriptor)
    assert (event.real_path, event.file_state, event.cut) == ("/b/file", "detached", ())
    assert event.inode == (tree / "a/b/file").stat().st_ino


@pytest.mark.parametrize("path", ["c/file", "c/missing"])
def test_a_mount_that_was_taken_away(monitor: Monitor, workloads: Workloads, tree: Path, path: str) -> None:
    script = "mount -t tmpfs none a; mkdir a/c; touch a/c/file; exec 9< a; umount -l a"
    event = attempt(monitor, workloads, path, dirfd=9, under=prepared(script), succeeds=path == "c/file")
    if path == "c/file":
        assert (event.real_path, event.file_state, event.cut) == ("/c/file", "detached", ())
    else:
        assert (event.joined_path, event.cut) == ("/c/missing", ("joined_path",))


def test_a_file_that_was_moved_out_of_its_mount(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """getcwd(3) calls it unreachable: no way leads there from the root by that mount. What is given begins nowhere."""
    script = "mkdir m; mount --bind a m; cd m/b; mv ../../a/b ../../out"
    event = attempt(monitor, workloads, "file", under=prepared(script))
    assert (event.file_state, event.cut) == ("detached", ())
    assert event.real_path
    assert not event.real_path.startswith("/")
    assert f"{tree}/out/file".endswith(f"/{event.real_path}")
    assert event.inode == (tree / "out/file").stat().st_ino


def test_a_directory_that_was_removed(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    event = attempt(monitor, workloads, "missing", under=prepared("mkdir gone; cd gone; rmdir ../gone"), succeeds=False)
    assert (event.errno, event.cut) == ("ENOENT", ("joined_path",))


@pytest.mark.parametrize("name", [b"n" * 255, b"\xff\xfe" * 127, b"new\nline\x1b[31m", b"\\ "])
def test_every_byte_of_a_name(monitor: Monitor, workloads: Workloads, scratch: Path, name: bytes) -> None:
    os.close(os.open(name, os.O_CREAT))
    event = attempt(monitor, workloads, b"./" + name)
    assert event.real_path
    assert os.fsencode(event.real_path) == os.fsencode(scratch) + b"/" + name
    assert event.cut == ()


def test_fields_read_by_helper(workloads: Workloads, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As before Linux 6.2, and all programs load."""
    monkeypatch.setattr(kernel, "btf_has", lambda name: name != "bpf_rdonly_cast" and BTF_HAS(name))
    program = workloads.renamed("open")
    with Monitor(events=["all"], comm=[program.name]):
        pass
    with Monitor(events=["open"], comm=[program.name]) as monitor:
        run = run_workload(monitor, program, "openat", "plain", AT_FDCWD, "away/b/file", 0, 0, 0, COUNT)
    for event in run.opens():
        assert_is(event, tree / "a/b/file")


@pytest.fixture
def depths(scratch: Path) -> Iterator[Path]:
    """A directory for more directories in each other than Python can remove."""
    yield scratch
    os.chdir(scratch)
    subprocess.run(["rm", "-r", "--", *scratch.iterdir()], check=True)


def dive(names: Sequence[str]) -> None:
    """Make directories in each other, and go to the last one."""
    for name in names:
        os.mkdir(name)  # noqa: PTH102
        os.chdir(name)


@pytest.mark.parametrize(("length", "whole"), [(1, True), (2, True), (200, True), (200, False)])
def test_a_long_way(monitor: Monitor, workloads: Workloads, depths: Path, length: int, whole: bool) -> None:
    """As long as a path may be, it is whole, also where its names are many; of a longer one there is the end."""
    count, left = divmod(LONGEST + (not whole) - len(f"{depths}/missing"), length + 1)
    deep = ["d" * (length + left), *(["d" * length] * (count - 1))]
    dive(deep)
    Path("present").touch()
    event = attempt(monitor, workloads, "present")
    truth = "/".join([str(depths), *deep, "present"])
    assert len(truth) == LONGEST + (not whole)
    if whole:
        assert (event.real_path, event.cut) == (truth, ())
    else:
        assert event.cut == ("real_path",)
        assert event.real_path
        assert not event.real_path.startswith("/")
        assert truth.endswith(f"/{event.real_path}")
        assert len(event.real_path) > LONGEST - 256
    failed = attempt(monitor, workloads, "missing", succeeds=False)
    assert (failed.joined_path, failed.cut) == (truth.replace("present", "missing"), ())


def test_a_way_that_is_too_long(monitor: Monitor, workloads: Workloads, depths: Path) -> None:
    deep = ["d" * 255] * 20
    dive(deep)
    Path("file").touch()
    event = attempt(monitor, workloads, "file")
    assert (event.real_path, event.cut) == ("/".join([*deep[:15], "file"]), ("real_path",))
    assert attempt(monitor, workloads, "missing", succeeds=False).cut == ("joined_path",)


def test_renames_meanwhile(monitor: Monitor, workloads: Workloads, tree: Path) -> None:
    """No name is put together from two."""
    names = [tree / letter / (letter * 61) for letter in "ab"]
    for name in names:
        name.parent.mkdir(exist_ok=True)
    names[0].mkdir()
    (names[0] / "x").mkdir()
    (names[0] / "x/file").touch()
    descriptor = os.open(names[0] / "x", os.O_PATH)
    os.set_inheritable(descriptor, True)
    process = Process(workloads["open"], "openat", "plain", descriptor, "file", 0, 0, 0, RACES)
    os.close(descriptor)
    process.release()
    renames = 0
    while not process.ended():
        names[renames % 2].rename(names[1 - renames % 2])
        renames += 1
    run, [run.events] = collect(process, [monitor])
    assert renames > COUNT
    whole = [event.real_path for event in run.opens() if not event.cut]
    assert set(whole) == {f"{name}/x/file" for name in names}
    # a rename that loses its cpu can take so long that the probe gives the path up, and says so
    given_up = [(event.real_path, event.cut) for event in run.opens() if event.cut]
    assert set(given_up) <= {(None, ("real_path",))}
    assert len(given_up) < RACES / 100


@not_in_a_chroot
@pytest.mark.parametrize("way", ["dirs", "mounts"])
def test_moves_meanwhile(monitor: Monitor, workloads: Workloads, scratch: Path, way: str) -> None:
    """No path is put together from two, whatever moves: directories, or mounts."""
    run = run_workload(monitor, workloads["moves"], way, RACES)
    opens = run.opens()
    assert len(opens) == RACES
    whole = {event.real_path for event in opens if not event.cut}
    assert whole <= {f"{scratch}/{path}" for path in ("a/outer/inner/f", "b/second/inner/f", "c/alone/f")}
    assert len(whole) > 1
    assert {event.file_state for event in opens} == {None}
    given_up = [(event.real_path, event.cut) for event in opens if event.cut]
    assert set(given_up) <= {(None, ("real_path",))}
    assert len(given_up) < RACES / 20


@not_in_a_chroot
def test_the_working_directory_changes_meanwhile(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """From one file system to another, by a thread: no event has a directory of one in a mount of the other."""
    run = run_workload(monitor, workloads["moves"], "cwd", RACES)
    opens = run.opens()
    assert len(opens) == RACES
    whole = {event.joined_path for event in opens if not event.cut}
    assert whole == {f"{scratch}/a/outer/inner/missing", f"{scratch}/b/missing"}
    given_up = [(event.joined_path, event.cut) for event in opens if event.cut]
    assert set(given_up) <= {(None, ("joined_path",))}
    assert len(given_up) < RACES / 20


@not_in_a_chroot
@pytest.mark.parametrize("length", [255, 256, 512, 1024])
def test_names_longer_than_those_of_others(monitor: Monitor, workloads: Workloads, scratch: Path, length: int) -> None:
    """In FUSE, where a name may have 1024 bytes."""
    run = run_workload(monitor, workloads["long_names"], length, COUNT)
    assert run.numbers == [0]
    events = [event for event in run.opens() if event.path.startswith("f")]
    assert len(events) == COUNT
    for event in events:
        assert (event.real_path, event.cut) == (f"{scratch}/mnt/{'d' * length}/{'f' * length}", ())
