"""What is known of processes, as columns of the tables of a lake."""

from pathlib import Path

import pytest

from onlooker.filters.where import Asked
from onlooker.lake.tables import LakeTables
from onlooker.testing import make

from .made import BEGAN, SECOND, held, writer

NONE = dict.fromkeys(make("cgroup").__struct_fields__[3:])
LATE = BEGAN + 60 * SECOND


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """Two hosts, whose control groups have the same id; one sender began again."""
    first = [
        make("user", uid=1, gid=2, user_name="ann", group_name=None),
        make("cgroup", cgroup_id=3, **NONE | {"container_name": "web"}),
        make("open", uid=1, gid=2, cgroup_id=3, path="/one"),
    ]
    own = writer(tmp_path)
    own.commit([held(1, first), held(2, [make("open", uid=1, gid=9, cgroup_id=3, path="/two")], first=3)])
    own.commit([held(1, [make("cgroup", cgroup_id=3, **NONE | {"container_name": "db"})], run=LATE)])
    own.commit([held(1, [make("open", uid=1, gid=2, cgroup_id=3, path="/three")], host="web2", boot="b")])
    return str(tmp_path)


def test_columns_are_there_where_they_are_asked_for(lake: str) -> None:
    asked = {"opens", "events", "container_name", "user_name"}
    with LakeTables(lake, names=asked) as tables:
        run = tables.connection.execute
        found = run("SELECT host, path, container_name, user_name FROM opens ORDER BY host, run, seq").fetchall()
        assert found == [("web1", "/one", "db", "ann"), ("web1", "/two", "db", None), ("web2", "/three", None, None)]
        found = run("SELECT container_name, count(*) FROM events GROUP BY 1 ORDER BY 1").fetchall()
        assert found == [("db", 2), (None, 1)]
    with LakeTables(lake, names={"opens", "events", "cgroups"}) as tables:
        assert "container_name" not in tables.names()["opens"]
        assert "container_name" not in tables.names()["events"]
        assert tables.connection.execute("SELECT container_name FROM cgroups ORDER BY run").fetchall() == [
            ("web",),
            ("db",),
        ]


def test_expressions_ask_for_it(lake: str) -> None:
    where = Asked(where="container.name == 'db' and path == '/two'").expression(("open",))
    with LakeTables(lake, where, names={"events", "processes"}) as tables:
        run = tables.connection.execute
        assert run("SELECT path, container_name FROM events").fetchall() == [("/two", "db")]
        assert run("SELECT host, events FROM processes").fetchall() == [("web1", 1)]
