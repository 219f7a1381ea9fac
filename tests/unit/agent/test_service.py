"""What a reload changes, and what the service manager is told."""

from pathlib import Path

import pytest

from onlooker import Monitor
from onlooker.agent.config import load
from onlooker.agent.reload import reload
from onlooker.agent.service import Service
from onlooker.agent.watchdog import Watchdog
from onlooker.errors import UsageError
from onlooker.testing import FakeSource, make

SINK = '[[sinks]]\nurl = "nats://localhost/onlooker"\n'
WATCH = '[watch]\nevents = ["open"]\n'
OPENS = [make("open", path=f"/{name}/1") for name in "abc"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "agent.toml"
    made.write_text(f"{SINK}{WATCH}path = ['/a']")
    return made


def monitor(events=(), **given) -> Monitor:
    return Monitor(events=["open"], source=FakeSource(list(events)), **given)


def test_only_the_filter(file):
    before = load(str(file))
    file.write_text(f"{SINK}{WATCH}where = \"file under '/b'\"")
    with monitor(OPENS, path=["/a"]) as watching:
        found = reload(str(file), before, watching)
        assert [event.path for event in watching.poll()] == ["/b/1"]
    assert (found.result, found.words("x")) == ("done", "reloaded x: the filter has changed")
    assert found.config == load(str(file))


@pytest.mark.parametrize(
    ("text", "waiting"),
    [
        (f"{SINK}{WATCH}path = ['/a']", ""),
        (f"{SINK}{WATCH}path = ['/a']\nuid = [1]", "watch.uid"),
        (f"{SINK}{WATCH}path = ['/a']\ncontext = ['user']", "watch.context"),
        (f"{SINK}[watch]\nevents = ['exec']\npath = ['/a']", "watch.events"),
        (f"{SINK}[watch]\npath = ['/a']", "watch.events"),
        (f"{SINK}{WATCH}path = ['/a']\n[metrics]\n[host]\nname = 'x'", "host metrics"),
        (f"{SINK}memory = '2M'\n{WATCH}path = ['/a']", "sinks"),
    ],
)
def test_what_needs_a_restart(file, text, waiting):
    before = load(str(file))
    file.write_text(text)
    with monitor(path=["/a"]) as watching:
        wanted = watching.filter
        found = reload(str(file), before, watching)
        assert watching.filter == wanted
    assert found.waiting == tuple(waiting.split())
    assert (found.has_changed, found.result) == (False, "restart" if waiting else "done")
    assert found.config == before  # so that the next reload says it again
    said = (
        f"x: not applied until a restart: {', '.join(found.waiting)}" if waiting else "reloaded x: nothing has changed"
    )
    assert found.words("x") == said


def test_the_filter_changes_although_something_else_needs_a_restart(file):
    before = load(str(file))
    file.write_text(f"{SINK}{WATCH}path = ['/b']\n[metrics]")
    with monitor(OPENS, path=["/a"]) as watching:
        found = reload(str(file), before, watching)
        assert [event.path for event in watching.poll()] == ["/b/1"]
    assert (found.result, found.waiting) == ("partly", ("metrics",))
    assert found.words("x") == "reloaded x: the filter has changed; not applied until a restart: metrics"
    assert (found.config.watch.path, found.config.metrics) == (["/b"], None)


@pytest.mark.parametrize("also", ["rules = ['shipped']", "context = ['ancestors']", "context = ['all']"])
def test_with_rules_or_ancestors_the_filter_needs_a_restart(file, also):
    file.write_text(f"{SINK}{WATCH}{also}")
    before = load(str(file))
    file.write_text(f"{SINK}{WATCH}{also}\npath = ['/a']")
    with monitor(path=["/a"]) as watching:
        found = reload(str(file), before, watching)
    assert found.waiting == ("watch.path",)


def test_what_path_implies(tmp_path):
    """Without events, a path also means those that change files: they would have to be attached."""
    file = tmp_path / "agent.toml"
    file.write_text(SINK)
    before = load(str(file))
    file.write_text(f"{SINK}[watch]\npath = ['/a']")
    with Monitor(source=FakeSource([])) as watching:
        found = reload(str(file), before, watching)
    assert found.waiting == ("watch.path",)


def test_a_file_that_is_wrong_changes_nothing(file):
    before = load(str(file))
    file.write_text(f"{SINK}{WATCH}pth = ['/b']")
    with monitor(path=["/a"]) as watching:
        wanted = watching.filter
        with pytest.raises(UsageError):
            reload(str(file), before, watching)
        assert watching.filter is wanted


def test_parents_and_ancestors_need_a_restart(file):
    before = load(str(file))
    file.write_text(f"{SINK}{WATCH}where = \"parent.comm == 'sh'\"")
    with monitor(path=["/a"]) as watching:
        wanted = watching.filter
        with pytest.raises(UsageError, match="can't be changed while it runs"):
            reload(str(file), before, watching)
        assert watching.filter is wanted


def test_what_the_service_says(file):
    told, notified, drained = [], [], []
    with monitor(path=["/a"]) as watching:
        service = Service(str(file), load(str(file)), watching, [], lambda *line: told.append(line), notified.append)
        service.look(lambda: drained.append(1))
        assert (told, notified, service.left()) == ([], [], None)
        service.ask_reload()
        assert service.left() == 0
        file.write_text(f"{SINK}{WATCH}path = ['/b']")
        service.look(lambda: drained.append(1))
        assert drained == [1]
        file.write_text("[")
        service.ask_reload()
        service.look(lambda: None)
        file.write_text(f"{SINK}{WATCH}path = ['/c']\n[host]\nname = 'x'")
        service.ask_reload()
        service.look(lambda: None)
        service.ask_reload()
        service.look(lambda: None)
        service.close()
        service.close()
    assert told[0] == ("info", f"reloaded {file}: the filter has changed")
    assert told[1][0] == "warning"
    assert told[1][1].startswith(f"not reloaded, the configuration stays as it was: {file}: no TOML: ")
    assert "\n" not in told[1][1]
    assert [line.partition("\n")[0] for line in notified] == ["RELOADING=1", "READY=1"] * 4
    assert notified[0].partition("\nMONOTONIC_USEC=")[2].isdigit()
    assert dict(service.reloads) == {"done": 1, "partly": 1, "restart": 1, "refused": 1}
    assert told[3] == ("warning", f"{file}: not applied until a restart: host")


def test_the_watchdog(monkeypatch):
    now, told = [100.0], []
    monkeypatch.setattr("onlooker.agent.watchdog.time.monotonic", lambda: now[0])
    dog = Watchdog(told.append, {"WATCHDOG_USEC": "30000000"})
    dog.look(lambda: True, lambda: "well")
    assert told == ["WATCHDOG=1\nSTATUS=well"]
    assert dog.left() == 15
    now[0] += 14
    dog.look(lambda: True, lambda: "well")
    assert len(told) == 1
    now[0] += 1
    dog.look(lambda: False, lambda: "ill")  # then it is killed
    assert len(told) == 1


@pytest.mark.parametrize(
    "environment", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}]
)
def test_no_watchdog(environment):
    told = []
    dog = Watchdog(told.append, environment)
    dog.look(lambda: True, str)
    assert (dog.left(), told) == (None, [])
