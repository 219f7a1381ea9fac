"""What was done to each file: how often it was read, written, created, removed, or wanted where it was not there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from ..counted import counted
from ..escaping import escape
from ..events import TASK_EVENTS, TaskEvent
from .actions import done
from .files import MOST_FILES, TEMPORARY, kind_of
from .folding import Group, folded
from .page import Page, listed

READ, WRITTEN, CREATED, MOVED_AWAY, MISSING = "read", "written", "created", "removed", "missing"
SECTIONS = (READ, WRITTEN, CREATED, MOVED_AWAY, MISSING)
_SECTION_OF = {
    **dict.fromkeys(("read", "executed"), READ),
    **dict.fromkeys(("created", "linked", "symlinked", "renamed to", "bound"), CREATED),
    **dict.fromkeys(("removed", "renamed"), MOVED_AWAY),
    **dict.fromkeys(("written", "appended", "truncated", "chmod", "chown", "set times"), WRITTEN),
    **dict.fromkeys(("set xattr", "removed xattr", "exchanged"), WRITTEN),
}
NEVER_THERE = ("deleted", "tmpfile", "memfd", "pseudo", "detached")  # states of a file that no path leads to
_FEWEST_FOLDED = 3  # temporary files
_MOST_NAMES = 16  # of the processes that used a file
# what has to do with files when it succeeds; everything else only where nothing was there
EVENTS = tuple(TASK_EVENTS)
_CALLS = ("exec", "open", *(name for name, each in TASK_EVENTS.items() if each.is_change))
WHERE = f"event in ({', '.join(map(repr, _CALLS))}) or errno == 'ENOENT'"


class FileUse(msgspec.Struct, gc=False):
    """`counts` and `words` are by section; `is_new`: it was made meanwhile, `is_gone`: and is there no more. Who makes
    a file looks first whether it is there: what was not there and came later is not missing.
    """

    time: str
    counts: dict[str, int]
    words: dict[str, tuple[str, ...]]
    comms: tuple[str, ...] = ()
    is_new: bool = False
    is_gone: bool = False

    def add(self, section: str, words: Sequence[str], comm: str, time: str) -> None:
        """One event."""
        if section != MISSING and self.counts.keys() == {MISSING}:
            self.time, self.counts, self.words, self.comms = time, {}, {}, ()
        self.counts[section] = self.counts.get(section, 0) + 1
        known = self.words.get(section, ())
        if fresh := [word for word in words if word not in known]:
            self.words[section] = (*known, *fresh)
        if section == CREATED:
            self.is_new |= len(self.counts) == 1 and not self.is_gone
            self.is_gone = False
        elif section == MOVED_AWAY:
            self.is_gone = True
        if comm not in self.comms and len(self.comms) < _MOST_NAMES:
            self.comms = (*self.comms, comm)

    def kind(self, file: str) -> str:
        """What it is at the end."""
        if self.counts.keys() == {MISSING}:
            return MISSING
        return kind_of(file, is_new=self.is_new, is_gone=self.is_gone)


Used = tuple[str, FileUse]


def sections_of(event: TaskEvent) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The files that it is about, the section of each, and the words for what was done; what failed for another reason
    than that nothing was there is in none.
    """
    error = getattr(event, "errno", None)
    if error is not None:
        if error == "ENOENT":
            for file, words in done(event):
                yield file, MISSING, words
                return  # of two, it may be any
        return
    for file, words in done(event):
        if getattr(event, "file_state", None) in NEVER_THERE:
            continue
        by_section: dict[str, list[str]] = {}
        for word in words:
            if word in _SECTION_OF:
                by_section.setdefault(_SECTION_OF[word], []).append(word)
        # what makes it comes first
        for section in (CREATED, WRITTEN, READ, MOVED_AWAY):
            if section in by_section:
                yield file, section, tuple(by_section[section])


