"""The accuracy table, in Markdown: one row for each workload, then what the explanations are."""

from collections import Counter
from collections.abc import Mapping

from .compare import Comparison
from .facts import FACTS

HEAD = ("workload", *(f"{name}s" for name in FACTS), "equal", "missing", "extra", "explained", "order", "onlooker says")


def table(results: Mapping[str, Comparison]) -> str:
    """All of it, with a last row that sums up."""
    total = Comparison()
    for each in results.values():
        total.add(each)
    rows = [_row(name, each) for name, each in results.items()] + [_row("**all**", total)]
    lines = ["| " + " | ".join(row) + " |" for row in (HEAD, ("---",) * len(HEAD), *rows)]
    return "\n".join(lines + explanations(total.explained))


def _row(name: str, result: Comparison) -> tuple[str, ...]:
    counts = (*(result.expected[name] for name in FACTS), result.equal, len(result.missing), len(result.extra))
    numbers = (f"{number:,}".replace(",", " ") for number in (*counts, result.explained.total()))
    order = f"{len(result.out_of_order)} tasks differ" if result.out_of_order else "same"
    return (name, *numbers, order, "complete" if result.complete else "incomplete")


def explanations(explained: Counter[str]) -> list[str]:
    """What is explained, below a table."""
    if not explained.total():
        return []
    return ["", "Explained:", "", *(f"- {count} x {what}" for what, count in explained.items() if count)]
