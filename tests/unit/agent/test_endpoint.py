"""The endpoint: what it serves, also while the loop hangs, and to clients that mean no good."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from onlooker.agent import http
from onlooker.agent.config import Metrics
from onlooker.agent.desk import Desk
from onlooker.agent.health import NoAnswerError, ask, lines_of
from onlooker.agent.http import Server
from onlooker.agent.metrics import CONTENT_TYPE, page
from onlooker.agent.state import SinkState, State
from onlooker.cli.main import main
from onlooker.errors import UsageError
from onlooker.probe.source import Waiting
from onlooker.stats import Stats
from tests.servers.running import wait_for

SINK = SinkState("nats://a/b", True, "", {"messages": 3, "records": 7}, {"memory": 5}, {"memory": 9}, 1, {}, True)
STATE = State(
    ("exec", "open"),
    Stats({"open": 23, "lost": 1}, {("open", "ring full"): 4}, 2, 1.0),
    Waiting(8, 16, 3, 32),
    (SINK,),
    0.5,
    {"done": 1, "refused": 0},
)


@contextmanager
def serving(state: State = STATE, *, hangs: bool = False) -> Iterator[tuple[Server, str]]:
    """A server, and a loop that answers for it."""
    desk: Desk[State] = Desk(lambda: state)
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port = made.getsockname()[1]
    server = Server(Metrics(listen=f"127.0.0.1:{port}"), desk, page, CONTENT_TYPE)
    server.start()
    ends = threading.Event()

    def loop() -> None:
        while not ends.is_set():
            if not hangs:
                desk.look()
            time.sleep(0.005)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield server, f"127.0.0.1:{port}"
    finally:
        ends.set()
        thread.join()
        desk.close()
        server.close()
        server.close()


def said(address: str, request: bytes = b"GET /metrics HTTP/1.0\r\n\r\n") -> str:
    """The answer; none where the connection is closed at once."""
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), 20) as made, suppress(ConnectionError):
        made.sendall(request)
        return b"".join(iter(lambda: made.recv(65536), b"")).decode()
    return ""


def test_metrics():
    with serving() as (_, address):
        found = said(address)
    assert found.startswith("HTTP/1.0 200 ")
    for line in (
        'onlooker_events_total{event="open"} 23.0',
        'onlooker_lost_total{event="open",reason="ring full"} 4.0',
        'onlooker_events_total{event="exec"} 0.0',
        'onlooker_lost_total{event="exec",reason="ring full"} 0.0',
        'onlooker_sink_lost_total{event="open",reason="unsent",sink="nats://a/b"} 0.0',
        "onlooker_cut_events_total 2.0",
        "onlooker_ring_bytes 8.0",
        "onlooker_ring_size_bytes 16.0",
        "onlooker_backlog_bytes 3.0",
        'onlooker_sink_messages_total{sink="nats://a/b"} 3.0',
        'onlooker_sink_queue_bytes{sink="nats://a/b",where="memory"} 5.0',
        'onlooker_sink_connected{sink="nats://a/b"} 1.0',
        "onlooker_bpf_run_seconds_total 0.5",
        'onlooker_reloads_total{result="done"} 1.0',
    ):
        assert f"\n{line}\n" in found
    assert re.search(r"^process_cpu_seconds_total \d", found, re.MULTILINE)
    assert re.search(r"^process_resident_memory_bytes \d", found, re.MULTILINE)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", 404),
        (b"GET /metrics?a=b HTTP/1.1\r\n\r\n", 200),
        (b"POST /metrics HTTP/1.0\r\n\r\n", 501),
        (b"\xff\x00\x1b[2J\r\n\r\n", 400),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.0\r\n\r\n", 414),
    ],
)
def test_other_requests(request_, code):
    with serving() as (_, address):
        answer = said(address, request_)
        assert f" {code} " in answer.partition("\n")[0] or f"Error code: {code}" in answer
        assert " 200 " in said(address).partition("\n")[0]


def test_a_loop_that_hangs_is_told(monkeypatch):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.05)
    with serving(hangs=True) as (_, address):
        assert " 503 " in said(address).partition("\n")[0]
        health = ask(f"http://{address}")
    assert (health.healthy, health.answers) == (False, False)
    assert lines_of(health) == ["unhealthy: its loop does not answer"]


def test_many_who_ask_wake_the_loop_seldom():
    answered = []
    desk: Desk[int] = Desk(lambda: answered.append(1) or len(answered))
    found: list[int | None] = []
    threads = [threading.Thread(target=lambda: found.append(desk.ask(10))) for _ in range(20)]
    for thread in threads:
        thread.start()
    wait_for(lambda: desk._asked == 20, 20)
    desk.look()
    for thread in threads:
        thread.join()
    assert found == [1] * 20
    desk.look()
    assert len(answered) == 1
    desk.close()
    assert desk.ask(10) is None


def test_who_asks_slowly_makes_nobody_wait_for_ever(monkeypatch):
    with serving() as (server, address):
        host, _, port = address.partition(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(http.MOST_REQUESTS)]
        for each in slow:
            each.sendall(b"GET /me")
        wait_for(lambda: len(server._open) == http.MOST_REQUESTS, 20)
        assert said(address) == ""  # there is no room, and nobody waits for it
        monkeypatch.setattr(http, "LONGEST_SECONDS", 0.1)
        time.sleep(0.1)
        wait_for(lambda: " 200 " in said(address).partition("\n")[0], 20)
        wait_for(lambda: not server._open, 20)
        for each in slow:
            each.close()


def test_a_port_that_is_taken():
    with serving() as (_, address), pytest.raises(UsageError, match=r"can't listen on .*: Address already in use"):
        Server(Metrics(listen=address), Desk(lambda: STATE), page, CONTENT_TYPE)


def test_no_name_is_looked_up(monkeypatch):
    """It could take long where there is no name server."""
    monkeypatch.setattr(socket, "getfqdn", lambda *_: pytest.fail("a name is looked up"))
    with serving() as (_, address):
        assert " 200 " in said(address).partition("\n")[0]


def test_without_descriptors_it_does_not_spin(monkeypatch):
    with serving() as (server, address):
        calls = []

        def accept() -> None:
            calls.append(time.monotonic())
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(server.socket.__class__, "accept", lambda _: accept())
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port))):
            wait_for(lambda: len(calls) > 3, 20)
            monkeypatch.undo()
        assert calls[3] - calls[0] > 3 * http.PAUSE_SECONDS * 0.9
        assert " 200 " in said(address).partition("\n")[0]


def test_health(capfd):
    with serving() as (_, address):
        assert main(["agent", "health", "--url", f"http://{address}"]) == 0
    out = "healthy; 4 events lost before the sinks\nnats://a/b: connected; 1 message waits; 0 events lost\n"
    assert capfd.readouterr() == (out, "")


def test_health_of_a_sink_that_is_away(capfd):
    from msgspec.structs import replace

    away = replace(SINK, is_connected=False, failure="\x1b[2J it is away")
    with serving(replace(STATE, sinks=(away,))) as (_, address):
        assert main(["agent", "health", "--url", f"http://{address}/healthz"]) == 0
    assert "not reached: \\x1b[2J it is away;" in capfd.readouterr().out
    dead = replace(SINK, is_alive=False)
    with serving(replace(STATE, sinks=(dead,))) as (_, address):
        assert main(["agent", "health", "--url", f"http://{address}"]) == 1
        answer = said(address, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert capfd.readouterr().out.startswith("unhealthy; ")
    assert " 503 " in answer.partition("\n")[0]
    assert json.loads(answer.rpartition("\r\n\r\n")[2])["sinks"][0]["alive"] is False


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.0 200 OK\r\n\r\n<html>", b"220 mail\r\n", b'HTTP/1.0 200 OK\r\n\r\n{"a": 1}']
)
def test_another_server_answers(capfd, answer):
    def serve():
        client, _ = made.accept()
        with client:
            client.recv(1000)
            client.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as made:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{made.getsockname()[1]}"
        assert main(["agent", "health", "--url", url]) == 1
        thread.join()
    assert capfd.readouterr().err == (
        f"onlooker: something else answers at {url}, which is no agent of onlooker\n\n"
        "hint: say where the agent listens: --config FILE, or --url URL\n"
    )


def test_nobody_answers(capfd):
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{made.getsockname()[1]}"
        with pytest.raises(NoAnswerError):
            ask(url)
        assert main(["agent", "health", "--url", url]) == 1
    err = capfd.readouterr().err
    assert err.startswith(f"onlooker: no agent answers at {url}: nothing listens there\n")
    assert "hint: see whether it runs" in err
    assert main(["agent", "health", "--url", "ftp://a"]) == 2
    assert main(["agent", "--url", "http://a"]) == 2
    assert main(["agent", "chekc"]) == 2
    assert "did you mean 'check'?" in capfd.readouterr().err
