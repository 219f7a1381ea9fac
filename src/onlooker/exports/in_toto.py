"""An in-toto statement, not signed: what a command was, which processes it had, and which files came of it.

The statement is https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md; the predicate is the command-run
attestation of go-witness, attestation/commandrun/commandrun.go, with a block "onlooker" of our own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..escaping import command_line
from ..recordings.manifest import wall_ns
from ..recordings.process import ProcessRecord
from ..recordings.processes import Processes
from .digests import Digests
from .source import Source, json_page
from .used import EVENTS as FILE_EVENTS
from .used import Uses

EVENTS = ("fork", "exit", *FILE_EVENTS)
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://witness.dev/attestations/command-run/v0.1"
TICK_NS = 10_000_000  # a file's time is that of the kernel's last tick, which are 100 in a second or more
UNKNOWN_CODE = -1  # go-witness has a number in any case; Go's os.ProcessState.ExitCode says -1


def export(source: Source, write: Callable[[bytes], object]) -> None:
    """The whole statement at once."""
    table, uses = Processes(source.recording), Uses()
    for batch in source.batches():
        table.take(batch)
        uses.take(batch)
    write(json_page(_Statement(source, table, uses).made()))


class _Statement:
    def __init__(self, source: Source, table: Processes, uses: Uses) -> None:
        self._source = source
        self._table = table
        self._uses = uses
        self._digests = Digests(source)
        self._undigested: dict[str, str] = {}

    def made(self) -> dict[str, Any]:
        subjects = list(self._outputs())
        of_recording = not subjects
        if of_recording:
            subjects = list(self._recording())
        processes = [self._process(each) for each in self._table.records()]
        about = self._source.about()
        code = about.get("end", {}).get("exit_code") if about.get("end") else None
        own = {
            **about,
            "subjects": "the recording" if of_recording else "files that it wrote or made",
            "digests": "of files as they were when this was made" if self._source.digests else "only of subjects",
            "not_digested": [{"name": name, "reason": reason} for name, reason in self._undigested.items()],
            "processes_not_listed": self._table.left_out or None,
            "opened_files_not_listed": self._uses.left_out or None,
        }
        return {
            "_type": STATEMENT,
            "subject": subjects,
            "predicateType": PREDICATE,
            "predicate": {
                "cmd": self._source.command,
                "exitcode": UNKNOWN_CODE if code is None else code,
                "processes": processes,
                "onlooker": own,
            },
        }

    def _outputs(self) -> Iterator[dict[str, Any]]:
        """What was written and is there unchanged. A file that was opened for writing and is older was not written."""
        manifest = self._source.manifest
        begun = (wall_ns(manifest.start) if manifest else None) or 0
        for file, is_made in self._uses.outputs():
            changed = self._digests.changed_ns(file)
            if self._source.is_of_this_machine and not is_made and changed is not None and changed < begun - TICK_NS:
                continue
            digest, reason = self._digests.of(file)
            if digest:
                yield {"name": file, "digest": {"sha256": digest}}
            else:
                self._undigested[file] = reason

    def _recording(self) -> Iterator[dict[str, Any]]:
        """Each file of it."""
        path = self._source.recording.path
        files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
        for each in files:
            name = each.name if each == path else f"{path.name}/{each.relative_to(path)}"
            yield {"name": name, "digest": {"sha256": _digest(each)}}

    def _process(self, process: ProcessRecord) -> dict[str, Any]:
        program = process.program
        exe = program.exe or program.path if program else None
        opened = self._uses.opened.get(process.key, {})
        return {
            "program": exe,
            "processid": process.pid,
            "parentpid": process.ppid,
            "comm": process.comm,
            "cmdline": command_line(program.argv) if program else None,
            "exedigest": (self._set(exe) or None) if exe else None,
            "openedfiles": {file: self._set(file) for file in opened} or None,
            "onlooker": {
                "start_ns": process.start_ns,
                "uid": process.uid,
                "earlier": [command_line(each.argv) for each in process.execs[:-1]] or None,
                "executed": len(process.execs) + process.execs_left_out,
                "exit_code": process.exit_code,
                "signal": process.signal,
                "duration_ns": process.duration_ns,
            },
        }

    def _set(self, file: str) -> dict[str, str]:
        """A set of digests, empty where there is none."""
        if not self._source.digests:
            return {}
        digest, reason = self._digests.of(file)
        if digest is None:
            self._undigested[file] = reason
            return {}
        return {"sha256": digest}


def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
