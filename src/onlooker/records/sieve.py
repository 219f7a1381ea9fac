"""What the user wants to be left out: repetitions, and what one process does too often."""

from ..events import OWN_EVENTS
from ..schema.plan import EventPlan
from ._records import Sift
from .batch import Batch
from .planned import NUMBERS, PLAN, bits_of, compiled

_EVENTS = {number: name for name, number in NUMBERS.items()}
# the names of each file that an event is about, the best first
_FILES = (("real_path", "exe", "joined_path", "path"), ("joined_new_path", "new_path"))


class Sieve:
    """With `first`, each thing that a process does to a file, with the same result, passes once. Of what a process does
    in a second (of the boot clock), `rate` events pass; 0: all. The rest is counted, and told as a loss for the
    reason "rate".

    >>> from onlooker.testing import make
    >>> sieve = Sieve(first=True)
    >>> [batch] = Batch.of([make("open", path=path) for path in "aba"])
    >>> [event.path for event in sieve.sifted(batch)], sieve.repeated
    (['a', 'b'], 1)

    What was seen takes up to 16 MiB, for a million files; after so many it starts again, and what was seen before
    passes once more (`forgot`).
    """

    def __init__(self, *, first: bool = False, rate: int = 0) -> None:
        places = {event.number: {step.name: place for place, step in enumerate(event.steps)} for event in PLAN.events}
        self._sift = Sift(
            compiled(),
            first,
            rate,
            {number: _groups(steps) for number, steps in places.items()},
            {number: steps["errno"] for number, steps in places.items() if "errno" in steps},
            _offsets(PLAN.events[0]),
        )

    def sifted(self, batch: Batch) -> Batch:
        """What passes, and reports of what was over the rate. The same batch again gives the same again."""
        left, excess, boot_ns = self._sift.sifted(batch.raw, bits_of(OWN_EVENTS))
        return batch.left(left, [(count, _EVENTS[number], "rate") for number, count in excess.items()], boot_ns)

    @property
    def repeated(self) -> int:
        """How many repetitions were left out."""
        return self._sift.repeated()[0]

    @property
    def forgot(self) -> int:
        """How often the memory of what was seen was full, and started again."""
        return self._sift.repeated()[1]

    def over(self) -> list[tuple[int, int, str]]:
        """The processes that were over the rate, the worst first: how many events were left out, process id, name."""
        found = sorted(self._sift.over(), reverse=True)
        return [(count, pid, comm.decode("utf-8", "surrogateescape")) for count, pid, comm in found]


def _groups(steps: dict[str, int]) -> list[list[int]]:
    return [[steps[name] for name in names if name in steps] for names in _FILES]


def _offsets(event: EventPlan) -> tuple[int, int, int]:
    """Where a record has its process: the same in all."""
    at = {step.name: step.at for step in event.steps}
    return at["pid"], at["start_ns"], at["comm"]
