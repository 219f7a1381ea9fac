"""Events without a kernel."""

import pytest

from onlooker import Exec, Exit, FakeSource, Fork, Open, fake_exec, fake_exit, fake_fork, fake_open
from onlooker.filters import Filter

FAKES = {Fork: fake_fork, Exec: fake_exec, Exit: fake_exit, Open: fake_open}


class Taken(FakeSource):
    """What it gives arrives."""

    def poll(self, timeout):
        found = super().poll(timeout)
        self.taken(found)
        return found


@pytest.mark.parametrize(("cls", "fake"), FAKES.items(), ids=lambda each: each.__name__)
def test_every_field_can_be_given(cls, fake):
    marks = {name: object() for name in cls.__struct_fields__}
    event = fake(**marks)
    assert type(event) is cls
    assert {name: getattr(event, name) for name in cls.__struct_fields__} == marks


@pytest.mark.parametrize("fake", FAKES.values())
def test_an_unknown_field_is_an_error(fake):
    with pytest.raises(TypeError, match="nonsense"):
        fake(nonsense=1)


def test_success_unless_something_else_is_said():
    assert (fake_exit().exit_code, fake_exit().signal) == (0, None)
    assert (fake_exit(signal="SIGKILL").exit_code, fake_exit(signal="SIGKILL").signal) == (None, "SIGKILL")
    assert (fake_open().fd, fake_open().errno) == (3, None)
    assert (fake_open(errno="ENOENT").fd, fake_open(errno="ENOENT").errno) == (None, "ENOENT")


def drained(source: FakeSource) -> list[list[int]]:
    """The pids of each batch until there is none."""
    batches = []
    while found := source.poll(0):
        batches.append([event.pid for event in found])
    return batches


def test_batches_keep_the_order():
    source = Taken((fake_exec(pid=pid) for pid in range(1, 8)), batch=3)
    source.start(Filter())
    assert drained(source) == [[1, 2, 3], [4, 5, 6], [7]]
    assert source.exhausted


def test_it_filters_as_the_probe_would():
    source = Taken([fake_exec(pid=pid) for pid in range(1, 8)], batch=2)
    source.start(Filter.of(pid=[4, 7]))
    assert drained(source) == [[4], [7]]  # a batch that is filtered away is not an end


def test_nothing_is_an_end():
    source = Taken([])
    assert source.exhausted
    assert source.poll(1) == []


def test_the_events_given_are_not_touched():
    events = [fake_exec(), fake_open()]
    source = Taken(events)
    source.start(Filter())
    source.poll(0)
    assert len(events) == 2


def test_what_is_left_can_be_polled_after_stop_and_not_after_close():
    source = Taken([fake_exec(pid=1), fake_exec(pid=2)], batch=1)
    source.start(Filter())
    source.stop()
    assert [event.pid for event in source.poll(0)] == [1]
    source.close()
    source.close()
    assert source.exhausted and source.poll(0) == []


def test_nothing_is_attached():
    assert Taken([]).attached == ()
