"""Programs and their arguments as text, and what makes two of them alike."""

import re
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from ..escaping import command_line, escape, quote
from ..recordings.process import ProcessRecord

ANY = "…"
_MOST_CHAIN = 4  # programs of one process, before its last one
_LONGEST_REMEMBERED = 200
_BETWEEN = re.compile(r"([\s=:,;'\"`()<>|&]+)")
_WITH_SUFFIX = re.compile(r"[^-].*?\.[A-Za-z]|\.?[^-.]+\.[A-Za-z]")


def alike(word: str) -> str:
    """The word with a mark for each name of a file in it: what has a slash, or a suffix.

    >>> [alike(word) for word in ("src/a.c", "-o", "-I/usr/include", "--out=b.o", "3.14", "README")]
    ['…', '-o', '-I…', '--out=…', '3.14', 'README']
    """
    if "/" not in word and "." not in word:
        return word
    return _remembered(word) if len(word) <= _LONGEST_REMEMBERED else _marked(word)


def _marked(word: str) -> str:
    return "".join(map(_alike, _BETWEEN.split(word)))


_remembered = lru_cache(1 << 15)(_marked)


def _alike(piece: str) -> str:
    if "/" in piece:
        return (piece[:2] if piece.startswith("-") else "") + ANY
    return ANY if _WITH_SUFFIX.match(piece) else piece


def alike_command(process: ProcessRecord) -> tuple[str, ...]:
    """The same for two processes whose programs are, and whose arguments differ in names of files only."""
    program = process.program
    if program is None:
        return ("", process.comm)
    marks = "exec" if process.execs else "fork"
    chain = [each.name for each in process.execs[:-1]]
    return (marks, *chain, program.name, *map(alike, program.argv[1:]))


def command(process: ProcessRecord, width: int = 0) -> str:
    """What it executed, the last with its arguments, for people; in so many columns (0: all of it), and then without
    the program's directory.

    A process that executed nothing itself has its creator's name; of one that is older than the recording the arguments
    are not known.
    """
    if not process.execs:
        how = "only forked" if process.has_begun else "program not seen"
        return fit(f"{escape(process.comm)} ({how})", width)
    last = process.execs[-1]
    more = f" {ANY}" if last.argv_cut else ""
    argv = _shorter(last.argv) if width else last.argv
    return fit(f"{_chain(process)}{command_line(argv) or escape(last.path)}{more}", width)


def common_command(processes: Sequence[ProcessRecord], width: int = 0) -> str:
    """The same of several that are alike: a mark for each argument in which they differ."""
    first = processes[0]
    if not first.execs or len({each.execs[-1].argv for each in processes}) == 1:
        return command(first, width)
    argvs = (_shorter(each.execs[-1].argv) if width else each.execs[-1].argv for each in processes)
    words = [_common(words) for words in zip(*argvs, strict=False)]
    return fit(f"{_chain(first)}{' '.join(words)}", width)


def _shorter(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Where there is little room: the program without its directory."""
    name = argv[0].rpartition("/")[2] if argv else ""
    return (name, *argv[1:]) if name else argv


def _common(words: tuple[str, ...]) -> str:
    if len({*words}) == 1:
        return quote(words[0])
    suffixes = {word.rpartition(".")[2] for word in words}
    [suffix] = suffixes if len(suffixes) == 1 else [""]
    return ANY + (f".{suffix}" if suffix.isalnum() and all(word.endswith(f".{suffix}") for word in words) else "")


def _chain(process: ProcessRecord) -> str:
    """The programs before the last one."""
    names = [escape(each.name) for each in process.execs[:-1]]
    if process.execs_left_out or len(names) > _MOST_CHAIN:
        names = [*names[: _MOST_CHAIN // 2], ANY, *names[-_MOST_CHAIN // 2 :]]
    return "".join(f"{name} → " for name in names)


def fit(text: str, width: int) -> str:
    """Safe text, cut at its end where it has more columns; 0: all of it."""
    if not width or cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + ANY


def seconds(nanoseconds: int) -> str:
    """For people.

    >>> seconds(1_234_567_890)
    '1.235'
    """
    return f"{nanoseconds / 1_000_000_000:.3f}"
