"""Markdown from the numbers."""

from statistics import median

from . import goals
from .results import Column, Results, Table

# what the README tells: what it is, the table, onlooker's row, the peer's, the column
SUMMARY = (
    ("an open, added (JSON)", "open", "onlooker, JSON", "opensnoop", "added"),
    ("an open every 50 us, added", "sparse", "onlooker, JSON", "opensnoop", "added"),
    ("an open with `--no-resolve`, added", "open", "onlooker, JSON, --no-resolve", "opensnoop", "added"),
    ("an open that the filter rejects, added", "open", "onlooker, rejected by the filter", "opensnoop", "added"),
    ("a spawn, added", "spawn", "onlooker, JSON, all default events", "execsnoop", "added"),
    ("an unrelated system call, added", "unrelated", "onlooker, JSON", "opensnoop", "added"),
    ("its own time in JSON", "consumer", "onlooker, json", "opensnoop", "us"),
    ("its own time in text", "consumer", "onlooker, text", "opensnoop", "us"),
    ("opens lost, in a tight loop", "consumer", "onlooker, json", "opensnoop", "lost"),
    ("idle", "idle", "onlooker, JSON", "opensnoop", "cpu"),
    ("idle", "idle", "onlooker, JSON", "opensnoop", "wakeups"),
    ("idle", "idle", "onlooker, JSON", "opensnoop", "pss"),
    ("start, until it watches", "idle", "onlooker, JSON", "opensnoop", "start"),
    ("a build, `make -j2`", "build", "onlooker, JSON, all default events", "opensnoop and execsnoop", "added"),
)
DASH = "-"


def spread(values: list[float] | None, digits: int) -> str:
    """Median and range."""
    if not values:
        return DASH
    middle, least, most = (
        f"{value:,.{digits}f}".replace(",", " ") for value in (median(values), min(values), max(values))
    )
    return middle if len(values) == 1 else f"{middle} ({least} to {most})"


def ratio(value: float | None) -> str:
    """As a fraction of the peer's."""
    return DASH if value is None else f"1/{value:.1f}" if value >= 1 else f"{1 / value:.1f}"


def _ratio_spread(table: Table, row: str, column: str) -> str:
    """As a fraction of the peer's, and the least and the most of all rounds."""
    each = sorted(table.ratios(row, column), reverse=True)
    middle = ratio(table.ratio(row, column))
    return f"{middle} ({ratio(each[0])} to {ratio(each[-1])})" if len(each) > 1 and row != table.reference else middle


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _heads(table: Table) -> list[str]:
    heads = []
    for column in table.columns.values():
        heads += [column.title, *([f"of {table.reference}'s"] if column.ratio else [])]
    return heads


def _cells(table: Table, row: str) -> list[str]:
    cells = []
    for name, column in table.columns.items():
        cells.append(spread(table.rows[row].get(name), column.digits))
        if column.ratio:
            cells.append(_ratio_spread(table, row, name))
    return cells


def section(table: Table) -> str:
    """One subject."""
    lines = [_line(["", *_heads(table)]), _line(["---"] * (1 + len(_heads(table))))]
    lines += [_line([row, *_cells(table, row)]) for row in table.rows]
    return f"## {table.title}\n\n{table.about}\n\n" + "\n".join(lines)


def where(results: Results) -> str:
    """One sentence on the machine."""
    machine = results.machine
    missing = f" Not installed: {', '.join(machine.missing)}." if machine.missing else ""
    rounds = "1 round" if results.rounds == 1 else f"{results.rounds} rounds"
    return (
        f"Measured on {machine.date} with onlooker {machine.onlooker} on Linux {machine.kernel}, {machine.cpus} CPUs "
        f"({machine.processor}), {machine.memory_gib:.0f} GiB; {rounds}, in turns; median (least to most).{missing}"
    )


def page(results: Results) -> str:
    """All of it."""
    return "\n\n".join([where(results), goals.section(results), *(section(table) for table in results.tables.values())])


def _summary_row(results: Results, row: tuple[str, str, str, str, str]) -> str | None:
    what, name, ours, theirs, key = row
    table = results.tables.get(name)
    if not table or ours not in table.rows:
        return None
    column: Column = table.columns[key]
    cells = [spread(table.rows.get(each, {}).get(key), column.digits) for each in (ours, theirs)]
    share = ratio(table.ratio(ours, key)) if theirs == table.reference else DASH
    unit = column.title.removeprefix("added, ").removeprefix("start, ").removeprefix("lost, ")
    return _line([f"{what}: {unit}", cells[0], f"{cells[1]}{' (execsnoop)' if theirs == 'execsnoop' else ''}", share])


def summary(results: Results) -> str:
    """What the README tells."""
    rows = [made for row in SUMMARY if (made := _summary_row(results, row))]
    return "\n".join([where(results), "", "| | onlooker | opensnoop | ratio |", "|---|---|---|---|", *rows])
