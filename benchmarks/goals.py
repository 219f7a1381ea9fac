"""What onlooker may cost at most, and whether it did not cost more."""

from statistics import median

import msgspec

from .results import Results


class Goal(msgspec.Struct, frozen=True):
    """A column of one row of a subject: a `fraction` of the peer's at most, or at most so much (`most`)."""

    what: str
    subject: str
    row: str
    column: str
    fraction: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        if self.fraction is None:
            return f"{self.most:g} at most"
        return "the peer's at most" if self.fraction == 1 else f"1/{self.fraction:g} of the peer's at most"

    def outcome(self, results: Results) -> tuple[str, str] | None:
        """What it was, in the goal's own terms, and whether that is enough; None where it was not measured."""
        table = results.tables.get(self.subject)
        values = table.rows.get(self.row, {}).get(self.column) if table else None
        if not table or not values:
            return None
        if self.fraction is None:
            assert self.most is not None
            found = median(values)
            return f"{found:.{table.columns[self.column].digits}f}", _said(found <= self.most)
        times = table.ratio(self.row, self.column)
        if times is None:  # one of the two is below zero
            return "no more than noise", "unclear"
        return f"1/{times:.1f}" if times >= 1 else f"{1 / times:.1f} times the peer's", _said(times >= self.fraction)


def _said(is_met: bool) -> str:
    return "met" if is_met else "missed"


_JSON = "onlooker, JSON"
GOALS = (
    Goal("added to an open, JSON", "open", _JSON, "added", fraction=12),
    Goal("added to an open that the filter rejects", "open", "onlooker, rejected by the filter", "added", fraction=25),
    Goal("added to an unrelated system call", "unrelated", _JSON, "added", fraction=1),
    Goal("its own time for an open, JSON", "consumer", "onlooker, json", "us", fraction=15),
    Goal("its own time for an open, text", "consumer", "onlooker, text", "us", fraction=12),
    Goal("opens lost in a tight loop, %", "consumer", "onlooker, json", "lost", most=0),
    Goal("5 000 opens a second, % of a core", "losses", f"{_JSON}, 5,000 a second", "cpu", most=0.5),
    Goal("idle, % of a core", "idle", _JSON, "cpu", most=0.02),
    Goal("idle, wake-ups a second", "idle", _JSON, "wakeups", most=0),
    Goal("idle, PSS in MiB", "idle", _JSON, "pss", most=32),
    Goal("start, ms", "idle", _JSON, "start", most=300),
    Goal("added to a build, %", "build", f"{_JSON}, all default events", "added", most=3),
)


def section(results: Results) -> str:
    """All goals as a table; of what was not measured nothing is said."""
    lines = ["## Goals", "", "| | goal | measured | |", "|---|---|---|---|"]
    for goal in GOALS:
        if outcome := goal.outcome(results):
            lines.append(f"| {goal.what} | {goal} | {' | '.join(outcome)} |")
    return "\n".join(lines)
