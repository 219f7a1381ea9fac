"""The options that say what is wanted, which several commands take."""

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import UsageError
from ..events import DEFAULT_EVENTS, EVENT_GROUPS, TASK_EVENTS
from ..filters import HIGHEST_PID, process_id_error, user_id
from ..monitor import Monitor
from ..probe.processes import is_named, without_processes
from ..records.fold import CONTEXT_NAMES, check_context
from .log import Log
from .parser import is_number, listed, number


def add_wanted(parser: argparse.ArgumentParser, *, default: str = "default", live: bool = True) -> None:
    """Declare them; values are checked by `wanted`, so that a typing error gets its nearest match. `default`: the group
    of events without --events; not `live`: without what only the kernel knows.
    """
    usual = ",".join(DEFAULT_EVENTS) if default == "default" else default
    add = parser.add_argument_group("what to watch").add_argument
    add(
        "-e",
        "--events",
        metavar="LIST",
        action="append",
        help=f"some of {', '.join((*TASK_EVENTS, *EVENT_GROUPS))} (default: {usual})",
    )
    _add_processes(add, live=live)
    add("--failed", action="store_true", help="only failures: calls with an error, non-zero exits")
    add("--success", action="store_true", help="nothing that failed")
    add(
        "--path",
        metavar="PATH",
        action="append",
        help="only what is done to files at or below PATH; may be repeated; without --events: all changes, too",
    )
    add(
        "--writes",
        action="store_true",
        help="only opens for writing, creations and changes; without --events: all of them",
    )
    add("--arg", metavar="TEXT", action="append", help="only executions with this argument; repeat it for more of them")
    _add_expressions(add)
    add("--threads", action="store_true", help="also show the creation of threads")
    add("--first", action="store_true", help="show each thing that a process does to a file only once")
    add(
        "--rate",
        metavar="N",
        help="show at most N events of a process in a second; the rest is counted, and said (0: all)",
    )
    if live:
        explain = "say which part of --where and its like the kernel decides, and exit"
        add("--explain", action="store_true", help=explain)


def add_rules(parser: argparse.ArgumentParser, shown: str) -> None:
    """Declare the options for rules; `shown`: what is shown beside alerts."""
    add = parser.add_argument_group("rules").add_argument
    add(
        "--rules",
        metavar="PATH",
        action="append",
        help=f"alert where a rule of this file or directory finds something, Sigma's or our own; shipped: those that "
        f"come with onlooker; may be repeated; {shown}",
    )
    add("--strict-rules", action="store_true", help="fail if one of the rules can't be used")


def with_rules(arguments: argparse.Namespace, which: dict[str, Any], log: Log) -> dict[str, Any]:
    """What is wanted, with the rules. Raises UsageError and ExtraError."""
    if not arguments.rules:
        if arguments.strict_rules:
            raise UsageError("--strict-rules is for --rules", "--rules /etc/onlooker/rules --strict-rules")
        return which
    from ..rules import load

    found = load(arguments.rules, strict=arguments.strict_rules)
    for note in found.notes:
        log("warning", note)
    return {**which, "rules": found}


def asks_for_events(arguments: argparse.Namespace) -> bool:
    """Whether an option says which events, beside rules."""
    given = ("events", "where", "exclude", "path", "writes", "success", "arg", "hide")
    return any(getattr(arguments, name) for name in given)


def add_some(parser: argparse.ArgumentParser, *, live: bool = True) -> None:
    """Those of them that do not say which events, for commands that know."""
    add = parser.add_argument_group("what to watch").add_argument
    _add_processes(add, live=live)
    _add_expressions(add)


def _add_processes(add: Callable[..., object], *, live: bool = True) -> None:
    add(
        "-f",
        "--filter",
        metavar="LIST",
        action="append",
        help="only processes with these names; NAME* stands for every name that starts with NAME",
    )
    add(
        "-p",
        "--pid",
        metavar="LIST",
        action="append",
        help="only processes with these ids (the machine's, as in the output)",
    )
    add("-u", "--uid", metavar="LIST", action="append", help="only processes of these real users, by name or number")
    if not live:
        return
    add(
        "--exe",
        metavar="NAME|PATH",
        action="append",
        help="only processes that have executed this program or script, whatever they call themselves; may be repeated",
    )
    add(
        "--cgroup",
        metavar="PATH",
        action="append",
        help="only processes in this cgroup of version 2 or below it; may be repeated",
    )


def _add_expressions(add: Callable[..., object]) -> None:
    add(
        "--where",
        metavar="EXPR",
        action="append",
        help="only events for which this holds, as in \"file under '/etc'\"; repeat it for more that must hold",
    )
    add("--exclude", metavar="EXPR", action="append", help="nothing for which this holds; may be repeated")
    add(
        "--hide",
        metavar="LIST",
        action="append",
        help="leave out what programs usually look at: loader, locale, proc, path-search, or noise for all of these",
    )


