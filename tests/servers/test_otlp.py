"""OpenTelemetry's logs over HTTP: what arrives, and what each answer means."""

import socket
import threading
import time
from pathlib import Path

import pytest

from onlooker import Batch
from onlooker.errors import UsageError
from onlooker.sinks.otlp import OtlpTransport
from onlooker.sinks.packer import Packer
from onlooker.sinks.sink import Sink
from onlooker.sinks.target import target_of
from onlooker.sinks.transport import TooLargeError, TransportError
from onlooker.testing import make

from .otlp_receiver import Receiver
from .running import free_port
from .sending import batches, sink_to


def test_a_server_that_reads_only_the_head_of_what_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers, and takes no more: to send the rest fails, and the answer is there."""
    with Receiver(200, 413) as receiver:
        transport = OtlpTransport(target_of(f"otlp+http://127.0.0.1:{receiver.port}"))
        transport.open()
        connection = transport._connection
        assert connection
        sent_by = connection.send
        broken: list[int] = []

        def break_after_all(data: bytes) -> None:
            sent_by(data)
            if not data.startswith(b"POST"):
                broken.append(len(data))
                raise BrokenPipeError

        monkeypatch.setattr(connection, "send", break_after_all)
        message = Packer(time.time_ns(), target=transport._target).message(batches(1))
        transport.send([message], lambda _: None)
        with pytest.raises(TooLargeError, match="413"):
            transport.send([message], lambda _: None)
        transport.close()
        assert broken == [len(message)] * 2


def test_a_request_that_is_too_large_comes_in_parts() -> None:
    with Receiver(200, 413, 413) as receiver:
        sink = sent(receiver, made=batches(1, 1000))
    assert not sink.lost
    assert len(receiver.requests) >= 4
    paths = [fields(record.attributes)["path"] for record in records(receiver)]
    assert paths == [f"/srv/{number}" for number in range(1000)]


def sent(receiver: Receiver, options: str = "", made: list[Batch] | None = None) -> Sink:
    """All of some batches; the first message has nothing but the machine."""
    with sink_to(f"otlp+http://127.0.0.1:{receiver.port}{options}", host="web-1") as sink:
        for batch in made if made is not None else batches(3):
            sink.write(batch)
    return sink


def records(receiver: Receiver) -> list:
    return [
        record
        for request in receiver.requests
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def fields(attributes) -> dict[str, object]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def test_all_arrives_by_one_connection() -> None:
    with Receiver() as receiver:
        sink = sent(receiver)
    assert not sink.lost
    found = records(receiver)
    assert [fields(each.attributes)["path"] for each in found] == [f"/srv/{number}" for number in range(300)]
    assert len(receiver.connections) == 1
    assert set(receiver.paths) == {"/v1/logs"}
    assert receiver.headers[0]["Content-Type"] == "application/x-protobuf"
    assert sink.sender.counts["records"] == 300


def test_a_record_says_all_of_the_event() -> None:
    event = make("open", path="/srv/\x1b\udcff", mode=2**63 + 1, created=True, flags=["O_RDWR", "O_CREAT"])
    with Receiver() as receiver:
        sent(receiver, "/custom/logs", Batch.of([event, make("lost", count=3, of="open", reason="unsent")]))
    first, lost = records(receiver)
    assert receiver.paths[0] == "/custom/logs"
    [scope] = receiver.requests[-1].resource_logs[0].scope_logs
    assert scope.scope.name == "onlooker"
    resource = fields(receiver.requests[-1].resource_logs[0].resource.attributes)
    assert resource["host.name"] == "web-1"
    assert {"service.name", "onlooker.boot_id", "onlooker.run"} < set(resource)
    said = fields(first.attributes)
    assert said["path"] == "/srv/\x1b�"
    assert said["mode"] == str(2**63 + 1)
    assert said["created"] is True
    assert [each.string_value for each in said["flags"].values] == ["O_RDWR", "O_CREAT"]  # type: ignore[attr-defined]
    assert first.body.string_value == str(event)
    assert first.event_name == "open"
    assert first.time_unix_nano == 1_769_860_800_000_000_000
    assert time.time_ns() - first.observed_time_unix_nano < 60e9
    assert (first.severity_text, lost.severity_text) == ("INFO", "WARN")


@pytest.mark.parametrize("status", [429, 502, 503, 504, 401, 403, 404])
def test_what_may_go_later_is_sent_again(status: int) -> None:
    with Receiver(200, status, (status, 0)) as receiver:
        sink = sent(receiver)
    assert not sink.lost
    assert len(records(receiver)) == 300
    assert sink.sender.counts["failures"] == 2


def test_it_comes_again_when_the_server_says() -> None:
    with Receiver(200, (503, 1)) as receiver:
        began = time.monotonic()
        sink = sent(receiver)
        assert time.monotonic() - began >= 1.0
    assert not sink.lost
    assert len(records(receiver)) == 300


@pytest.mark.parametrize("status", [400, 500])
def test_what_is_refused_is_counted(status: int) -> None:
    with Receiver(200, status) as receiver:
        sink = sent(receiver)
    assert sink.lost == {("unknown", "unsent"): 300}


def test_a_part_that_is_refused_is_counted() -> None:
    with Receiver(200, -17) as receiver:
        sink = sent(receiver)
    assert sink.lost == {("unknown", "unsent"): 17}
    assert sink.sender.counts["records"] == 283


def test_a_server_that_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onlooker.sinks.otlp.ANSWER_SECONDS", 0.5)
    stalls = threading.Event()
    with Receiver(200, stalls) as receiver:
        sink = sent(receiver)
        stalls.set()
    assert not sink.lost
    assert sink.sender.counts["failures"] == 1
    assert sink.sender.counts["records"] == 300


def test_nobody_there() -> None:
    with pytest.raises(TransportError, match="Connection refused"):
        OtlpTransport(target_of(f"otlp+http://127.0.0.1:{free_port()}")).open()


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b'INFO {"server_id":"NDABC","version":"2.10","go":"go1.22"} \r\n' * 4, """'INFO {"server_id":"N'"""),
        (b"\x1b]0;evil\x07\xff\xfe no\r\n", r"'\x1b]0;evil\x07\xff\xfe no'"),
    ],
)
def test_another_server_is_there(greeting: bytes, said: str) -> None:
    """As one of NATS, which speaks first."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ends = threading.Event()

        def greet() -> None:
            for _ in range(2):  # it is tried twice
                made, _ = server.accept()
                made.sendall(greeting)
                opened.append(made)
            ends.wait(10)

        opened: list[socket.socket] = []
        thread = threading.Thread(target=greet)
        thread.start()
        target = target_of(f"otlp+http://127.0.0.1:{server.getsockname()[1]}")
        message = Packer(time.time_ns(), target=target).message(batches(1))
        try:
            with pytest.raises(TransportError) as found:
                OtlpTransport(target).send([message], lambda _: None)
        finally:
            ends.set()
            thread.join()
            for each in opened:
                each.close()
    assert str(found.value) == f"the answer is no HTTP: {said}"


def test_who_it_is(tmp_path: Path) -> None:
    token, headers = tmp_path / "token", tmp_path / "headers"
    token.write_text("secret\n")
    headers.write_text("X-Scope-OrgID: me\n\n")
    with Receiver() as receiver:
        sent(receiver, f"/v1/logs?token={token}&headers={headers}")
    assert receiver.headers[-1]["Authorization"] == "Bearer secret"
    assert receiver.headers[-1]["X-Scope-OrgID"] == "me"
    headers.write_text("X: a\tb\x01\n")
    with pytest.raises(UsageError, match="can't be sent"):
        OtlpTransport(target_of(f"otlp+http://localhost?headers={headers}"))
