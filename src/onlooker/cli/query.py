"""`onlooker query`: SQL over recordings."""

import argparse
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING

from ..errors import PROGRAM, RecordingError, UsageError
from ..events import ASKED_EVENTS
from ..filters import Filter
from ..filters.where import Asked
from ..output.writer import ClosedPipeError
from ..recordings.nearest import meant
from ..summary import Summary
from .doubts import doubts, tell_of_context, tell_of_doubts
from .log import Log, say, show
from .messages import add_messages, log_of
from .newfile import wanted_file
from .opened import check_name, standard_input, tell_of
from .parser import one_of
from .shutdown import Shutdown

if TYPE_CHECKING:
    from ..lake.scope import Scope
    from .queried import Query

WORDS = "words"  # may stand before, between and behind the options
FORMATS = ("table", "json", "csv", "parquet")
INTERRUPTED = 130
LAKE_NOTES = "_onlooker"  # what a lake has first
_FIRST_WORDS = ("select", "from", "with", "describe", "show", "summarize", "explain", "pragma")
COVERAGE = "FROM coverage ORDER BY host, began"
# the same for a terminal
BRIEF_COVERAGE = """\
SELECT host, strftime(began, '%Y-%m-%d %H:%M:%S') AS began, strftime(ended, '%Y-%m-%d %H:%M:%S') AS ended,
       CASE WHEN whole THEN 'whole' WHEN lost > 0 THEN concat('lost ', lost, ' events')
            WHEN missing > 0 THEN concat(missing, ' records are missing') ELSE why END AS what
FROM coverage ORDER BY host, coverage.began"""
ASIDE = "FROM aside ORDER BY host, began, name"
BRIEF_ASIDE = "SELECT name, host, records, why FROM aside ORDER BY host, began, name"
EVERYTHING_IN_LAKE = "SELECT * FROM events ORDER BY host, run, seq"
EVERYTHING = "SELECT * FROM events ORDER BY recording, seq"
EPILOG = """\
examples:
  onlooker query build.onlook 'SELECT path FROM opens WHERE uid = 0'
  onlooker query build.onlook 'FROM processes WHERE exit_code != 0'
  onlooker query build.onlook --named slowest
  onlooker query build.onlook --where "file under '/etc'"
  onlooker query monday.onlook tuesday.onlook - < question.sql

Each kind of event is a table: opens, execs, exits, ... The table events has all of them, and processes a row for each \
process. In place of recordings, FILE may be one lake, which `onlooker collect` writes.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.usage = f"{parser.prog} [-h] [OPTIONS] FILE... [SQL]"
    parser.add_argument(
        "words", metavar="FILE... SQL", nargs="*", help="recordings, and last the SQL; - reads it from standard input"
    )
    add = parser.add_argument_group("what to ask").add_argument
    add("--where", metavar="EXPR", help="ask only events that match this expression; without SQL, show them")
    add("--named", metavar="NAME", help="ask what has this name, in place of SQL")
    add("--list-named", action="store_true", help="list these names, and end")
    add("--complete", action="store_true", help="of a lake: say for which hosts and times it is whole, in place of SQL")
    add("--aside", action="store_true", help="of a lake: list messages that were put aside, and why, in place of SQL")
    add = parser.add_argument_group("which part of a lake to ask (default: all of it)").add_argument
    add("--host", metavar="NAME", action="append", help="only what this machine has sent; may be given again")
    add(
        "--since", metavar="TIME", help="only from then on: 2026-01-31, '2026-01-31 12:00' (UTC), or 2h for 2 hours ago"
    )
    add("--until", metavar="TIME", help="only what was before: a TIME as above, or now")
    how = parser.add_argument_group("how to show it")
    add = how.add_argument
    add("--output-format", metavar="FORMAT", default="table", help=f"{', '.join(FORMATS)} (default: table)")
    add("-o", "--output", metavar="FILE", help="write FILE, with mode 0600 (default: -, standard output)")
    add("--force", action="store_true", help="write over FILE, if it is there")
    add("--all", action="store_true", help="show all rows, also those that fill many screens")
    add_messages(how, "the answer and errors")


def run(arguments: argparse.Namespace) -> int:
    """Ask it. 0, or 1 if the recordings are not complete, 130 if it was interrupted; raises OnlookerError."""
    log = log_of(arguments)
    form = one_of("output format", arguments.output_format, FORMATS)
    if arguments.list_named:
        show(list_of_named())
        return 0
    output = None if arguments.output == "-" else arguments.output
    if output in FORMATS:  # as other programs' -o takes it
        raise UsageError(f"-o takes a file, not a format: {output!r}", f"--output-format {output}")
    if output == "" or (form == "parquet" and output is None):
        raise UsageError(f"no file is given for {form}", f"{PROGRAM} query ... --output-format {form} -o answer.{form}")
    target = None if output is None else wanted_file(output, force=arguments.force)
    paths, sql = asked(arguments)
    where = Asked(where=arguments.where).expression(tuple(ASKED_EVENTS)) if arguments.where is not None else None
    from .queried import Query

    scope = _scope(arguments, paths)
    query = Query(paths, sql, where, form, is_all=arguments.all, is_quiet=not log.says("warning"), scope=scope)
    context = Filter(where=where).asked_context
    return _answer(query, log, target, context, force=arguments.force)


def _answer(query: "Query", log: Log, target: Path | None, context: Sequence[str], *, force: bool) -> int:
    shutdown = Shutdown(query.cancel, log.tell)
    with shutdown, suppress(ClosedPipeError):
        query.write(shutdown.gives_up, target, force=force)
    if shutdown.seconds_over() >= 0:
        return INTERRUPTED
    from ..lake.coverage import broke_off
    from ..query.asks import asks

    asked = asks(query.sql)
    absent: dict[str, None] = {}
    for recording in query.recordings:
        tell_of(recording, log)
        tell_of_doubts(recording, asked.touched, log)
        tell_of_context(recording, context, log)
        absent |= dict.fromkeys(doubts(recording, asked.needed).absent)
    for note in query.notes:
        log("warning", note)
    found = Summary(lost=query.lost, absent=tuple(absent))
    is_complete, verdict = found.complete and query.is_known and not query.broken_off, found.verdict
    if found.complete and query.broken_off:
        verdict = f"incomplete: {broke_off(query.broken_off)}, and nobody knows what is missing"
    elif found.complete and not query.is_known:
        verdict = "incomplete: the lake has nothing of what is asked"
    log.tell(verdict)
    if not is_complete and not log.says("warning"):
        say(verdict)  # what the exit code means
    return 0 if is_complete else 1


def asked(arguments: argparse.Namespace) -> tuple[list[str], str]:
    """The recordings, and the SQL. Raises UsageError."""
    words: list[str] = list(arguments.words)
    sql: str | None = None
    if arguments.complete or arguments.aside:
        sql = _of_lake(arguments, words)
    elif arguments.named is not None:
        from ..query.names import query_of

        sql = query_of(arguments.named)
        if len(words) > 1 and _is_sql(words[-1]):
            raise UsageError("--named stands in place of SQL", f"leave out {words[-1]!r:.60}, or --named")
    elif words and _is_sql(words[-1]):
        sql = words.pop()
    elif arguments.where is not None:
        from ..lake.rows import is_lake

        sql = EVERYTHING_IN_LAKE if any(map(is_lake, words)) else EVERYTHING
    if sql is None:
        _see(words, is_asked=arguments.named is not None)
    if not words:
        raise UsageError("no recording is given", f"{PROGRAM} query build.onlook 'FROM processes'")
    for word in words:
        check_name(word)
        if ":/" in word and not Path(word).exists():
            from ..lake.store import check_scheme

            check_scheme(word)
        _check_empty(word)
    if sql == "-":
        hint = f"{PROGRAM} query {quote(words[0])} - < question.sql"
        sql = standard_input("SQL", hint).decode("utf-8", "replace")
    if sql is None or not sql.strip(" \t\r\n;"):
        raise UsageError("no SQL is given", f"{PROGRAM} query {quote(words[0])} 'FROM processes', or --named NAME")
    return words, sql


def _scope(arguments: argparse.Namespace, words: Sequence[str]) -> "Scope | None":
    """The part of a lake. Raises UsageError."""
    options = [name for name in ("host", "since", "until") if getattr(arguments, name) is not None]
    if not options:
        return None
    from ..lake.rows import is_lake
    from ..lake.scope import Scope
    from .moments import moment

    if other := next((word for word in words if not is_lake(word)), None):
        hint = f"{PROGRAM} query {quote(other)} --where EXPR, or SQL with WHERE"
        raise UsageError(f"--{options[0]} asks a part of a lake, and {other!r} is none", hint)
    now = time.time()
    since_ns = moment(arguments.since, now) if arguments.since is not None else None
    until_ns = moment(arguments.until, now) if arguments.until is not None else None
    if since_ns is not None and until_ns is not None and since_ns >= until_ns:
        hint = "the first is included, the second is not: --since 2026-01-31 --until 2026-02-01 is one day"
        raise UsageError(f"no time is since {arguments.since!r} and until {arguments.until!r}", hint)
    return Scope(hosts=tuple(dict.fromkeys(arguments.host or ())), since_ns=since_ns, until_ns=until_ns)


def _of_lake(arguments: argparse.Namespace, words: list[str]) -> str:
    """SQL for which times a lake is whole, or for what was put aside. Raises UsageError."""
    from ..lake.rows import is_lake

    option = "--complete" if arguments.complete else "--aside"
    named = next((quote(word) for word in words if is_lake(word)), "LAKE")
    if arguments.complete and arguments.aside:
        raise UsageError("--complete and --aside are two questions", f"{PROGRAM} query {named} --aside")
    if arguments.named is not None or arguments.where is not None or any(map(_is_sql, words)):
        raise UsageError(f"{option} stands in place of SQL, --named and --where", f"{PROGRAM} query {named} {option}")
    if other := next((word for word in words if not is_lake(word)), None):
        hint = f"{PROGRAM} show {quote(other)} says it of a recording"
        if arguments.aside:
            hint = "a recording has all that came: only a lake puts messages aside"
        raise UsageError(f"{option} asks a lake, and {other!r} is none", hint)
    is_table = arguments.output_format == "table"
    if arguments.aside:
        return BRIEF_ASIDE if is_table else ASIDE
    return BRIEF_COVERAGE if is_table else COVERAGE


def _see(words: list[str], *, is_asked: bool) -> None:
    """Words of which the last is no SQL: another may be. Raises UsageError or RecordingError."""
    at = next((at for at, word in enumerate(words) if _is_sql(word)), None)
    if at is not None and not is_asked:
        before, after = words[:at], words[at + 1 :]
        if not before and all(map(_is_there, after)):
            raise UsageError("the SQL comes last", f"{PROGRAM} query {join([*after, words[at]])}")
        if before and not any(map(_is_there, after)):
            sql = " ".join(words[at:])
            raise UsageError("the SQL is one argument, in quotes", f"{PROGRAM} query {join([*before, sql])}")
    if missing := [word for word in words if not _is_there(word)]:
        raise RecordingError(
            f"there is no recording {missing[0]!r}",
            meant(missing[0]) or f"the SQL comes last: {PROGRAM} query build.onlook 'FROM processes'",
        )


def _check_empty(word: str) -> None:
    """A directory that `collect` has made, and not yet written to. Raises UsageError."""
    try:
        found = {entry.name for entry in Path(word).iterdir()}
    except (OSError, ValueError):  # it is no directory
        return
    from ..lake.rows import is_lake

    if found <= {LAKE_NOTES} and not is_lake(word):
        hint = f"{PROGRAM} collect nats://localhost/onlooker --lake {quote(word)}"
        raise UsageError(f"{word!r} is empty: no collector has committed to it yet", hint)


def _is_there(word: str) -> bool:
    from ..lake.rows import is_named

    try:
        return is_named(word) or Path(word).exists()
    except (OSError, ValueError):  # too long a name, for one
        return False


def _is_sql(word: str) -> bool:
    """Whether it is that, and no recording. A file of that name is one; so is what was meant to be one."""
    if word == "-" or not word.strip():
        return True
    if _is_there(word) or word.endswith(".onlook"):
        return False
    return word.lower() in _FIRST_WORDS or any(c.isspace() or c in "();" for c in word)


def list_of_named() -> str:
    """A line for each: its name, what it is, and where, unless it is in the package."""
    from ..escaping import escape
    from ..query.names import named

    every = named().values()
    width = max(len(each.name) for each in every)
    return "".join(
        f"{escape(each.name):{width}}  {escape(each.description)}{f' ({escape(each.path)})' if each.path else ''}\n"
        for each in every
    )
