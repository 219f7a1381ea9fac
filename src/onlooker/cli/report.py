"""`onlooker report`: a recording as one page for a browser."""

import argparse
from collections.abc import Callable
from shlex import quote

from msgspec.structs import replace

from ..errors import PROGRAM, UsageError
from ..events import PROCESS_EVENTS, TASK_EVENTS
from ..recordings.recording import Recording
from ..recordings.redact import Redactor
from ..report import Clean, Facts, Survey, contents_of, html_page
from . import recorded, secrets
from .doubts import doubts
from .log import say
from .messages import add_messages, log_of
from .newfile import new_file, wanted_file
from .opened import opened, tell_of, tell_of_damage
from .progress import Progress

STILL_WRITTEN = "incomplete: the recording is still being written"
EPILOG = """\
examples:
  onlooker report build.onlook -o build.html
  onlooker report build.onlook -o build.html --title "nightly 7"
  onlooker report build.onlook -o a.html --redact-pattern 'corp-[0-9]+'

The page needs no network, and asks nothing of any. It can be sent to others: what looks like a secret is taken out. \
A secret without such a form stays.

Exit code 0, or 1 if the recording is not complete.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="the recording")
    add = parser.add_argument_group("what to write").add_argument
    add("-o", "--output", metavar="FILE", help="write FILE, with mode 0600 (needed)")
    add("--force", action="store_true", help="write over FILE, if it is there")
    add("--title", metavar="TEXT", help="the page's title (default: the command, or the recording's name)")
    secrets.add_no_redact(parser)
    add_messages(parser.add_argument_group("messages"), "errors")


def run(arguments: argparse.Namespace) -> int:
    """Write it. 0, or 1 if it is not complete; raises OnlookerError."""
    log = log_of(arguments)
    if not arguments.output or arguments.output == "-":
        raise UsageError("a report needs a file", f"{PROGRAM} report {quote(arguments.file)} -o report.html")
    redactor = secrets.redactor(arguments)
    target = wanted_file(arguments.output, force=arguments.force)
    recording = opened(arguments.file)
    tell_of(recording, log)
    found = doubts(recording, tuple(TASK_EVENTS))
    for note in found.notes:
        log("warning", note)
    progress = Progress(log)
    try:
        survey = _survey(recording, progress, redactor)
        # without processes there is no report; of other events it says that they were not recorded
        summary = replace(survey.summary, absent=tuple(name for name in found.absent if name in PROCESS_EVENTS))
        progress("making the page")
        user = recorded.user_of(recording)
        clean = Clean(redactor.text if redactor else None)
        made = contents_of(survey, clean, user=user, is_command=bool(recording.manifest and recording.manifest.command))
        facts = _facts(recording, arguments.title)
        facts.redacted = _redacted(redactor, was=bool(recording.manifest and recording.manifest.redacted))
        facts.verdict, facts.complete = summary.verdict, summary.complete
        facts.absent = found.absent
        facts.notes = [*recording.notes, *recording.damage, *found.notes]
        if recording.is_being_written:
            facts.verdict, facts.complete = STILL_WRITTEN, False
        written = html_page(survey, made, facts)
    finally:
        progress.end()
    with new_file(target, force=arguments.force) as (_, file):
        file.write(written)
    tell_of_damage(recording, log)
    log.tell(f"wrote {len(written)} bytes: {target}")
    log.tell(facts.verdict)
    if not facts.complete and not log.says("warning"):
        say(facts.verdict)  # what the exit code means
    return 0 if facts.complete else 1


def _survey(recording: Recording, progress: Callable[[str], None], redactor: Redactor | None) -> Survey:
    survey = Survey(recording)
    for batch in recording.batches():
        survey.take(redactor.redacted(batch) if redactor else batch)
        progress(f"read {survey.events} events")
    return survey


def _facts(recording: Recording, title: str | None) -> Facts:
    """What is not known stays empty."""
    name = recording.path.absolute().name
    manifest = recording.manifest
    if manifest is None:
        return Facts(title=title or name, verdict="", complete=False)
    return Facts(
        title=title or ("" if manifest.command else name),
        verdict="",
        complete=False,
        command=manifest.command,
        directory=manifest.directory,
        host=manifest.host,
        kernel=manifest.kernel,
        machine=manifest.machine,
        start=f"{manifest.start[:10]} {manifest.start[11:19]} UTC",
        exit_code=manifest.end.exit_code if manifest.end else None,
    )


def _redacted(redactor: Redactor | None, *, was: bool) -> str:
    if redactor:
        return (
            "What looks like a secret was taken out, and *** stands for it: passwords, keys and tokens that have "
            "the usual forms or names. A secret without such a form may still be here."
        )
    if was:
        return "What looked like a secret was taken out when it was recorded; *** stands for it."
    return "Nothing was taken out: this page may show passwords, keys and tokens (--no-redact)."
