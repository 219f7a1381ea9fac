"""Whether a measurement meets the goals."""

from benchmarks import goals
from benchmarks.results import Column, Machine, Results, Table


def results(**tables: Table) -> Results:
    return Results(Machine("a", 2, 1.0, "6.18", "2026-01-31", "0.1.0", []), 1, False, tables)


def test_goals() -> None:
    """Met, missed, unclear, and not measured; a fraction of the peer's, and a number."""
    columns = {"added": Column("added, ns", ratio=True)}
    opens = Table("Opens", "", columns)
    opens.add("opensnoop", added=1200)
    opens.add("onlooker, JSON", added=100)
    opens.add("onlooker, rejected by the filter", added=50)
    calls = Table("Calls", "", columns)
    calls.add("opensnoop", added=-1)
    calls.add("onlooker, JSON", added=100)
    idle = Table("Idle", "", {"cpu": Column("%", 2), "pss": Column("PSS", 1)})
    idle.add("onlooker, JSON", cpu=0.5, pss=30)
    rows = goals.section(results(open=opens, unrelated=calls, idle=idle)).splitlines()[4:]
    assert rows == [
        "| added to an open, JSON | 1/12 of the peer's at most | 1/12.0 | met |",
        "| added to an open that the filter rejects | 1/25 of the peer's at most | 1/24.0 | missed |",
        "| added to an unrelated system call | the peer's at most | no more than noise | unclear |",
        "| idle, % of a core | 0.02 at most | 0.50 | missed |",
        "| idle, PSS in MiB | 32 at most | 30.0 | met |",
    ]
