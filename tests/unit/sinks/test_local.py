"""Syslog, systemd's journal and files: sinks that acknowledge nothing."""

import os
import re
import socket
import subprocess
import sys
import threading
import time

import msgspec
import pytest

from onlooker import Batch
from onlooker.output.file import OpenError
from onlooker.sinks.file import FileTransport
from onlooker.sinks.packer import Packer
from onlooker.sinks.sink import Sink
from onlooker.sinks.syslog import SyslogTransport
from onlooker.sinks.syslog_lines import frames
from onlooker.sinks.target import target_of
from onlooker.sinks.transport import TransportError
from onlooker.testing import make

from .made import HOSTILE, everything, opens

LINE = re.compile(
    rb"<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) onlooker (\d+) ([a-z]+) "
    rb'(-|\[onlooker@32473( [a-z_]{1,32}="(\\["\\\]]|[^"\\\]])*")*\]) ?(.*)',
    re.DOTALL,
)


def listening(path, kind):
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(str(path))
    made.settimeout(10)
    return made


def sent(url, batches):
    sink = Sink(target_of(url), lambda _: None)
    sink.start(time.time_ns())
    for batch in batches:
        sink.write(batch)
    sink.close()
    assert not sink.lost
    return sink


def received(server, url, events):
    """The datagrams that come of these events."""
    got = []

    def receive():
        for _ in events:
            got.append(server.recv(1 << 20))

    thread = threading.Thread(target=receive)
    thread.start()
    sent(url, Batch.of(events))
    thread.join(10)
    return got


def test_local_messages_are_those_of_syslog_3(tmp_path):
    """rsyslog and systemd's journal take this on their local sockets, and no RFC 5424."""
    events = [*everything(), make("open", path=HOSTILE)]
    with listening(tmp_path / "log", socket.SOCK_DGRAM) as server:
        got = received(server, f"syslog:{tmp_path}/log", events)
    for event, data in zip(events, got, strict=True):
        match = re.fullmatch(
            rb"<(\d+)>[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d onlooker\[(\d+)\]: ([^\x00-\x1f\x7f]+)", data
        )
        assert match
        assert int(match[1]) == 3 * 8 + {"lost": 4, "alert": 5}.get(event.event, 6)
        assert int(match[2]) == os.getpid()
        assert match[3].decode() == str(event)


def test_messages_for_servers_are_as_the_standard_has_them():
    events = [*everything(), make("open", path=HOSTILE)]
    message = Packer(1, target=target_of("syslog://localhost")).message(Batch.of(events))
    for event, frame in zip(events, frames(message.payload), strict=True):
        match = LINE.fullmatch(frame)
        assert match
        assert match[5].decode() == event.event
        assert int(match[1]) == 3 * 8 + {"lost": 4, "alert": 5}.get(event.event, 6)
        assert match[9].decode() == str(event)
        assert not re.search(rb"[\x00-\x1f\x7f]", frame)
    assert b"\\x1b" in match[9]


def test_lists_are_json_in_structured_data():
    argv = ["a b", 'c"]\\', "\x1b\x7f\u202e"]
    target = target_of("syslog://localhost")
    [frame] = frames(Packer(1, target=target).message(Batch.of([make("exec", argv=argv)])).payload)
    value = re.search(r'argv="((?:\\["\\\]]|[^"\\\]])*)"', frame.decode())
    assert value
    assert value[1].isprintable()
    assert msgspec.json.decode(re.sub(r"\\(.)", r"\1", value[1])) == argv


def test_a_stream_of_syslog_counts_octets():
    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"syslog://127.0.0.1:{server.getsockname()[1]}?format=json"

        def receive():
            made, _ = server.accept()
            with made:
                while data := made.recv(65536):
                    got.extend(data)

        thread = threading.Thread(target=receive)
        thread.start()
        sent(url, opens(500))
        thread.join(10)
    found = list(frames(bytes(got)))
    assert len(found) == 500
    for number, frame in enumerate(found):
        match = LINE.fullmatch(frame)
        assert match
        assert msgspec.json.decode(match[9])["path"] == f"/srv/{number}"


def test_nobody_at_the_socket(tmp_path):
    with pytest.raises(TransportError, match=r"log: No such file or directory"):
        SyslogTransport(target_of(f"syslog:{tmp_path}/log")).open()


def test_a_message_of_many_datagrams_goes_on_where_it_was(tmp_path):
    message = Packer(1, target=target_of("syslog:")).message(opens(400))
    transport = SyslogTransport(target_of(f"syslog:{tmp_path}/log"))
    with listening(tmp_path / "log", socket.SOCK_DGRAM) as server:
        transport.open()
        assert transport._socket
        transport._socket.settimeout(0.02)
        got: list[bytes] = []
        for _ in range(400):
            try:
                transport.send([message], lambda _: None)
                break
            except TransportError:  # its queue is full: nobody reads
                server.setblocking(False)
                try:
                    while True:
                        got.append(server.recv(65536))
                except BlockingIOError:
                    pass
        try:
            while True:
                got.append(server.recv(65536))
        except BlockingIOError:
            pass
        transport.close()
    assert len(got) == 400
    assert len(set(got)) == 400


