"""Which running processes have executed a wanted program, so that the set of bpf/filter/executed.h begins whole.

The kernel has the file that a process runs. Whether that is a script's interpreter, and by which name it was asked for,
only its arguments tell, which are the process's own.
"""

import os
import shutil
import stat
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..filters.selected import BY_EVERY_NAME, LONGEST_PATH, Exe
from . import kernel

if TYPE_CHECKING:
    from ._libbpf import Probe

PROC = Path("/proc")
STATE = ".data.executed"
_UNSETTLED = struct.Struct("=QI4x")  # struct unsettled in bpf/filter/executed.h: start_ns, pid, and what it is
_EXE = struct.Struct(f"=II{LONGEST_PATH + 1}s{LONGEST_PATH + 1}s32x")  # struct exe in bpf/filter/exe.h
MOST_ROUNDS = 1000  # each looks at what was created in the last one, some milliseconds
MOST_ARGS = 6  # a script is behind its interpreter's own arguments: env -S allows several
# Why nobody knows what some processes have executed
HIDDEN = "to read them needs CAP_SYS_PTRACE"
UNREADABLE = "they can't be read"
NO_PROC = "/proc is not that of this pid namespace"
TOO_MANY = "more come than can be looked at"
LONGEST_LINE = 256  # of a script, which names its interpreter: BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h


def entries(wanted: Sequence[Exe]) -> list[bytes]:
    """What the kernel compares with; a path also as walks give it: bpf/filter/exe.h."""
    return [
        _EXE.pack(len(text), bool(exe.paths), text, _walked(text) if exe.paths else b"")
        for exe in wanted
        for text in exe.paths or (exe.name,)
    ]


def _walked(path: bytes) -> bytes:
    return b"".join(name + b"\0" for name in reversed(path.split(b"/")))


def settle(probe: "Probe", wanted: Sequence[Exe]) -> list[str]:
    """Look at all processes, without a gap: what they create and execute from now on, the programs see, which are
    attached; nothing is reported yet. Returns notes on what can match nothing now, and on how many processes nobody
    knows.
    """
    if not wanted:
        return []
    found: set[Exe] = set()
    unknown: Counter[str] = Counter()
    has_proc = _has_proc()
    _tell(probe, listing=True, settling=True)
    try:
        probe.iterate("list_processes")
        _tell(probe, listing=False, settling=True)
        for _ in range(MOST_ROUNDS):
            if not (listed := _listed(probe)):
                break
            for key, value in listed.items():
                start_ns, pid = _UNSETTLED.unpack(value)
                matching = _executed(pid, wanted, unknown) if has_proc else set()
                found |= matching
                probe.run("decide", struct.unpack("=I", key)[0], start_ns, bool(matching))
                unknown[NO_PROC] += not has_proc
        else:
            unknown[TOO_MANY] = len(_listed(probe))
    finally:
        _tell(probe, listing=False, settling=False)
    notes = [note for exe in wanted if exe not in found and (note := _doubt(exe))]
    if kernel.in_pid_namespace():
        notes.append(_unknown("processes outside of this pid namespace"))
    for why, count in (+unknown).items():
        notes.append(_unknown(f"{count} running process{'es' if count > 1 else ''}", f" ({why})"))
    return notes


def _unknown(whose: str, why: str = "") -> str:
    return f"what {whose} executed before now is not known{why}; what they execute from now on counts"


def _has_proc() -> bool:
    """Whether /proc is that of the monitor's pid namespace."""
    with suppress(OSError):
        return (PROC / "self").readlink().name == str(os.getpid())
    return False


def _listed(probe: "Probe") -> dict[bytes, bytes]:
    """Empty only if no program is about to list another one, which a process that was listed has created."""
    if not (listed := probe.entries("unsettled")):
        probe.wait_for_programs()
        listed = probe.entries("unsettled")
    return listed


def _tell(probe: "Probe", *, listing: bool, settling: bool) -> None:
    probe.update(STATE, bytes(4), struct.pack("=II", listing, settling))