def is_failure(event: TaskEvent) -> bool:
    """Whether it failed for another reason than that nothing was there. That a file is no link is an answer."""
    error = getattr(event, "errno", None)
    return error not in (None, "ENOENT") and not (error == "EINVAL" and event.event == "readlink")


class Uses:
    """Learns what is done to files; by a group, where there are several. Each section has room for `MOST_FILES`, so
    that a search for what is missing leaves room for what is written: `beyond` counts by section the uses of others.
    """

    def __init__(self, most: int = MOST_FILES, *, is_kept: Callable[[str], bool] = lambda file: True) -> None:
        """`is_kept`: whether a file is wanted."""
        self.groups: dict[Any, dict[str, FileUse]] = {}
        self.beyond: Counter[str] = Counter()
        self._rooms = dict.fromkeys(SECTIONS, most)
        self._is_kept = is_kept

    def add(self, event: TaskEvent, group: Any = None) -> None:
        """Learn from an event."""
        for file, section, words in sections_of(event):
            if not self._is_kept(file):
                continue
            use = self.groups.get(group, {}).get(file)
            if use is None:
                if self._rooms[section] <= 0:
                    self.beyond[section] += 1
                    continue
                self._rooms[section] -= 1
                use = self.groups.setdefault(group, {})[file] = FileUse(event.time, {}, {})
            use.add(section, words, event.comm, event.time)

    def of(self, section: str, group: Any = None) -> list[Used]:
        """The files of a section, in the order of their first use."""
        return [(file, use) for file, use in self.groups.get(group, {}).items() if section in use.counts]

    def not_listed(self, section: str, remedy: str = "") -> list[str]:
        """What is said below a section of the files for which there was no room, with what to do about it."""
        count = self.beyond[section]
        said = f"not listed: {counted(count, 'use')} of other files, for which there was no room"
        return [f"{said}; {remedy}" if remedy else said] if count else []


def in_section(used: Iterable[Used], section: str) -> list[Used]:
    """Those that are in it."""
    return [(file, use) for file, use in used if section in use.counts]


def use_row(file: str, use: FileUse) -> dict[str, Any]:
    """A file as an object."""
    words = tuple(dict.fromkeys(word for each in use.words.values() for word in each))
    counts = {section: use.counts.get(section) for section in SECTIONS}
    return {"file": file, "kind": use.kind(file), "time": use.time, **counts, "how": words, "comms": use.comms}


def head_of(section: str, used: Sequence[Used]) -> str:
    """What a section is."""
    times = sum(use.counts[section] for _, use in used)
    return f"{section}: {counted(len(used), 'file')}, {counted(times, 'time')}"


def rows_of(section: str, used: Sequence[Used], page: Page, most: int) -> list[tuple[str, str, str]]:
    """How often, how, and what: the files of a section; where they are more than `most` (0: any number), directories
    stand for them. In a terminal, temporary files are one row.
    """
    temporary = [(file, use) for file, use in used if use.kind(file) == TEMPORARY] if page.width else []
    if len(temporary) < _FEWEST_FOLDED:
        temporary = []
    rest = [(file, use) for file, use in used if not temporary or use.kind(file) != TEMPORARY]
    groups = folded(rest, most) if rest else []
    rows = [_row(section, group, page) for group in groups]
    if temporary:
        rows.append(_row(section, Group(temporary), page, f"({len(temporary)} temporary files)"))
    return rows


def _row(section: str, group: Group[FileUse], page: Page, said: str = "") -> tuple[str, str, str]:
    words = [*dict.fromkeys(word for use in group.items for word in use.words[section])]
    how = listed(words, page.width and max(12, page.width // 2 - 9))
    times = str(sum(use.counts[section] for use in group.items))
    if not said and len(group.items) > 1:
        said = f"({len(group.items)} {'other ' if group.is_rest else ''}files)"
    place = escape(group.place) if not said or group.place != "/" else ""
    return times, how, f"{place}{' ' if place and said else ''}{said}"