def journal_fields(data: bytes) -> dict[str, bytes]:
    found, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        line = data[at:end]
        if b"=" in line:
            name, _, value = line.partition(b"=")
            at = end + 1
        else:
            name, size = line, int.from_bytes(data[end + 1 : end + 9], "little")
            value = data[end + 9 : end + 9 + size]
            assert data[end + 9 + size : end + 10 + size] == b"\n"
            at = end + 10 + size
        found[name.decode()] = value
    return found


def test_entries_of_the_journal(tmp_path):
    with listening(tmp_path / "journal", socket.SOCK_DGRAM) as server:
        events = [*everything(), make("open", path=HOSTILE)]
        got = received(server, f"journald:{tmp_path}/journal", events)
    for event, data in zip(events, got, strict=True):
        fields = journal_fields(data)
        assert fields["ONLOOKER_EVENT"].decode() == event.event
        assert fields["MESSAGE"].decode() == str(event)
        assert set(fields["PRIORITY"]) <= set(b"0123456789")
        assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in fields)
    assert journal_fields(got[-1])["ONLOOKER_PATH"] == HOSTILE.encode("utf-8", "replace").replace(b"?", "�".encode())


def test_an_entry_that_is_too_large_for_a_datagram_goes_in_a_sealed_file(tmp_path):
    argv = ["x" * 1000] * 250
    with listening(tmp_path / "journal", socket.SOCK_DGRAM) as server:
        got = []

        def receive():
            data, files, _, _ = socket.recv_fds(server, 1 << 20, 1)
            got.extend((data, *files))

        thread = threading.Thread(target=receive)
        thread.start()
        sent(f"journald:{tmp_path}/journal", Batch.of([make("exec", argv=argv)]))
        thread.join(10)
    data, file = got
    assert data == b""
    with os.fdopen(file, "rb") as read:
        with pytest.raises(PermissionError):
            os.truncate(file, 0)
        read.seek(0)
        fields = journal_fields(read.read())
    assert msgspec.json.decode(fields["ONLOOKER_ARGV"]) == argv


def test_a_file_gets_lines(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"torn":')
    sent(f"file:{path}", opens(300))
    sent(f"file:{path}?map=ecs", opens(1))
    lines = path.read_bytes().splitlines()
    assert lines[0] == b'{"torn":'
    assert [msgspec.json.decode(line)["path"] for line in lines[1:301]] == [f"/srv/{number}" for number in range(300)]
    assert msgspec.json.decode(lines[301])["ecs"]
    assert not path.stat().st_mode & 0o022


def test_a_file_that_is_moved_away_is_made_again(tmp_path):
    path = tmp_path / "events.jsonl"
    target = target_of(f"file:{path}")
    transport = FileTransport(target)
    message = Packer(1, target=target).message(opens(3))
    transport.send([message], lambda _: None)
    path.rename(tmp_path / "old")
    transport.send([message], lambda _: None)
    assert path.read_bytes() == (tmp_path / "old").read_bytes() == message.payload


def test_a_file_that_can_not_be_opened(tmp_path):
    with pytest.raises(OpenError, match="No such file"):
        FileTransport(target_of(f"file:{tmp_path}/no/file"))


FULL = """
import resource, sys, time
from onlooker import Batch
from onlooker.sinks import sink as sinks
from onlooker.sinks.sink import Sink
from onlooker.sinks.target import target_of
from onlooker.testing import make
sinks.PACK_BYTES = 100_000  # one batch in a message
url, limit = sys.argv[1], int(sys.argv[2])
told = []
sink = Sink(target_of(url), told.append)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sink.start(time.time_ns())
for number in range(20):
    count = 500 if number % 2 else 100
    made = [make("open", path="/srv/%d/" % number + "%x" % hash(str((number, n)))) for n in range(count)]
    for batch in Batch.of(made):
        sink.write(batch)
    time.sleep(0.1)
sink.close(seconds=1)
print(sink.sender.counts["records"], sum(sink.lost.values()), sink.kept, told)
"""


def test_a_disk_that_fills_is_counted(tmp_path):
    """What does not fit is lost and counted; what is there are whole lines."""
    path = tmp_path / "events.jsonl"
    command = [sys.executable, "-c", FULL, f"file:{path}?memory=1M", "1000000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    written, lost = map(int, done.stdout.split()[:2])
    lines = path.read_bytes().splitlines()
    assert all(line.endswith(b"}") for line in lines)
    events = [msgspec.json.decode(line)["event"] for line in lines]
    assert len(events) == written
    assert events.count("open") + lost == 6_000
    assert lost > 0
    assert "File too large" in done.stdout


def test_a_disk_that_fills_under_the_spool_is_counted(tmp_path):
    url = f"nats://127.0.0.1:9/onlooker?memory=1M&spool={tmp_path}&format=json"
    done = subprocess.run(
        [sys.executable, "-c", FULL, url, "100000"], capture_output=True, text=True, timeout=50, check=True
    )
    written, lost, kept = map(int, done.stdout.split()[:3])
    assert written == 0
    assert lost > 0
    spooled = 0
    from onlooker.sinks.message import from_bytes

    files = list(tmp_path.iterdir())
    for file in files:
        spooled += from_bytes(file.read_bytes()).payload.count(b'"event":"open"')
    assert len(files) == kept
    assert spooled > 0
    assert spooled + lost == 6_000