def _executed(pid: int, wanted: Sequence[Exe], unknown: Counter[str]) -> set[Exe]:
    """Which of them a process has executed. An id of 0: it is outside of the monitor's pid namespace, of which a note
    tells, because of those outside only what was created just now is listed (init_seq_pidns,
    kernel/bpf/task_iter.c).
    """
    paths: list[bytes] = []
    try:
        paths = _paths(pid, {exe.name for exe in wanted}) if pid else []
    except (FileNotFoundError, ProcessLookupError):
        if _is_hidden(pid):  # else it has ended
            unknown[HIDDEN] += 1
    except PermissionError:
        unknown[HIDDEN] += 1
    except OSError:  # the file's path is too long, for one
        unknown[UNREADABLE] += 1
    return {exe for exe in wanted if any(map(exe.is_at, paths))}


def _paths(pid: int, names: set[bytes]) -> list[bytes]:
    """Of a process whose main thread has ended, what its others say. Raises OSError."""
    directory = PROC / str(pid)
    try:
        return list(executed_by(directory, names))
    except (FileNotFoundError, ProcessLookupError):
        for thread in (directory / "task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                return list(executed_by(thread, names))
        raise


def _is_hidden(pid: int) -> bool:
    """Whether there is such a process, and /proc does not show it: hidepid, proc(5)."""
    if (PROC / str(pid)).exists():
        return False
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def executed_by(directory: Path, names: set[bytes]) -> Iterator[bytes]:
    """The file that a process runs, and the paths by which it was asked for, as far as they end with one of the names
    and its arguments tell. `directory` is the process's in /proc. Raises OSError.
    """
    yield os.fsencode((directory / "exe").readlink()).removesuffix(b" (deleted)")
    program, *args = (directory / "cmdline").read_bytes().split(b"\0")[: 1 + MOST_ARGS]
    if _last(program) in names:
        yield from (path for path in _programs(directory, program) if _runs(directory, path))
    for arg in args:
        if _last(arg) in names and _is_script(directory, path := _joined(directory, arg), program):
            yield path


def _last(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _joined(directory: Path, path: bytes) -> bytes:
    """From the process's working directory, where it is relative."""
    if path.startswith(b"/"):
        return path
    return os.path.normpath(b"/".join((os.fsencode((directory / "cwd").readlink()), path)))


def _programs(directory: Path, program: bytes) -> Iterator[bytes]:
    """Where a program may be that a first argument names."""
    if b"/" in program:
        yield _joined(directory, program)
        return
    for place in dict.fromkeys((*os.get_exec_path(), *BY_EVERY_NAME)):
        yield os.fsencode(place) + b"/" + program


def _inside(directory: Path, path: bytes) -> Path:
    """A path of the process's, from its root directory."""
    return directory / "root" / os.fsdecode(path).lstrip("/")


def _runs(directory: Path, path: bytes) -> bool:
    with suppress(OSError):
        return _inside(directory, path).samefile(directory / "exe")
    return False


def _is_script(directory: Path, path: bytes, interpreter: bytes) -> bool:
    """Whether its first line names the program that runs it, perhaps by env(1)."""
    file = _inside(directory, path)
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        with file.open("rb") as opened:
            line = opened.read(LONGEST_LINE).partition(b"\n")[0]
    except OSError:
        return False
    words = [_last(word) for word in line[2:].split()] if line.startswith(b"#!") else []
    return bool(words) and _last(interpreter) in (words if words[0] == b"env" else words[:1])


def _doubt(exe: Exe) -> str:
    """Why it can match nothing now, or ""."""
    if not exe.paths:
        if "*" in exe.text:
            return f"{exe.text!r} is compared as it is: * stands for nothing else"
        if not shutil.which(exe.text):
            known = "no running process is known to have executed one"
            return f"no program {exe.text!r} is on PATH, and {known}; it may come"
        return ""
    path = Path(os.fsdecode(exe.paths[0]))
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no {exe.text!r} yet"
    except OSError as error:
        return f"whether there is {exe.text!r} is not known: {error.strerror}"
    if stat.S_ISDIR(mode):
        return f"{exe.text!r} is a directory, which nobody executes"
    return "" if os.access(path, os.X_OK) else f"{exe.text!r} is not executable"
