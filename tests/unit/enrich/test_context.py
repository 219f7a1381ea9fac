"""What is known of processes is in the stream before the first event that it is about."""

import json
import shutil
import time

import pytest

from onlooker import Monitor
from onlooker.enrich import context
from onlooker.enrich.cgroups import Cgroups
from onlooker.enrich.context import Context, Places
from onlooker.enrich.processes import ProcessTable
from onlooker.enrich.users import Users
from onlooker.errors import UsageError
from onlooker.records import Batch
from onlooker.testing import FakeSource, make

ID = "4f66ad9a0b2e" + "0" * 52


class Machine:
    """A hierarchy of control groups, files of a runtime, users."""

    def __init__(self, root):
        self.root, self.hierarchy = root, root / "cgroup"
        self.hierarchy.mkdir()
        (self.hierarchy / "cgroup.controllers").touch()
        (root / "passwd").write_text("root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n")
        (root / "group").write_text("root:x:0:\nstaff:x:50:ann\n")
        self.asked = []

    def cgroup(self, path):
        directory = self.hierarchy / path.lstrip("/")
        directory.mkdir(parents=True)
        return directory.stat().st_ino

    def docker(self, **config):
        path = self.root / f"var/lib/docker/containers/{ID}/config.v2.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config))

    def places(self):
        def ask(number):
            self.asked.append(number)
            return {77: "late"}.get(number, str(number))

        return Places(
            self.root,
            Cgroups((self.hierarchy,), self.root / "proc"),
            Users(self.root / "passwd", ask),
            Users(self.root / "group", ask),
        )

    def context(self, *what, table=None):
        return Context(what, table, self.places())


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def added(made, *events):
    [batch] = Batch.of(events)
    return made.added(batch, batch).events()


def test_users_and_groups_are_told_once(machine):
    made = machine.context("user")
    first = added(made, make("open", uid=1000, gid=50), make("exit", uid=0, gid=0))
    assert [event.event for event in first] == ["user", "user", "open", "exit"]
    assert [(event.uid, event.user_name, event.group_name) for event in first[:2]] == [
        (1000, "ann", "staff"),
        (0, "root", "root"),
    ]
    assert {event.boot_ns for event in first[:2]} == {make("open").boot_ns}
    assert [event.event for event in added(made, make("open", uid=0, gid=0))] == ["open"]
    assert [event.event for event in added(made, make("open", uid=0, gid=50))] == ["user", "open"]


def test_a_name_that_comes_late_is_told_then(machine):
    made = machine.context("user")
    [first, _] = added(made, make("open", uid=77, gid=0))
    assert (first.user_name, first.group_name) == (None, "root")
    deadline = time.monotonic() + 5
    while (found := added(made, make("open", uid=77, gid=0)))[0].event == "open" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (found[0].event, found[0].user_name) == ("user", "late")


def test_a_container_and_its_unit(machine):
    machine.docker(Name="/web", Config={"Image": "nginx:1"})
    number = machine.cgroup(f"/system.slice/docker-{ID}.scope")
    [found, _] = added(machine.context("container", "unit"), make("open", cgroup_id=number))
    assert found.container_id == ID
    assert (found.container_name, found.container_image, found.container_runtime) == ("web", "nginx:1", "docker")
    assert (found.unit, found.cgroup) == (f"docker-{ID}.scope", None)


@pytest.mark.parametrize("what, field", [("container", "container_id"), ("unit", "unit"), ("cgroup", "cgroup")])
def test_only_what_was_asked_for(machine, what, field):
    number = machine.cgroup(f"/system.slice/docker-{ID}.scope")
    [found, _] = added(machine.context(what), make("open", cgroup_id=number))
    others = {"container_id", "unit", "cgroup"} - {field}
    assert getattr(found, field) and not any(getattr(found, other) for other in others)


def test_what_a_runtime_writes_late_is_told_then(machine, monkeypatch):
    monkeypatch.setattr(context, "_FIRST_TRY", 0.001)
    number = machine.cgroup(f"/system.slice/docker-{ID}.scope")
    made = machine.context("container")
    [first, _] = added(made, make("open", cgroup_id=number))
    assert (first.container_id, first.container_name) == (ID, None)
    machine.docker(Name="/web")
    time.sleep(0.005)
    [again, _] = added(made, make("open", cgroup_id=number))
    assert (again.event, again.container_name) == ("cgroup", "web")
    time.sleep(0.005)
    assert [event.event for event in added(made, make("open", cgroup_id=number))] == ["open"]


def test_a_control_group_that_is_gone_is_unknown(machine):
    [found, _] = added(machine.context("container", "cgroup"), make("open", cgroup_id=2**40))
    assert found == make("cgroup", cgroup_id=2**40, **dict.fromkeys(found.__struct_fields__[3:]))


