"""The thread that delivers: it lives on, and if it does not, that is said."""

import time

import pytest

from onlooker.sinks.transport import TransportError

from .made import Server, opens, sink_with


class Sulking(Server):
    """Raises what a library may, also where nothing can be done about it."""

    def close(self) -> None:
        raise ZeroDivisionError("at the end")


def test_a_connection_that_can_not_even_be_closed_does_not_end_the_sender():
    server = Sulking(TransportError("gone"))
    sink = sink_with(server)
    sink.write(opens(10)[0])
    sink.close()
    assert not sink.lost
    assert sum(each.head.records for each in server.got) == 10


class Fatal(BaseException):
    """Nothing that a handler expects."""


@pytest.mark.filterwarnings("error")
def test_a_sender_that_has_ended_is_told_and_what_waits_is_lost():
    told: list[str] = []
    server = Server(None, Fatal("\x1b[31m"))
    sink = sink_with(server, told=told)
    sink.write(opens(10)[0])
    while sink.sender.is_running:
        time.sleep(0.01)
    assert not sink.is_alive
    assert not sink.sender.is_connected
    sink.write(opens(5)[0])
    sink.close()
    assert sum(sink.lost.values()) == 15
    [line] = told
    assert "nothing is delivered any more, its thread has ended: 'Fatal: \\x1b[31m'" in line
    assert sink.sender.death


def test_a_packer_that_has_ended_is_told_and_what_comes_is_lost(monkeypatch):
    told: list[str] = []
    server = Server()
    sink = sink_with(server, told=told)

    def fail(*_: object, **__: object) -> None:
        raise Fatal

    assert sink._packer
    monkeypatch.setattr(sink._packer, "message", fail)
    sink.write(opens(10)[0])
    while sink._thread.is_alive():
        time.sleep(0.01)
    sink.write(opens(5)[0])
    sink.close()
    assert sink.lost == {("open", "unsent"): 15}
    [line] = told
    assert "the thread that packs it has ended" in line


def test_a_line_that_can_not_be_told_does_not_end_the_sender():
    server = Server(TransportError("gone"))
    sink = sink_with(server)

    def broken(_: str) -> None:
        raise BrokenPipeError

    sink.sender._tell = broken
    sink.write(opens(10)[0])
    sink.close()
    assert not sink.lost


def test_a_server_that_takes_nothing_is_not_reached_again():
    told: list[str] = []
    server = Server(*[TransportError("storage full")] * 4)
    sink = sink_with(server, told=told)
    sink.write(opens(10)[0])
    sink.close()
    assert [line.partition("/onlooker")[2] for line in told] == [
        ": storage full; events wait, and it tries again",
        " is reached again",
    ]
    assert server.opened == 5
