"""How many events there were at which time."""

MOST_STEPS = 400  # twice as many as half the width of a screen can tell apart
_FIRST_STEP_NS = 1_000_000


class Activity:
    """`events` and `failures` for each step of time, which is `step_ns` long; the first begins at `first_ns`. Where the
    steps get too many, two become one.
    """

    def __init__(self) -> None:
        self.first_ns = 0
        self.step_ns = _FIRST_STEP_NS
        self.events: list[int] = []
        self.failures: list[int] = []

    def add(self, boot_ns: int, failed: bool) -> None:
        """Learn of an event. One that is older than the first counts as of its time."""
        if not self.events:
            self.first_ns = boot_ns
        step = max(0, boot_ns - self.first_ns) // self.step_ns
        while step >= MOST_STEPS:
            self.step_ns *= 2
            self.events, self.failures = _halved(self.events), _halved(self.failures)
            step //= 2
        if step >= len(self.events):
            more = [0] * (step + 1 - len(self.events))
            self.events += more
            self.failures += more
        self.events[step] += 1
        self.failures[step] += failed


def _halved(counts: list[int]) -> list[int]:
    return [sum(counts[at : at + 2]) for at in range(0, len(counts), 2)]
