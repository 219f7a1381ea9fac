"""TLS and credentials: what is wrong is said in one line, and nothing is lost meanwhile."""

import socket
from pathlib import Path

import pytest

from onlooker.sinks.nats import reason
from onlooker.sinks.sink import Sink
from onlooker.sinks.target import target_of
from onlooker.sinks.transport import TransportError

from .certificates import Authority
from .otlp_receiver import Receiver
from .running import Server, free_port, nats_server, wait_for
from .sending import batches


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Of a server: right, expired, of another name; and an authority that nobody knows."""
    directory = tmp_path_factory.mktemp("tls")
    authority = Authority(directory)
    stranger = Authority(directory, "stranger")
    return {
        "right": authority.sign("right"),
        "expired": authority.sign("expired", days=-1),
        "name": authority.sign("name", "DNS:other.example.com"),
        "ca": (authority.certificate, authority.certificate),
        "stranger": (stranger.certificate, stranger.certificate),
    }


def tried(url: str, has_failed: bool) -> tuple[Sink, list[str]]:
    """Some batches, until they arrive or there is a failure; it is ended then."""
    told: list[str] = []
    sink = Sink(target_of(url), told.append)
    sink.start(1)
    for batch in batches(2):
        sink.write(batch)
    if has_failed:
        wait_for(lambda: sink.sender.counts["failures"] >= 2, 20, lambda: told)
        assert not sink.lost
        assert sink.sender.is_running
    sink.close(seconds=0.5 if has_failed else 20)
    return sink, told


FAILURES = [
    ("right", "stranger", "its certificate is not accepted: unable to get local issuer certificate"),
    ("expired", "ca", "its certificate is not accepted: certificate has expired"),
    ("name", "ca", "is not valid for '127.0.0.1'"),
]


def nats_with(directory: Path, pair: tuple[Path, Path]) -> Server:
    return nats_server(directory, "--tls", "--tlscert", str(pair[0]), "--tlskey", str(pair[1]))


@pytest.mark.parametrize(("server", "ca", "says"), FAILURES)
def test_nats_with_a_wrong_certificate(certificates, tmp_path: Path, server: str, ca: str, says: str) -> None:
    with nats_with(tmp_path, certificates[server]) as running:
        sink, told = tried(f"nats://127.0.0.1:{running.port}/onlooker?ca={certificates[ca][0]}", has_failed=True)
    assert says in told[0]
    assert "\n" not in told[0]
    assert sum(sink.lost.values()) == 200  # it was ended, and had nowhere to keep them


@pytest.mark.parametrize("option", ["tls", "ca"])
def test_nats_without_tls_gets_nothing_where_tls_is_asked_for(certificates, tmp_path: Path, option: str) -> None:
    """Not even the password: a server in the middle would leave TLS out."""
    secret = tmp_path / "password"
    secret.write_text("a-secret-of-tests\n")
    asked = option if option == "tls" else f"ca={certificates['ca'][0]}"
    with nats_server(tmp_path, "-DV") as running:
        _, told = tried(f"nats://me@127.0.0.1:{running.port}/onlooker?{asked}&password={secret}", has_failed=True)
        assert "a-secret-of-tests" not in running.log.read_text()
        assert "CONNECT {" not in running.log.read_text()
    assert "the server offers no TLS" in told[0]


def test_a_server_that_is_not_there_is_told_apart_from_a_host_that_is_not() -> None:
    _, told = tried(f"nats://127.0.0.1:{free_port()}/a", has_failed=True)
    assert "Connection refused" in told[0]
    assert reason(socket.gaierror(socket.EAI_NONAME, "Name or service not known")) == "Name or service not known"


def test_nats_with_the_right_certificate(certificates, tmp_path: Path) -> None:
    with nats_with(tmp_path, certificates["right"]) as running:
        sink, told = tried(f"nats://127.0.0.1:{running.port}/onlooker?ca={certificates['ca'][0]}", has_failed=False)
    assert not told
    assert not sink.lost
    assert sink.sender.counts["records"] == 200


@pytest.mark.parametrize(("server", "ca", "says"), FAILURES)
def test_otlp_with_a_wrong_certificate(certificates, server: str, ca: str, says: str) -> None:
    with Receiver(certificate=certificates[server]) as running:
        url = f"otlp+https://127.0.0.1:{running.port}?ca={certificates[ca][0]}"
        _, told = tried(url, has_failed=True)
    assert says in told[0]
    assert "\n" not in told[0]
    assert not running.requests


def test_otlp_with_the_right_certificate(certificates) -> None:
    with Receiver(certificate=certificates["right"]) as running:
        url = f"otlp+https://127.0.0.1:{running.port}?ca={certificates['ca'][0]}"
        sink, told = tried(url, has_failed=False)
    assert not told
    assert sink.sender.counts["records"] == 200


def test_a_wrong_password(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    with nats_server(tmp_path, "--user", "me", "--pass", "right") as running:
        url = f"nats://me@127.0.0.1:{running.port}/onlooker?password={secret}"
        _, told = tried(url, has_failed=True)
        assert "Authorization Violation" in told[0]
        secret.write_text("right\n")
        sink, told = tried(url, has_failed=False)
        assert not told
        assert not sink.lost


def test_kafka_with_a_wrong_certificate(certificates) -> None:
    """Its servers are not there to try; a handshake with any server tells as much."""
    with Receiver(certificate=certificates["right"]) as running:
        url = f"kafka://127.0.0.1:{running.port}/onlooker?ca={certificates['stranger'][0]}"
        sink = Sink(target_of(url), lambda _: None)
        with pytest.raises(TransportError, match="certificate verify failed"):
            sink._transport.open()
