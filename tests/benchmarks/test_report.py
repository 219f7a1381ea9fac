"""Markdown from numbers."""

from benchmarks import report
from benchmarks.results import Column, Table


def test_a_table() -> None:
    """A ratio is of the medians; its range is that of the rounds, where each of them has one."""
    table = Table("Opens", "In turns.", {"added": Column("added, ns", ratio=True)})
    for theirs, ours, noise in ((100, 10, -1), (120, 12, 5), (90, 30, 9)):
        table.add("opensnoop", added=theirs)
        table.add("onlooker, JSON", added=ours)
        table.add("fatrace", added=noise)
    assert report.section(table).splitlines()[4:] == [
        "|  | added, ns | of opensnoop's |",
        "| --- | --- | --- |",
        "| opensnoop | 100 (90 to 120) | 1/1.0 |",
        "| onlooker, JSON | 12 (10 to 30) | 1/8.3 (1/10.0 to 1/3.0) |",
        "| fatrace | 5 (-1 to 9) | 1/20.0 |",
    ]
