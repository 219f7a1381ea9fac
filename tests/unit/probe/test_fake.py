"""Events without a kernel."""

from onlooker.filters import Filter
from onlooker.testing import FakeSource, make


class Taken(FakeSource):
    """What it gives arrives."""

    def poll(self, timeout):
        found = super().poll(timeout)
        if found:
            self.taken(found)
        return found


def drained(source: FakeSource) -> list[list[int]]:
    """The pids of each batch until there is none."""
    batches = []
    while found := source.poll(0):
        batches.append([event.pid for event in found])
    return batches


def test_batches_keep_the_order():
    source = Taken((make("exec", pid=pid) for pid in range(1, 8)), batch=3)
    source.start(Filter())
    assert drained(source) == [[1, 2, 3], [4, 5, 6], [7]]
    assert source.exhausted


def test_it_filters_as_the_probe_would():
    source = Taken([make("exec", pid=pid) for pid in range(1, 8)], batch=2)
    source.start(Filter.of(pid=[4, 7]))
    assert drained(source) == [[4], [7]]  # a batch that is filtered away is not an end


def test_nothing_is_an_end():
    source = Taken([])
    assert source.exhausted
    assert source.poll(1) is None


def test_the_events_given_are_not_touched():
    events = [make("exec"), make("open")]
    source = Taken(events)
    source.start(Filter())
    source.poll(0)
    assert len(events) == 2


def test_what_is_left_can_be_polled_after_stop_and_not_after_close():
    source = Taken([make("exec", pid=1), make("exec", pid=2)], batch=1)
    source.start(Filter())
    source.stop()
    assert [event.pid for event in source.poll(0)] == [1]
    source.close()
    source.close()
    assert source.exhausted and source.poll(0) is None


def test_nothing_is_attached():
    assert Taken([]).attached == ()