def add_context(add: Callable[..., object], *, live: bool = True) -> None:
    """Declare what else is shown of processes."""
    which = "" if live else ", of what was recorded with it"
    add(
        "--with",
        dest="context",
        metavar="LIST",
        action="append",
        help=f"also show what is known of each process{which}: some of {', '.join((*CONTEXT_NAMES, 'all'))}",
    )


def context(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What it asks for. Raises UsageError."""
    return check_context(_given("context", getattr(arguments, "context", None)))


def add_command(parser: argparse.ArgumentParser) -> None:
    """Declare what goes with a command to follow; its module has TAKES_COMMAND."""
    add = parser.add_argument_group("following processes, or a command behind --").add_argument
    add("--user", metavar="NAME|UID", help="run the command as this user (default: under sudo, who called it)")
    add("--detach", action="store_true", help="end when the command ends, although descendants of it may go on")
    add(
        "--tree",
        metavar="LIST",
        action="append",
        help="only these processes and their descendants, by process id",
    )


def follow_trees(monitor: Monitor, arguments: argparse.Namespace) -> None:
    """The processes of --tree. Raises UsageError where there is none."""
    for text in _given("process id", arguments.tree):
        monitor.follow(_process_id(text, "tree"))


def command(arguments: argparse.Namespace) -> dict[str, Any]:
    """What it is for `Monitor`."""
    return {"command": arguments.command, "user": arguments.user, "detach": arguments.detach}


def wanted(arguments: argparse.Namespace, *, default: str = "default") -> dict[str, Any]:
    """What they are for `Monitor`. Raises UsageError."""
    return {
        "events": listed(arguments.events) if arguments.events is not None or default == "default" else [default],
        **some(arguments),
        "failed": arguments.failed,
        "success": arguments.success,
        "path": arguments.path or (),
        "writes": arguments.writes,
        "arg": arguments.arg or (),
        "threads": arguments.threads,
        "first": arguments.first,
        "rate": _rate(arguments.rate),
    }


def some(arguments: argparse.Namespace) -> dict[str, Any]:
    """The same of `add_some`. Raises UsageError."""
    return {
        "comm": _given("process name", arguments.filter),
        "pid": process_ids(arguments.pid),
        "uid": _given("user", arguments.uid),
        "exe": getattr(arguments, "exe", None) or (),
        "cgroup": getattr(arguments, "cgroup", None) or (),
        "where": arguments.where or (),
        "exclude": arguments.exclude or (),
        "hide": _given("set to hide", arguments.hide),
    }


def process_ids(values: Sequence[str] | None) -> list[int]:
    """Those of --pid. Raises UsageError."""
    return [_process_id(text) for text in _given("process id", values)]


def note_doubts(arguments: argparse.Namespace, log: Log) -> None:
    """Tell what may not be meant so."""
    for note in (*_name_notes(arguments.filter), *_path_notes(getattr(arguments, "path", None) or ())):
        log("warning", note)
    if log.says("debug"):
        for note in _user_notes(_given("user", arguments.uid)):
            log("debug", note)


def _path_notes(paths: Sequence[str]) -> list[str]:
    """Those that are not there, which may be what is waited for."""
    return [f"there is no {path!r} yet" for path in paths if not os.path.lexists(path)]


def _rate(text: str | None) -> int:
    return 0 if text is None else number("rate", text)


def _given(what: str, values: Sequence[str] | None) -> list[str]:
    """Nothing for an option that was not given; one that is given and empty, as by a `$(pidof ...)`, is a mistake."""
    found = listed(values) or []
    if values is not None and not found:
        raise UsageError(f"no {what} is given", "name one, or several with commas")
    return found


def _name_notes(values: Sequence[str] | None) -> list[str]:
    """A name with a space that was taken for two, although there is a process of that name."""
    return [
        f"{value!r} is read as {len(names)} names; if it is one name, type --filter '\"{value}\"'"
        for value in values or ()
        if value.isprintable() and len(names := listed([value]) or ()) > 1 and " ".join(names) == value
        if is_named(value)
    ]


def _user_notes(users: Sequence[str]) -> list[str]:
    """Those of the users that no process belongs to now, as they were typed."""
    ids = {user: user_id(user) for user in users}
    absent = without_processes(ids.values()) if ids else []
    named = [user for user, number_ in ids.items() if number_ in absent]
    return [f"these users have no process now: {', '.join(named)}"] if named else []


def _process_id(text: str, option: str = "pid") -> int:
    if not is_number(text) or not 1 <= int(text) <= HIGHEST_PID:
        wrong = process_id_error(text)
        wrong.command_hint = wrong.command_hint.replace("--pid", f"--{option}")
        raise wrong
    return int(text)