def test_one_that_was_removed_keeps_what_was_known(machine):
    number = machine.cgroup("/jobs/one")
    made = machine.context("cgroup")
    assert added(made, make("open", cgroup_id=number))[0].cgroup == "/jobs/one"
    shutil.rmtree(machine.hierarchy / "jobs")
    made._seen.forget()
    assert added(made, make("open", cgroup_id=number))[0].cgroup == "/jobs/one"


def test_all_is_told_again_after_a_while(machine):
    made = machine.context("user")
    added(made, make("open", uid=0, gid=0))
    made._forget_at = time.monotonic()
    assert [event.event for event in added(made, make("open", uid=0, gid=0))] == ["user", "open"]


def test_the_same_batch_again_gets_the_same(machine):
    made = machine.context("user")
    [batch] = Batch.of([make("open", uid=0, gid=0)])
    assert made.added(batch, batch).events() == made.added(batch, batch).events()


def test_ancestors_as_they_were():
    table = ProcessTable(None, keeps_lines=True)
    table.take(
        [
            make("exec", pid=5, start_ns=1, ppid=0, comm="init", exe="/init"),
            make("fork", pid=5, start_ns=1, ppid=0, comm="init", child_pid=6, child_start_ns=2, child_ppid=5),
            make("exec", pid=6, start_ns=2, ppid=5, comm="sh", exe="/bin/sh"),
            make("fork", pid=6, start_ns=2, ppid=5, comm="sh", child_pid=7, child_start_ns=3, child_ppid=6),
            make("exec", pid=6, start_ns=2, ppid=5, comm="other", exe="/bin/other"),
            make("exit", pid=6, start_ns=2, ppid=5, comm="other"),
        ]
    )
    [found, _] = added(Context(["ancestors"], table), make("exit", pid=7, start_ns=3))
    assert (found.ancestors, found.ancestor_pids) == (("sh", "init"), ("6", "5"))
    assert (found.ancestor_exes, found.ancestors_cut) == (("/bin/sh", "/init"), False)


def test_ancestors_that_nobody_knows():
    [found, _] = added(Context(["ancestors"], ProcessTable(None)), make("exit", pid=7, start_ns=3))
    assert (found.ancestors, found.ancestors_cut) == (None, True)


def test_a_chain_without_end_takes_no_memory_without_end():
    table = ProcessTable(None, keeps_lines=True)
    count = 1000
    for pid in range(1, count):
        ids = {"pid": pid, "start_ns": pid, "ppid": pid - 1, "comm": f"p{pid}"}
        table.take(
            [make("fork", **ids, child_pid=pid + 1, child_start_ns=pid + 1, child_ppid=pid), make("exit", **ids)]
        )
    names, _, _, is_cut = table.ancestors_of(count, count)
    assert (names[0], len(names), is_cut) == (f"p{count - 1}", 64, True)
    assert table.find(count, count).line.length <= 129


def test_a_monitor_gives_it_with_the_events():
    events = [make("open", uid=0, gid=0), make("exit", uid=0, gid=0)]
    with Monitor(context=["user"], source=FakeSource(events)) as monitor:
        assert list(monitor) == events
        assert monitor.context_of(events[0]) == {"user_name": "root", "group_name": "root"}
        assert monitor.stats().events == {"open": 1, "exit": 1}
    with Monitor(context=["user"], source=FakeSource(events)) as monitor:
        [batch] = monitor.batches()
    assert [event.event for event in batch] == ["user", "open", "exit"]
    assert (len(batch), batch.counted, batch.has_context) == (3, 2, True)
    assert [event.event for event in batch.without_context()] == ["open", "exit"]


def test_the_rest_of_a_batch_keeps_it():
    events = [make("open", uid=0, gid=0, fd=fd) for fd in range(3)]
    with Monitor(context=["user"], source=FakeSource(events)) as monitor:
        assert next(iter(monitor)) == events[0]
        assert [event.event for event in monitor.poll_batch()] == ["user", "open", "open"]


def test_without_it_there_is_none():
    with Monitor(source=FakeSource([make("open")])) as monitor:
        assert [monitor.context_of(event) for event in monitor] == [{}]


def test_ancestors_take_the_life_of_processes_that_was_not_asked_for():
    fork = make("fork", pid=5, start_ns=1, comm="sh", child_pid=7, child_start_ns=3, child_ppid=5)
    opened = make("open", pid=7, start_ns=3, ppid=5)
    with Monitor(events=["open"], context=["ancestors"], source=FakeSource([fork, opened])) as monitor:
        assert list(monitor) == [opened]
        assert monitor.context_of(opened)["ancestors"] == ("sh",)


def test_what_is_never_known():
    with pytest.raises(UsageError, match="unknown context 'usr'") as caught:
        Monitor(context=["usr"])
    assert caught.value.hint == "did you mean 'user'?"
