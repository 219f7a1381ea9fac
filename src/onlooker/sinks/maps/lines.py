"""Documents of a map as lines of JSON: templates for what is often, into which the values of an event are copied.

An event of a process has few forms: its kind, which fields it has, and the answers to the questions that a map asks of
them. The first event of a form makes a template: the map makes a document, with slots in place of the values. What
follows has its values, already in JSON, copied into that. A map that asks a slot something else gets an error, and not
a wrong answer.
"""

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from ...events import TASK_EVENTS
from ...records import Batch, values_of
from ..formats import Said, said
from ..message import Head
from .values import ASKED, MARKED, TOGETHER, Function, Slot, encoded

Document = Callable[[Said, Head], dict[str, Any]]
_CONSTANTS = frozenset((b"true", b"false", b"0", b'""', b"[]", b"null"))
_LARGE = re.compile(rb":\d{19}")  # may be a number that a map writes as a text
_MOST_FORMS = 4096
_encoder = msgspec.json.Encoder(enc_hook=encoded)


class Lines:
    """By a map: `document` makes an object of an event."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._of: tuple[str, str, int] | None = None
        self._forms: dict[bytes, _Form] = {}

    def encode(self, head: Head, batches: Sequence[Batch]) -> bytes:
        """A line for each event."""
        of = (head.host, head.boot_id, head.run)
        if of != self._of or len(self._forms) > _MOST_FORMS:
            self._forms, self._of = {}, of
        found: list[bytes] = []
        for batch in batches:
            self._add(found, head, batch)
        return b"".join(found)

    def _add(self, found: list[bytes], head: Head, batch: Batch) -> None:
        """The lines of a batch. All in one place: a call takes a twentieth of the time that a line does."""
        data = batch.to_json()
        if _LARGE.search(data):
            found += [self._slowly(each, head) for each in said([batch])]
            return
        texts = _encoder.encode_lines(str(batch.to_text(), "utf-8", "replace").split("\n")).split(b"\n")
        forms = self._forms
        for (kind, values), text in zip(values_of(data), texts, strict=False):
            values.append(text)
            form = forms.get(kind)
            if form is None:
                form = forms[kind] = _Form(kind)
            if not form.is_often:
                found.append(self._slowly(form.said(values, batch.offset_ns), head))
                continue
            key: tuple[object, ...]
            key = tuple([raw if (raw := values[place]) in _CONSTANTS else None for place in form.asked])
            if form.together:
                key = (*key, *[_first_equal(values, places) for places in form.together])
            template = form.templates.get(key)
            if template is None:
                template = form.templates[key] = form.made(self._document, head, values)
            for function, place in template.functions:
                values.append(function(values[place]))
            if template.walls:
                wall_ns = b"%d" % (int(values[form.boot_at]) + batch.offset_ns)
                values += [function(wall_ns) for function in template.walls]
            found.append(template.text % template.get(values))

    def _slowly(self, each: Said, head: Head) -> bytes:
        return _encoder.encode(self._document(each, head)) + b"\n"


class _Form:
    """A kind of event with certain fields. `is_often`: it is worth a template; `asked`: where the fields are whose
    values a map may ask for; `together`: those that it may compare.
    """

    def __init__(self, kind: bytes) -> None:
        first, event, *others = kind.decode().rstrip(",").split(",")
        self.names = (first, *others)
        self.is_often = event.strip('"') in TASK_EVENTS
        self.boot_at = self.names.index("boot_ns")
        self.asked = [place for place, name in enumerate(self.names) if name in ASKED]
        groups = [[place for place, name in enumerate(self.names) if name in group] for group in TOGETHER]
        self.together = [places for places in groups if len(places) > 1]
        self.templates: dict[tuple[object, ...], _Template] = {}

    def said(self, values: list[bytes], offset_ns: int) -> Said:
        """An event, whose values are these and its text."""
        *decoded, text = map(msgspec.json.decode, values)
        fields = dict(zip(self.names, decoded, strict=True))
        return Said(fields, fields["boot_ns"] + offset_ns, text)

    def made(self, document: Document, head: Head, values: list[bytes]) -> "_Template":
        """A template for events of which the same is true."""
        used: list[Slot] = []
        fields: dict[str, Any] = {}
        for name, raw in zip(self.names, values, strict=False):
            if name == "event" or (name in ASKED and raw in _CONSTANTS):
                fields[name] = msgspec.json.decode(raw)
            else:
                fields[name] = Slot(used, name, is_text=raw[:1] == b'"')
        for places in self.together:
            for place, first in zip(places, _first_equal(values, places), strict=True):
                fields[self.names[place]] = fields[self.names[places[first]]]
        wall_ns: Any = Slot(used, _WALL, is_text=False)
        text: Any = Slot(used, _TEXT, is_text=True)
        made = _encoder.encode(document(Said(fields, wall_ns, text), head))
        return _Template(made, used, (*self.names, _TEXT))


def _first_equal(values: list[bytes], places: list[int]) -> tuple[int, ...]:
    """Of each of these values, which is the first that is the same."""
    raws = [values[place] for place in places]
    return tuple(map(raws.index, raws))


_TEXT, _WALL = " text", " wall"  # no field is called that


class _Template:
    """A document with slots: `text % get(values)`, where behind the values comes what `functions` make of the values at
    these places, then what `walls` make of the time.
    """

    def __init__(self, made: bytes, used: list[Slot], names: tuple[str, ...]) -> None:
        slots = [used[int(marked[1])] for marked in MARKED.finditer(made)]
        derived = [each for each in slots if each.function is not None and each.name != _WALL]
        timed = [each for each in slots if each.function is not None and each.name == _WALL]
        self.functions = [(each.function, names.index(each.name)) for each in derived if each.function is not None]
        self.walls: list[Function] = [each.function for each in timed if each.function is not None]
        at = {id(each): len(names) + place for place, each in enumerate([*derived, *timed])}
        self.get = itemgetter(*(at[id(each)] if id(each) in at else names.index(each.name) for each in slots))
        self.text = MARKED.sub(b"%b", made.replace(b"%", b"%%")) + b"\n"
