"""A rule's own examples: what it must find, and what it must not. And a baseline, in which it must find nothing."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from ..errors import OnlookerError, UsageError
from ..events import TASK_EVENTS, Event, TaskEvent
from ..events.alert import Alert
from ..recordings.recording import Recording
from ..records import Batch
from ..records.made import make
from .detector import Detector
from .rule import MATCH, NO_MATCH, Rule

_PARENT, _PROCESS, _RECORDING = "parent", "process", "recording"
_OF_PROCESS = ("comm", "exe", "argv", "uid", _PARENT)  # what an example may say of a process
_MOST_PARENTS = 16
_KINDS = f"its tests are {MATCH} and {NO_MATCH}, each a list, and nothing else"
_FORMS = "an event ({event: exec, exe: /bin/sh}), a list of events, or {recording: FILE}"


class Tried(msgspec.Struct, frozen=True):
    """How the examples of a rule went: how many there are of each kind, and what failed, in words."""

    rule: Rule
    match: int = 0
    no_match: int = 0
    failed: tuple[str, ...] = ()


def try_rule(rule: Rule) -> Tried:
    """Show it its examples."""
    if rule.tests is None:
        return Tried(rule)
    given = rule.tests
    if not isinstance(given, dict) or not set(given) <= {MATCH, NO_MATCH}:
        return Tried(rule, failed=(_KINDS,))
    counts, failed = Counter[str](), []
    for what in (MATCH, NO_MATCH):
        examples = given.get(what) or []
        if not isinstance(examples, list):
            failed.append(f"{what} is a list of examples: {_FORMS}")
            continue
        for number, example in enumerate(examples, 1):
            counts[what] += 1
            wrong = _tried(rule, example, must_match=what == MATCH)
            if wrong:
                failed.append(f"{what} {number}: {wrong}")
    return Tried(rule, counts[MATCH], counts[NO_MATCH], tuple(failed))


def mistakes(rule: Rule) -> Iterator[str]:
    """What in its examples is none, in words; they are read, and not tried."""
    given = rule.tests
    for what in (MATCH, NO_MATCH) if isinstance(given, dict) else ():
        examples = given.get(what) or []
        for number, example in enumerate(examples if isinstance(examples, list) else (), 1):
            try:
                _batches(rule, example)
            except OnlookerError as error:
                yield f"{what} {number}: {_in_words(error)}"
        if not isinstance(examples, list):
            yield f"{what} is a list of examples: {_FORMS}"
    if given is not None and not isinstance(given, dict):
        yield _KINDS


def alerts_in(
    rules: Iterable[Rule], batches: Iterable[Batch], look: Callable[[], None] = lambda: None
) -> Iterator[Alert]:
    """What rules find in batches, which come in their order; `look` is called after each."""
    detector = Detector(tuple(rules))
    for batch in batches:
        found = detector.with_alerts(batch)
        if Alert.event in found.counts():
            yield from (event for event in found.select(Alert.event) if isinstance(event, Alert))
        look()


def _tried(rule: Rule, example: Any, *, must_match: bool) -> str:
    """What is wrong; empty where it is right."""
    try:
        batches, event = _batches(rule, example)
        found = [alert for alert in alerts_in([rule], batches) if event is None or _is_of(alert, event)]
    except OnlookerError as error:
        return _in_words(error)
    if must_match and not found:
        return f"no alert: {example!s:.300}"
    if not must_match and found:
        return f"an alert, and there must be none: {found[0].record:.300}"
    return ""


def _in_words(error: OnlookerError) -> str:
    return f"{error}{f' ({error.hint})' if error.hint else ''}"


def _is_of(alert: Alert, event: Event) -> bool:
    return alert.boot_ns == event.boot_ns and alert.matched == event.event


def _batches(rule: Rule, example: Any) -> tuple[Iterable[Batch], Event | None]:
    """The batches of an example; and the event that it is about, where that is one. Raises UsageError."""
    if isinstance(example, list):
        return Batch.of([_event(each, number) for number, each in enumerate(example)]), None
    if isinstance(example, dict) and set(example) == {_RECORDING}:
        file = os.path.join(os.path.dirname(rule.place.file), str(example[_RECORDING]))  # noqa: PTH118, PTH120
        return Recording(file).batches(), None
    if not isinstance(example, dict):
        raise UsageError(f"not an example: {example!r:.100}", _FORMS)
    event = _event({key: value for key, value in example.items() if key not in (_PARENT, _PROCESS)}, 0)
    before = list(_before(event, example)) if isinstance(event, TaskEvent) else []
    return Batch.of([*before, event]), event


def _event(given: Any, number: int) -> Event:
    """Events of a list are a millisecond apart, unless they say when they were."""
    name = given.get("event") if isinstance(given, dict) else None
    if isinstance(name, str) and name not in TASK_EVENTS:
        raise UsageError.unknown("event", name, tuple(TASK_EVENTS))
    if not isinstance(given, dict) or not isinstance(name, str):
        raise UsageError(f"not an event: {given!r:.200}", f"{{event: exec, ...}}, one of {', '.join(TASK_EVENTS)}")
    fields = {str(key): _value(value) for key, value in given.items() if key != "event"}
    made: Event = make(name, **fields)
    return made if "boot_ns" in fields else msgspec.structs.replace(made, boot_ns=made.boot_ns + number * 1_000_000)


def _value(value: Any) -> Any:
    return tuple(map(_value, value)) if isinstance(value, list) else value


def _before(event: TaskEvent, example: dict[str, Any]) -> Iterator[Event]:
    """What tells of the process of an event and its parents, the oldest first."""
    parents: list[dict[str, Any]] = []
    above = example.get(_PARENT)
    while above is not None and len(parents) < _MOST_PARENTS:
        parents.append(_of_process(above, _PARENT))
        above = above.get(_PARENT)
    pid, start_ns, moment = event.pid, event.start_ns, event.boot_ns - 1000
    born: list[Event] = []
    if _PROCESS in example:
        own = _of_process(example[_PROCESS], _PROCESS)
        born.append(make("exec", pid=pid, ppid=event.ppid, start_ns=start_ns, boot_ns=moment, **own))
    ppid = event.ppid
    for own in parents:
        moment -= 2
        older = start_ns - 1_000_000
        child = {"child_pid": pid, "child_ppid": ppid, "child_start_ns": start_ns, "comm": own.get("comm", "fake")}
        born.append(make("fork", pid=ppid, ppid=ppid - 1, start_ns=older, boot_ns=moment, **child))
        born.append(make("exec", pid=ppid, ppid=ppid - 1, start_ns=older, boot_ns=moment - 1, **own))
        pid, ppid, start_ns = ppid, ppid - 1, older
    yield from reversed(born)


def _of_process(given: Any, what: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise UsageError(f"{what} is a process: {given!r:.100}", "{comm: nginx, exe: /usr/sbin/nginx}")
    for name in given:
        if name not in _OF_PROCESS:
            raise UsageError.unknown(f"field of a {what}", name, _OF_PROCESS)
    return {name: _value(value) for name, value in given.items() if name != _PARENT}
