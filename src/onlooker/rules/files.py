"""YAML that strangers wrote: read by PyYAML's safe loader, with limits, and with the lines where things stand."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Any

import msgspec

from ..errors import ExtraError, UsageError
from .rule import SHIPPED, SHIPPED_DIRECTORY, Place, RefusedError

SUFFIXES = (".yml", ".yaml")
SIDECARS = tuple(f".tests{suffix}" for suffix in SUFFIXES)  # the examples of a rule whose file is somebody else's
LARGEST = 256 << 10  # bytes; the largest rules that people publish have some 30 KiB
MOST_FILES = 20_000  # six times of what SigmaHQ publishes for all systems
MOST_NODES = 50_000
DEEPEST = 24
_TAB = re.compile(r" *\t")


class Document(msgspec.Struct, frozen=True):
    """One document of a file: a mapping, where it begins, and the line of each of its keys; those of the mappings in it
    are named KEY.KEY.
    """

    place: Place
    data: dict[str, Any]
    lines: dict[str, int]


def files_of(path: str) -> list[str]:
    """The rules' files of a directory, or the file that it is. Raises UsageError where there is none."""
    if path == SHIPPED or (path.startswith(f"{SHIPPED}/") and not os.path.lexists(path)):
        path = SHIPPED_DIRECTORY + path.removeprefix(SHIPPED)
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError as error:
        hint = UsageError.unknown("rules", path, [SHIPPED]).hint
        if not hint.startswith("did you mean"):
            hint = f"a file or a directory of rules, or {SHIPPED} for those that come with onlooker"
        raise UsageError(f"cannot read the rules of {path!r}: {error.strerror}", hint) from None
    if not stat.S_ISDIR(mode):
        return [path]
    found: list[str] = []
    for directory, below, names in os.walk(path):
        below.sort()
        found += (f"{directory}/{name}" for name in sorted(names) if is_rules(name))
        if len(found) > MOST_FILES:
            raise UsageError(f"more than {MOST_FILES} files of rules are in {path!r}", "name a directory with fewer")
    if not found:
        raise UsageError(f"no rules are in {path!r}", f"files of rules end with {' or '.join(SUFFIXES)}")
    return found


def is_rules(name: str) -> bool:
    """Whether a file's name is that of rules, and not that of their examples."""
    return name.endswith(SUFFIXES) and not name.endswith(SIDECARS)


def documents(file: str) -> Iterator[Document | tuple[Place, RefusedError]]:
    """The documents of a file, and what is none. Raises RefusedError where the file can't be read at all."""
    text = _text(file)
    yaml = _yaml()
    try:
        _check(yaml.parse(text, Loader=_base(yaml)))
        loader = _loader(yaml)(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                place = Place(file, node.start_mark.line + 1)
                try:
                    found = _document(loader, node, place)
                    if found is not None:
                        yield found
                except RefusedError as error:
                    yield place, error
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _not_yaml(error, text) from None
    except (ValueError, OverflowError, RecursionError) as error:  # of numbers and dates that can't be
        raise RefusedError(f"not YAML that can be read: {error!s:.200}") from None


def first_of(file: str) -> Document:
    """The one document of a file. Raises RefusedError."""
    found = list(documents(file))
    if len(found) != 1 or not isinstance(found[0], Document):
        raise RefusedError("one mapping is expected")
    return found[0]


def _text(file: str) -> str:
    """Raises RefusedError. What is no regular file, as a pipe, is not waited for."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RefusedError("no regular file")
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise RefusedError(f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise RefusedError(f"larger than {LARGEST >> 10} KiB", "split it into several files")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RefusedError("not UTF-8", "save it as UTF-8", line) from None


def _check(events: Iterable[Any]) -> None:
    """Before anything is made of it. Raises RefusedError for an alias, which a small file can make large with, and for
    what is too deep or too much.
    """
    depth = 0
    for number, event in enumerate(events):
        kind, line = type(event).__name__, event.start_mark.line + 1
        if kind == "AliasEvent":
            raise RefusedError(f"an alias (*{event.anchor:.50}): rules have none", "write out what it stands for", line)
        depth += kind in ("MappingStartEvent", "SequenceStartEvent")
        depth -= kind in ("MappingEndEvent", "SequenceEndEvent")
        if depth > DEEPEST:
            raise RefusedError(f"more than {DEEPEST} lists and mappings in each other", line=line)
        if number > MOST_NODES:
            raise RefusedError(f"more than {MOST_NODES} values", "split it into several files", line)


def _document(loader: Any, node: Any, place: Place) -> Document | None:
    data = loader.construct_document(node)
    if data is None:
        return None
    if not isinstance(data, dict):
        raise RefusedError("no rule: a mapping with a title and so on is expected")
    lines = {}
    for key, value in node.value:
        lines[key.value] = key.start_mark.line + 1
        if isinstance(data.get(key.value), dict):
            lines |= {f"{key.value}.{below.value}": below.start_mark.line + 1 for below, _ in value.value}
    for key in data:
        if not isinstance(key, str):
            raise RefusedError(f"not a key of a rule: {key!r:.100}", "in quotes, if it is one")
    return Document(place, data, lines)


def _not_yaml(error: Any, text: str) -> RefusedError:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__
    hint = "quote what has a colon, a brace or a star in it: 'a: b'" if mark else ""
    if mark and _TAB.match(next(iter(text.splitlines()[mark.line : mark.line + 1]), "")):
        hint = "indent with spaces: YAML takes no tab there"
    return RefusedError(f"not YAML that can be read: {what!s:.200}", hint, mark.line + 1 if mark else 0)


def _yaml() -> Any:
    """PyYAML. Raises ExtraError where it is not installed."""
    if find_spec("yaml") is None:
        raise ExtraError("reading rules", "PyYAML", "rules")
    import yaml

    return yaml


def _base(yaml: Any) -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _loader(yaml: Any) -> Any:
    """The safe loader, which takes no key twice."""

    class Loader(_base(yaml)):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                with suppress(TypeError):  # a key that is a list: the loader itself refuses it
                    name = self.construct_object(key, deep=True)
                    if name in seen:
                        raise RefusedError(f"the key {name!r:.100} is there twice", line=key.start_mark.line + 1)
                    seen.add(name)
            return super().construct_mapping(node, deep)

    return Loader
