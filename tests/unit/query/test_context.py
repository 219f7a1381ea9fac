"""What is known of processes, as columns of the tables of a recording."""

import json
from pathlib import Path

import pytest

import onlooker
from onlooker.records import Batch
from onlooker.testing import make

from .made import record as recording

NONE = dict.fromkeys(make("cgroup").__struct_fields__[3:])
WEB = {**NONE, "container_id": "a" * 64}
EVENTS = [
    make("user", uid=1, gid=2, user_name="ann", group_name=None),
    make("cgroup", cgroup_id=3, **WEB),
    make("open", uid=1, gid=2, cgroup_id=3, path="/one"),
    make("cgroup", cgroup_id=3, **WEB | {"container_name": "web"}),
    make("open", uid=1, gid=2, cgroup_id=3, path="/two"),
    make("open", uid=1, gid=9, cgroup_id=4, path="/three"),
    make("exit", uid=1, gid=2, cgroup_id=3),
    make("lost", count=2),
]


@pytest.fixture(params=["sealed", "log"])
def made(request, tmp_path: Path) -> Path:
    return Path(recording(tmp_path / "r.onlook", EVENTS, sealed=request.param == "sealed"))


def test_columns_of_the_tables_of_events(made):
    with onlooker.open(made) as found:
        asked = "SELECT path, container_name, user_name, group_name, unit FROM opens ORDER BY seq"
        assert found.sql(asked).fetchall() == [
            ("/one", "web", "ann", None, None),
            ("/two", "web", "ann", None, None),
            ("/three", None, None, None, None),
        ]
        asked = "SELECT container_name, count(*) FROM events GROUP BY 1 ORDER BY 1"
        assert found.sql(asked).fetchall() == [("web", 3), (None, 1)]
        assert found.sql("SELECT user_name FROM users").fetchall() == [("ann",)]
        assert found.sql("SELECT container_name FROM cgroups ORDER BY seq").fetchall() == [(None,), ("web",)]


def test_events_without_and_with_it(made):
    with onlooker.open(made) as found:
        assert [event.event for event in found] == ["open", "open", "open", "exit", "lost"]
        whole = [event.event for batch in found.batches(context=True) for event in batch]
        assert whole == [event.event for event in EVENTS]


def test_a_recording_without_it_has_no_such_columns(tmp_path):
    path = recording(tmp_path / "r.onlook", [make("open")])
    with onlooker.open(path) as found, pytest.raises(onlooker.QueryError) as caught:
        found.sql("SELECT container_name FROM opens")
    assert "recorded --with container" in caught.value.hint


def test_in_lines_of_replay_and_export(made, capfd):
    from onlooker.cli.main import main

    for words in (["replay", "--with", "all", "--output-format", "json"], ["export", "--format", "json"]):
        main([words[0], str(made), *words[1:]])
        lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        assert [line.get("container_name") for line in lines] == ["web", "web", None, "web", None]
        assert [line.get("user_name") for line in lines] == ["ann", "ann", None, "ann", None]


@pytest.mark.parametrize(
    "where, paths",
    [
        ("container.name == 'web'", {"/two", "/one"}),
        ("user.name == 'ann' and path != '/one'", {"/two"}),
        ("not container.name == 'web'", {"/three"}),
        ("container.name != 'web'", set()),
        ("container.id startswith 'aa'", {"/one", "/two"}),
        ("group.name exists", set()),
        ("unit exists or path == '/three'", {"/three"}),
    ],
)
def test_expressions_in_sql(made, where, paths):
    from onlooker.filters.parse import parse
    from onlooker.query.tables import Database

    with Database([made], parse(where)) as database:
        found = {path for (path,) in database.connection.execute("SELECT path FROM opens").fetchall()}
    assert found == paths


def test_two_recordings_are_not_mixed(tmp_path):
    """Another machine has other control groups by the same ids."""
    one = recording(tmp_path / "one.onlook", EVENTS[:3])
    other = recording(tmp_path / "two.onlook", [make("cgroup", cgroup_id=3, **NONE | {"unit": "b.service"}), EVENTS[2]])
    from onlooker.query.tables import Database

    with Database([one, other]) as database:
        asked = "SELECT user_name, unit FROM opens ORDER BY recording"
        assert database.connection.execute(asked).fetchall() == [("ann", None), (None, "b.service")]


def test_context_of_a_batch():
    [batch] = Batch.of(EVENTS)
    assert [event.event for event in batch.context()] == ["user", "cgroup", "cgroup"]
    assert (len(batch), batch.counted, len(batch.without_context())) == (8, 4, 5)
