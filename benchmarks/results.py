"""The numbers of one run: each subject's table of rows, each cell a list of values, one for each round."""

from statistics import median

import msgspec


class Column(msgspec.Struct, frozen=True):
    """What a number means, and whether its ratio to a peer is told."""

    title: str
    digits: int = 0
    ratio: bool = False


class Table(msgspec.Struct):
    """One subject: rows by the monitor's name, cells by the column's."""

    title: str
    about: str
    columns: dict[str, Column]
    reference: str = "opensnoop"
    rows: dict[str, dict[str, list[float]]] = msgspec.field(default_factory=dict)

    def add(self, row: str, **values: float) -> None:
        """One round of a row."""
        cells = self.rows.setdefault(row, {})
        for name, value in values.items():
            cells.setdefault(name, []).append(round(value, 4))

    def ratio(self, row: str, column: str) -> float | None:
        """How many times more the peer has, by the medians; None if one of the two was not measured, or is no cost."""
        theirs, ours = (self.rows.get(name, {}).get(column) for name in (self.reference, row))
        if not theirs or not ours or min(median(theirs), median(ours)) <= 0:
            return None
        return median(theirs) / median(ours)

    def ratios(self, row: str, column: str) -> list[float]:
        """The same for each round; empty if there is none for the medians, or for one of the rounds."""
        theirs, ours = (self.rows.get(name, {}).get(column, []) for name in (self.reference, row))
        if self.ratio(row, column) is None or len(theirs) != len(ours) or min(*theirs, *ours) <= 0:
            return []
        return [one / other for one, other in zip(theirs, ours, strict=True)]


class Machine(msgspec.Struct):
    """Where and when."""

    processor: str
    cpus: int
    memory_gib: float
    kernel: str
    date: str
    onlooker: str
    missing: list[str]


class Results(msgspec.Struct):
    """A whole run, as --json writes it."""

    machine: Machine
    rounds: int
    quick: bool
    tables: dict[str, Table]
