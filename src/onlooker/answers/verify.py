"""What a recording has and a log does not say, and the other way round."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import msgspec

from ..claims.claim import Claim, is_same_program, joined, leaves, pattern
from ..claims.log import Log
from ..claims.shell import Command, commands
from ..claims.words import IncompleteError, writes_files
from ..claims.wrappers import SHELLS, inner, name_of, shell_text
from ..counted import counted
from ..escaping import command_line, escape
from ..events import PROCESS_EVENTS
from ..recordings.process import Execution, ProcessRecord
from ..recordings.processes import Processes
from ..records import Batch
from . import Row
from .page import Page, listed
from .programs import fit, seconds
from .times import wall_time

MOST_WRAPPERS = 8  # of one execution
MOST_PARENTS = 5  # that are named
# what is asked for its exit code, which nobody knows
_CONDITIONS = frozenset(["false", "test", "[", "[[", "let", "read", "command", "type", "hash"])
# what changes nothing but the shell itself
_HARMLESS = frozenset(
    [
        "cd",
        "pwd",
        ":",
        "true",
        "false",
        "set",
        "shopt",
        "test",
        "[",
        "[[",
        "exit",
        "return",
        "trap",
        "wait",
        "umask",
        "ulimit",
        "unset",
    ]
)
_USUAL = frozenset(f"{top}{name}" for top in ("/", "/usr/", "/usr/local/") for name in ("bin", "sbin"))
_TITLES = {
    "did_not_run": "in the log and did not run",
    "depends": "in the log and did not run, but that depends on another command",
    "unclear": "in the log and not compared, since their program is not known",
    "not_understood": "lines of the log that were not understood",
}


class _State(msgspec.Struct, frozen=True):
    """Of a process at some time: whether the log explains what it runs, whether that is a shell, and the topmost one of
    which nothing is said.
    """

    explained: bool = False
    is_shell: bool = False
    top: "_Ran | None" = None


class _Ran(msgspec.Struct):
    """An execution that the log does not say. `below`: how many more of them it led to."""

    process: ProcessRecord
    execution: Execution
    is_top: bool
    below: int = 0


class Verify:
    """`log`: what is claimed; `command`: the recorded one, which is neither in the log nor missing in it; `strict`: a
    shell explains nothing that it runs. `table` learns the processes.
    """

    events: ClassVar[tuple[str, ...]] = PROCESS_EVENTS
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "processes"
    where: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, log: Log, *, command: Sequence[str] = (), strict: bool = False, table: Processes | None = None
    ) -> None:
        self._log = log
        self._command = tuple(command)
        self._strict = strict
        self._table = table or Processes()
        self._exact: dict[tuple[str, str], list[Claim]] = {}  # by name and arguments
        self._wild: dict[str, list[tuple[Claim, re.Pattern[str]]]] = {}  # by name
        for each in log.claims:
            if each.program is not None:
                self._keep(each, name_of(each.program))
        self._shown = {each.shown for each in log.claims}
        self._ran_as: dict[int, list[ProcessRecord]] = {}  # by the claim's id
        self._elsewhere: dict[tuple[str, str], None] = {}
        self._not_in_log: list[_Ran] | None = None
        self._executions = self._unchecked = 0

    def _keep(self, claim: Claim, name: str) -> None:
        words = [word.text for word in claim.words[1:]]
        if None in words:
            self._wild.setdefault(name, []).append((claim, pattern(claim.words[1:])))
        else:
            self._exact.setdefault((name, joined(word or "" for word in words)), []).append(claim)

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        self._table.take(batch)
        return ()

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    @property
    def differs(self) -> bool:
        """Whether something is in one of them only, or was not compared."""
        kinds = {kind for kind, _ in self._missing()}
        return bool(self._found() or self._unchecked or kinds & {"did_not_run", "not_understood"})

    def rows(self) -> Iterator[Row]:
        """An object for each execution and each command that is in one only, and a last one with the numbers."""
        for ran in self._found():
            yield self._row(ran)
        yield from (row for _, row in self._missing())
        for program, path in self._elsewhere:
            yield {"kind": "elsewhere", "command": program, "program": path}
        yield {"kind": "sum", **self._numbers()}

    def lines(self, page: Page) -> Iterator[str]:
        """For people."""
        tops = [each for each in self._found() if each.is_top]
        if tops:
            yield "ran and not in the log:"
            zero = self._table.zero_ns(is_command=bool(self._command))
            rows = (self._cells(each, zero) for each in tops)
            yield from page.columns(("TIME", "PID", "FROM", "COMMAND"), rows, right=[0, 1], share=2, spare=[2])
        missing = list(self._missing())
        for kind, title in _TITLES.items():
            found = [row for each, row in missing if each == kind]
            if found:
                yield f"{title}:"
                yield from (page.fit(f"  line {row['line']}: {escape(row['command'])}") for row in found)
        built_in = list(dict.fromkeys(row["command"].split(" ")[0] for kind, row in missing if kind == "built_in"))
        if built_in:
            yield page.fit(
                f"not seen, since a shell does them itself: {listed(list(map(escape, built_in)), page.width and 30)}"
            )
        for program, path in self._elsewhere:
            yield page.fit(f"note: {escape(program)} was {escape(path)}")
        yield page.fit(self._sum())

    def _numbers(self) -> dict[str, int]:
        found = self._found()
        kinds = [kind for kind, _ in self._missing()]
        return {
            "commands": len(self._log.claims),
            "ran": sum(id(each) in self._ran_as for each in self._log.claims),
            "executions": self._executions,
            "not_in_log": len(found),
            "did_not_run": kinds.count("did_not_run"),
            "built_in": kinds.count("built_in"),
            "not_compared": kinds.count("unclear") + kinds.count("not_understood"),
            "executions_not_checked": self._unchecked,
        }

    def _sum(self) -> str:
        said = self._numbers()
        unchecked = f"; {counted(self._unchecked, 'execution')} not checked" if self._unchecked else ""
        return (
            f"{counted(said['commands'], 'command')} in the log, {said['ran']} ran, {said['did_not_run']} did not; "
            f"{counted(said['executions'], 'execution')}, {said['not_in_log']} not in the log{unchecked}"
        )

    def _row(self, ran: _Ran) -> Row:
        process, execution = ran.process, ran.execution
        return {
            "kind": "not_in_log",
            "time": wall_time(execution.boot_ns + self._table.offset_ns),
            "pid": process.pid,
            "start_ns": process.start_ns,
            "uid": process.uid,
            "program": execution.exe or execution.path,
            "argv": execution.argv,
            "parents": [f"{_name(each)} ({each.pid})" for each in process.ancestors()],
            "top": ran.is_top,
            "below": ran.below,
        }

    def _cells(self, ran: _Ran, zero_ns: int) -> tuple[Any, ...]:
        parents = [f"{escape(_name(each))} ({each.pid})" for each in ran.process.ancestors()]
        chain = " ← ".join(parents[:MOST_PARENTS]) + (" ← …" if len(parents) > MOST_PARENTS else "")
        more = f" [{ran.below} more below]" if ran.below else ""

        def text(width: int) -> str:
            shown = command_line(ran.execution.argv) or escape(ran.execution.path)
            return fit(shown, width and max(1, width - len(more))) + more

        return seconds(ran.execution.boot_ns - zero_ns), str(ran.process.pid), chain, text

    def _found(self) -> list[_Ran]:
        """What ran and is not in the log."""
        if self._not_in_log is None:
            self._not_in_log = []
            states: dict[tuple[int, int], list[tuple[int, _State]]] = {}
            for process in self._table.records():
                states[process.key] = self._follow(process, _inherited(process, states))
            self._unchecked += self._table.left_out
        return self._not_in_log

    def _follow(self, process: ProcessRecord, state: _State) -> list[tuple[int, _State]]:
        """What holds of a process from which time on."""
        made = [(0, state)]
        self._unchecked += process.execs_left_out
        given: Sequence[str] = self._command if process.parent is None else ()
        for execution in process.execs:
            self._executions += 1
            given = _as_given(execution, given)
            state = self._judged(process, execution, state, is_given=bool(given))
            made.append((execution.boot_ns, state))
        return made

    def _judged(self, process: ProcessRecord, execution: Execution, state: _State, *, is_given: bool) -> _State:
        is_shell = name_of(execution.path) in SHELLS
        is_claimed = self._is_claimed(process, execution)  # in any case: it marks what ran
        by_descent = state.explained and not (self._strict and state.is_shell)
        if is_claimed or by_descent:
            return _State(explained=True, is_shell=is_shell)
        if is_given:
            return _State(is_shell=is_shell)
        assert self._not_in_log is not None
        ran = _Ran(process, execution, state.top is None)
        self._not_in_log.append(ran)
        if state.top is not None:
            state.top.below += 1
        return _State(is_shell=is_shell, top=state.top or ran)

    def _is_claimed(self, process: ProcessRecord, execution: Execution) -> bool:
        found = False
        for names, argv in _forms(execution):
            for claim in self._claims(names, argv, is_cut=execution.argv_cut):
                self._ran_as.setdefault(id(claim), []).append(process)
                found = True
                if "/" not in (claim.program or "") and "/" in names[0] and posixpath.dirname(names[0]) not in _USUAL:
                    self._elsewhere[claim.program or "", names[0]] = None
        return self._has_text(execution) or found

    def _claims(self, names: Sequence[str], argv: Sequence[str], *, is_cut: bool = False) -> Iterator[Claim]:
        words = joined(argv[1:])
        for name in {name_of(each) for each in names}:
            found = [*self._exact.get((name, words), ())]
            found += [claim for claim, form in self._wild.get(name, ()) if form.fullmatch(words)]
            if is_cut:
                found += [
                    claim
                    for (other, known), some in self._exact.items()
                    if other == name and known.startswith(words[:-1])
                    for claim in some
                ]
            yield from (claim for claim in found if is_same_program(claim.program or "", names))

    def _has_text(self, execution: Execution) -> bool:
        """Whether it is a shell whose text the log has, or of which it has every command."""
        words = [execution.path, *execution.argv[1:]]
        at = shell_text(words)
        if at is None or execution.argv_cut:
            return False
        text = words[at].strip()
        if text in self._log.texts:
            return True
        try:
            if writes_files(text):
                return False
            return all(map(self._has_command, (leaf for each in commands(text) for leaf in leaves(each))))
        except IncompleteError:
            return False

    def _has_command(self, command: Command) -> bool:
        known = [word.text for word in command.words]
        if known[0] in _HARMLESS:
            return True
        argv = [word for word in known if word is not None]
        if len(argv) < len(known):
            return Claim(command.words, 0, "").shown in self._shown
        return next(self._claims([argv[0]], argv), None) is not None

    def _missing(self) -> Iterator[tuple[str, Row]]:
        """What the log says and the recording does not have, and what can't be told."""
        self._found()
        failed: set[int] = set()  # lines whose last command has failed or did not run
        for claim in self._log.claims:
            kind = self._kind(claim, has_failed=claim.line in failed)
            if kind is not None:
                yield kind, {"kind": kind, "line": claim.line, "command": claim.shown, "text": claim.text}
            ran = self._ran_as.get(id(claim), ())
            if not claim.pipe:
                failed.discard(claim.line)
            is_condition = kind == "built_in" and claim.program in _CONDITIONS
            if kind in ("did_not_run", "depends") or is_condition or any(each.has_failed for each in ran):
                failed.add(claim.line)
        for line, text in self._log.not_understood:
            yield "not_understood", {"kind": "not_understood", "line": line, "command": text, "text": text}

    def _kind(self, claim: Claim, *, has_failed: bool) -> str | None:
        if id(claim) in self._ran_as:
            return None
        if claim.is_built_in:
            return "built_in"
        if claim.program is None:
            return "unclear"
        depends = claim.after in ("||", "body") or (claim.after == "&&" and has_failed)
        return "depends" if depends else "did_not_run"


