"""What was done to each file, and by which process."""

from array import array

from ..answers.files import is_special
from ..answers.uses import MISSING, SECTIONS, sections_of
from ..events import TaskEvent

MOST_FILES = 200_000  # 60 MB of them, with paths of 100 bytes
MOST_USES = 1_000_000  # pairs of a process and a file: 100 MB

SECTION_NUMBERS = {section: number for number, section in enumerate(SECTIONS)}
# what does nothing with a file where it succeeds
_ASKS = frozenset(("stat", "access", "readlink", "chdir", "fork", "exit"))

Key = tuple[int, int]


class Files:
    """`paths` are all files, each with `len(SECTIONS)` numbers in `counts`: how often it was read, written, ...

    `uses` has for each process the files that it used: `file * len(SECTIONS) + section` -> how often. `beyond` counts
    uses of files for which there was no room, `uses_beyond` those that are in `counts`, but not in `uses`.
    """

    def __init__(self, most: int = MOST_FILES, most_uses: int = MOST_USES) -> None:
        self.paths: list[str] = []
        self.counts = array("Q")
        self.uses: dict[Key, dict[int, int]] = {}
        self.beyond = 0
        self.uses_beyond = 0
        self._numbers: dict[str, int] = {}
        # each for what was there, and for what was missing: a search for files leaves room for those that are written
        self._rooms, self._rooms_for_uses = [most, most], [most_uses, most_uses]

    def add(self, event: TaskEvent) -> None:
        """Learn from an event that succeeded, or found nothing."""
        if event.event in _ASKS and getattr(event, "errno", None) is None:
            return
        for file, section, _ in sections_of(event):
            number = self._numbers.get(file)
            if number is None:
                if not self._rooms[section == MISSING]:
                    self.beyond += 1
                    continue
                self._rooms[section == MISSING] -= 1
                number = self._numbers[file] = len(self.paths)
                self.paths.append(file)
                self.counts.extend((0,) * len(SECTIONS))
            place = number * len(SECTIONS) + SECTION_NUMBERS[section]
            self.counts[place] += 1
            self._use(event, place, is_missing=section == MISSING)

    def _use(self, event: TaskEvent, place: int, *, is_missing: bool) -> None:
        uses = self.uses.setdefault((event.pid, event.start_ns), {})
        if place in uses:
            uses[place] += 1
        elif self._rooms_for_uses[is_missing]:
            self._rooms_for_uses[is_missing] -= 1
            uses[place] = 1
        else:
            self.uses_beyond += 1

    def users(self) -> list[int]:
        """By how many processes each file was used, however it was."""
        found = [0] * len(self.paths)
        for uses in self.uses.values():
            for number in {place // len(SECTIONS) for place in uses}:
                found[number] += 1
        return found

    def special(self) -> dict[str, int]:
        """For each section how many files are the kernel's, or devices."""
        width = len(SECTIONS)
        places = [place for place, path in enumerate(self.paths) if is_special(f"{path}/")]
        return {
            section: sum(self.counts[place * width + number] > 0 for place in places)
            for section, number in SECTION_NUMBERS.items()
        }

    def totals(self) -> dict[str, tuple[int, int]]:
        """For each section how many files, and how many times."""
        each = {section: self.counts[number :: len(SECTIONS)] for section, number in SECTION_NUMBERS.items()}
        return {section: (sum(map(bool, counts)), sum(counts)) for section, counts in each.items()}
