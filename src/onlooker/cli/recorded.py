"""What the commands that ask a recording have in common: `tree`, `show`, `files`, `diff`."""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..answers import Answer
from ..answers.formatter import FORMATS, AnswerFormatter
from ..answers.page import Page
from ..enrich.users import Users
from ..output.writer import ClosedPipeError
from ..recordings.manifest import boot_id
from ..recordings.recording import Recording
from ..records import Batch
from ..summary import Summary
from .doubts import tell_of_doubts
from .log import say
from .messages import add_messages, log_of
from .opened import opened, tell_of, tell_of_damage
from .output import output_writer
from .parser import one_of
from .shutdown import Shutdown


def add_output(parser: argparse.ArgumentParser, examples: str) -> None:
    """The options of all of them that say how to show the answer."""
    parser.epilog = f"examples:\n{examples}"
    how = parser.add_argument_group("how to show it")
    add = how.add_argument
    add("--output-format", metavar="FORMAT", default="text", help=f"{', '.join(FORMATS)} (default: text)")
    add("-o", "--output", metavar="FILE", help="append the answer to FILE (default: -, standard output)")
    add_messages(how, "the answer and errors")


class Asked:
    """Recordings that are asked something: what is said of them, and the exit code."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Raises UsageError."""
        self.log = log_of(arguments)
        self._format = one_of("output format of an answer", arguments.output_format, FORMATS)
        self._output = arguments.output
        self._recordings: list[Recording] = []
        self._absent: dict[str, None] = {}
        self._lost: Counter[tuple[str, str]] = Counter()
        self._cut = 0

    def recording(self, path: str, events: Sequence[str] | None = None) -> Recording:
        """To be asked about these events; None: about itself. Raises UsageError or RecordingError."""
        found = opened(path)
        self._recordings.append(found)
        tell_of(found, self.log)
        if events is not None:
            self._absent |= dict.fromkeys(tell_of_doubts(found, events, self.log))
        return found

    def batches(self, recording: Recording, events: Sequence[str], *, context: bool = False) -> Iterator[Batch]:
        """All of it, and what is lost of these events is kept in mind. `context`: with what is known of processes."""
        for batch in recording.batches(context=context):
            for loss in batch.lost():
                if loss.of in (*events, "unknown"):
                    self._lost[loss.of, loss.reason] += loss.count
            if batch.cut:
                self._cut += batch.select(*events).cut
            yield batch

    def verdict(self) -> int:
        """Say whether the answer is all of it: 0, or 1 where something that it needs is missing."""
        for recording in self._recordings:
            tell_of_damage(recording, self.log)
        found = Summary(lost=self._lost, cut=self._cut, absent=tuple(self._absent))
        self.log.tell(found.verdict)
        if not found.complete and not self.log.says("warning"):
            say(found.verdict)  # what the exit code means
        return 0 if found.complete else 1

    def answer(self, asked: Answer, batches: Iterable[Batch]) -> bool:
        """Print the answer; whether there was anybody to read it. Raises OnlookerError."""
        writer = output_writer(self._output, Shutdown(lambda: None), self.log, None)
        made = AnswerFormatter(asked, self._format, lambda: Page.of(writer.descriptor))
        try:
            for batch in batches:
                if shown := made.format(batch):
                    writer.write(shown)
            writer.write(made.end())
        except ClosedPipeError:
            return False
        return True


def ask(asked: Answer, on: Asked, recording: Recording) -> int:
    """The answer of one recording. 0, or 1 where it could be wrong; raises OnlookerError."""
    on.answer(asked, on.batches(recording, asked.events))
    return on.verdict()


def user_of(recording: Recording) -> Callable[[int], str]:
    """The names of users, where it was made on this machine; else their numbers."""
    return Users().name if is_of_this_machine(recording) else str


def is_of_this_machine(recording: Recording) -> bool:
    """Whether it was made on a machine of this name."""
    return recording.manifest is not None and recording.manifest.host == os.uname().nodename


def is_of_this_boot(recording: Recording) -> bool:
    """Whether it was made on this machine, which has not been started again since."""
    manifest = recording.manifest
    return manifest is not None and bool(manifest.boot_id) and manifest.boot_id == boot_id()
