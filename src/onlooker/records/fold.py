"""What is known of the processes of events, in the lines of those events."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from ..errors import UsageError
from ..events import CONTEXT, CONTEXT_EVENTS, EVENTS, OWN_EVENTS, Event, TaskEvent
from ..schema.layout import declared
from ._records import Buffer, Fold
from .batch import Batch, lines
from .planned import NUMBERS, PLAN, bits_of, compiled

if TYPE_CHECKING:
    from ._records import ContextKind

CONTEXT_NAMES = ("user", "container", "unit", "cgroup", "ancestors")  # in the order in which they are listed
_SHARED = {field.name for field in declared(TaskEvent)} - {"time", "boot_ns"}


def check_context(what: Iterable[str]) -> tuple[str, ...]:
    """The same, each once; "all" is all of them. Raises UsageError for what is never known."""
    found: list[str] = []
    for name in what:
        if name not in (*CONTEXT_NAMES, "all"):
            raise UsageError.unknown("context", name, (*CONTEXT_NAMES, "all"))
        found += CONTEXT_NAMES if name == "all" else [name]
    return tuple(dict.fromkeys(found))


@cache
def key_of(event: str) -> tuple[str, ...]:
    """The fields by which a kind of context says of whom it is.

    >>> key_of("user"), key_of("cgroup"), key_of("ancestry")
    (('uid', 'gid'), ('cgroup_id',), ('pid', 'start_ns'))
    """
    return tuple(field.name for field in declared(OWN_EVENTS[event]) if field.name in _SHARED)


def context_kind(event: str, fields: Iterable[str]) -> "ContextKind":
    """One kind of context for the native part, with the fields that are shown."""
    plan = PLAN.events[NUMBERS[event] - 1]
    places = {step.name: place for place, step in enumerate(plan.steps)}
    keys = key_of(event)
    mine = {field for said in OWN_EVENTS[event].context.values() for field in said}
    own = {
        name
        for name, cls in EVENTS.items()
        # an alert says its ancestors itself
        if set(keys) <= set(cls.__struct_fields__) and not mine.intersection(cls.__struct_fields__)
    }
    at = [(plan.steps[places[name]].at, plan.steps[places[name]].bytes) for name in keys]
    return plan.number, at, bits_of(own), [places[name] for name in fields]


class _TellingBatch(Batch):
    """A batch whose lines have what is known of its processes."""

    __slots__ = ("_fold",)
    _fold: Fold | None

    @classmethod
    def of_events(cls, batch: Batch, fold: Fold | None) -> Self:
        made = cls._of_whole(batch.raw, batch.offset_ns)
        made._fold = fold
        return made

    def json_lines(self) -> Buffer:
        return lines(self, "json", self._fold)

    def text_lines(self) -> Buffer:
        return lines(self, "text", self._fold)


class ContextLines:
    """Lines of batches, in their order, with what the stream says of the processes: of `what`, such as "user".

    >>> from onlooker.testing import make
    >>> [batch] = Batch.of([make("user", uid=7, gid=7, user_name="lp"), make("exit", uid=7, gid=7)])
    >>> made = ContextLines(["user"])
    >>> b'"user_name":"lp"' in bytes(made.json_lines(made.taken(batch)))
    True
    """

    def __init__(self, what: Iterable[str]) -> None:
        """Raises UsageError for what is never known."""
        asked = check_context(what)
        self._shown = {
            event: tuple(field for name in asked if CONTEXT[name] == event for field in OWN_EVENTS[event].context[name])
            for event in reversed(CONTEXT_EVENTS)
            if event in {CONTEXT[name] for name in asked}
        }
        kinds = [context_kind(event, fields) for event, fields in self._shown.items()]
        self._fold = Fold(compiled(), kinds) if kinds else None

    def taken(self, batch: Batch) -> Batch:
        """Learn what a batch says of processes. Returns the rest: the events."""
        if not batch.has_context:
            return batch
        if self._fold is not None:
            for known in Batch.of(map(self._wanted, batch.select(*self._shown).events())):
                self._fold.learn(known.raw)
        return batch.without_context()

    def _wanted(self, event: Event) -> Event:
        """Without what was not asked for."""
        shown = self._shown[event.event]
        others = {name for names in OWN_EVENTS[event.event].context.values() for name in names if name not in shown}
        return replace(event, **{name: _EMPTY.get(name) for name in others}) if others else event

    def told(self, batch: Batch) -> Batch:
        """The same as `taken`; its lines of JSON and text have what is known."""
        return _TellingBatch.of_events(self.taken(batch), self._fold)

    def json_lines(self, batch: Batch) -> Buffer:
        """As those of a batch, with what is known."""
        return lines(batch, "json", self._fold)

    def text_lines(self, batch: Batch) -> Buffer:
        """The same."""
        return lines(batch, "text", self._fold)

    def details(self, batch: Batch, most: int = 0) -> list[str]:
        """The same."""
        return batch.details(most, self._fold)


_EMPTY = {"ancestors_cut": False}
_MOST_KNOWN = 65536  # of each half; whoever tells it tells it again before so much else


class KnownContext:
    """What a stream says of the processes of its events, for Python.

    >>> from onlooker.testing import make
    >>> [batch] = Batch.of([make("user", uid=7, gid=7, user_name="lp", group_name=None), make("exit", uid=7, gid=7)])
    >>> known = KnownContext()
    >>> known.take(batch)
    >>> known.of(make("exit", uid=7, gid=7))
    {'user_name': 'lp'}
    """

    def __init__(self) -> None:
        self._now: dict[tuple[object, ...], dict[str, Any]] = {}
        self._before: dict[tuple[object, ...], dict[str, Any]] = {}

    def take(self, batch: Batch) -> None:
        """Learn what it says."""
        for event in batch.context():
            key = (event.event, *(getattr(event, name) for name in key_of(event.event)))
            if len(self._now) >= _MOST_KNOWN:
                self._now, self._before = {}, self._now
            fields = (name for names in OWN_EVENTS[event.event].context.values() for name in names)
            values = {name: getattr(event, name) for name in fields}
            self._now[key] = {name: value for name, value in values.items() if value not in (None, False)}

    def of(self, event: Event) -> dict[str, Any]:
        """What is known of its process; only what there is."""
        found: dict[str, Any] = {}
        for kind in CONTEXT_EVENTS:
            try:
                key = (kind, *(getattr(event, name) for name in key_of(kind)))
            except AttributeError:  # an event of no process
                continue
            found |= self._now.get(key) or self._before.get(key) or {}
        return found