def _inherited(process: ProcessRecord, states: dict[tuple[int, int], list[tuple[int, _State]]]) -> _State:
    """What held of its parent when it began."""
    above = states.get(process.parent.key) if process.parent else None
    if above is None:
        return _State()
    return next(state for since, state in reversed(above) if since <= max(process.start_ns, 0))


def _as_given(execution: Execution, command: Sequence[str]) -> Sequence[str]:
    """Its arguments where it is the recorded command, or what `#!/usr/bin/env python3` makes of that; else nothing."""
    _, argv = next(_forms(execution))
    if not command:
        return ()
    if name_of(execution.path) == name_of(command[0]) and tuple(argv[1:]) == tuple(command[1:]):
        return (execution.path, *argv[1:])
    return (execution.path, *argv[1:]) if tuple(argv[1:]) == tuple(command) else ()


def _forms(execution: Execution) -> Iterator[tuple[list[str], Sequence[str]]]:
    """The names of the program, and the arguments; then the same of what it runs as a wrapper. argv[0] says nothing:
    whoever executes a program chooses it.
    """
    argv: Sequence[str] = execution.argv
    if execution.path in argv[1:3]:  # a script, behind its interpreter and one argument of that
        argv = argv[argv.index(execution.path, 1) :]
    names = [execution.path]
    if execution.cwd and not execution.path.startswith("/"):
        names.append(posixpath.normpath(f"{execution.cwd}/{execution.path}"))
    if execution.exe:
        names.append(execution.exe)
    yield names, argv or (execution.path,)
    words = [execution.path, *argv[1:]]
    for _ in range(MOST_WRAPPERS):
        found = inner(words)
        if found is None:
            return
        words = words[found[0] :]
        yield [words[0]], words


def _name(process: ProcessRecord) -> str:
    return process.program.name if process.program else process.comm
