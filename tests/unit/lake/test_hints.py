"""Each way in which a lake can't be used is one line, and a hint for that kind of lake."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from onlooker.errors import OnlookerError, UsageError
from onlooker.lake import store, writer_of
from onlooker.lake.hints import hint_for
from onlooker.lake.scope import Scope
from onlooker.lake.store import LakeError, store_of
from onlooker.lake.tables import LakeTables

from ...servers.certificates import Authority
from .made import messages, writer


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that understands nothing. Its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                with taken, suppress(OSError):
                    connection = context.wrap_socket(taken, server_side=True) if context else taken
                    connection.recv(1 << 16)
                    connection.sendall(b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def s3(port: int, scheme: str, path: Path) -> str:
    (path / "keys").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    return f"s3://bucket/x?endpoint={scheme}://127.0.0.1:{port}&credentials={path / 'keys'}"


def iceberg(port: int, scheme: str, path: Path) -> str:
    (path / "login").write_text("a:b")
    return f"iceberg+{scheme}://127.0.0.1:{port}/a.b?login={path / 'login'}"


def failure(lake: str) -> OnlookerError:
    with pytest.raises(OnlookerError) as error:
        LakeTables(lake, names=set())
    assert "\n" not in str(error.value)
    assert error.value.hint
    return error.value


@pytest.mark.parametrize(
    ("kind", "port", "hint"),
    [(s3, 1, "say where S3 is: s3://BUCKET"), (iceberg, 1, "a REST catalogue of Iceberg must listen there")],
)
def test_nobody_listens(tmp_path: Path, kind, port: int, hint: str) -> None:
    found = failure(kind(port, "http", tmp_path))
    assert str(found).endswith(": Connection refused")
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(("kind", "hint"), [(s3, "s3://BUCKET/PREFIX?endpoint=http://"), (iceberg, "iceberg+http://")])
def test_it_does_not_speak_tls(tmp_path: Path, kind, hint: str) -> None:
    with listening() as port:
        found = failure(kind(port, "https", tmp_path))
    assert "the server does not speak TLS" in str(found)
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(("kind", "hint"), [(s3, "SSL_CERT_FILE=FILE"), (iceberg, "REQUESTS_CA_BUNDLE=FILE")])
def test_its_certificate_is_not_trusted(tmp_path: Path, kind, hint: str) -> None:
    certificate, key = Authority(tmp_path).sign("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with listening(context) as port:
        found = failure(kind(port, "https", tmp_path))
    assert "the server's certificate is not trusted" in str(found)
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(
    ("kind", "hint"), [(s3, "say where S3 is: s3://BUCKET"), (iceberg, "a REST catalogue of Iceberg must listen there")]
)
def test_it_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind, hint: str) -> None:
    monkeypatch.setattr(store, "READ_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        found = failure(kind(silent.getsockname()[1], "http", tmp_path))
    assert str(found).endswith(": the server did not answer for 1 s")
    assert 1 <= time.monotonic() - began < 10
    assert found.hint.startswith(hint)


def test_an_answer_may_take_longer_while_bytes_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a byte's time-out apart; where no more come, it is said."""
    monkeypatch.setattr(store, "READ_SECONDS", 1)
    kept = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for count in (6, 1):
                taken, _ = server.accept()
                kept.append(taken)
                taken.recv(1 << 16)
                head = "Content-Length: 6\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nETag: x\r\n"
                taken.sendall(f"HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n".encode())
                for _ in range(count):
                    time.sleep(0.3)
                    taken.sendall(b"a")
                if count == 6:
                    taken.close()

        threading.Thread(target=serve, daemon=True).start()
        asked = store.store_of(s3(server.getsockname()[1], "http", tmp_path), is_query=True)
        assert asked.get("some") == b"a" * 6
        with pytest.raises(LakeError, match="the server stopped in the middle of its answer"):
            asked.get("some")


@pytest.mark.parametrize("kind", [s3, iceberg])
def test_it_is_something_else(tmp_path: Path, kind) -> None:
    with listening() as port:
        found = failure(kind(port, "http", tmp_path))
    assert "eapot" in str(found)


@pytest.mark.parametrize(
    ("root", "said", "hint"),
    [
        ("s3://b/x", "NoSuchBucket: The specified bucket does not exist", "make the bucket: aws s3 mb s3://b"),
        ("s3://b/x", "SignatureDoesNotMatch: no", "s3://BUCKET/PREFIX?credentials=FILE"),
        ("http://h/a.b", "invalid_client: Invalid client credentials", "login=FILE"),
        ("http://h/a.b", "NoSuchNamespaceException: table bucket none not found", "warehouse=NAME"),
        ("http://h/a.b", "in bucket 'tables': AWS Error ACCESS_DENIED during HeadObject", "say where its files are"),
        (
            "/srv/a b",
            "Permission denied",
            "see that the disk has room, and that you may read and write there: ls -ld '",
        ),
    ],
)
def test_what_a_server_says_has_a_hint(root: str, said: str, hint: str) -> None:
    assert hint_for(root, said).startswith(hint)


@pytest.mark.parametrize(
    ("lake", "said"),
    [
        ("s3://", "no bucket is named"),
        ("s3://a b/x", "no bucket is named"),
        ("s3://b/x?endpoint=foo", "not an endpoint of S3: 'foo'"),
        ("s3://b/x?endpoint=http://a b", "not an endpoint of S3"),
        ("s3://b/x?region=a\x01", "not a region of S3"),
        ("s3://b/x?ca=/etc/ca.pem", "unknown option 'ca'"),
        ("s3://b/x?credentials=/nowhere", "can't read credentials from '/nowhere': No such file or directory"),
        ("iceberg+http://h/nothing", "no catalogue and table are named"),
        ("iceberg+http://h/a.b?login=/nowhere", "can't read the login from '/nowhere': No such file or directory"),
    ],
)
def test_a_wrong_url_is_said(lake: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        writer_of(lake)
    assert said in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize("text", ["[default]\naws_access_key_id = \x01\n", "[other]\n", "x", "\xff"])
def test_keys_that_are_none_are_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text, "latin-1")
    with pytest.raises(UsageError, match="can't read credentials") as error:
        store_of(f"s3://b/x?credentials={tmp_path / 'keys'}")
    assert "\n" not in str(error.value)


def test_an_empty_lake_is_said(tmp_path: Path) -> None:
    (tmp_path / "_onlooker/commits").mkdir(parents=True)
    found = failure(str(tmp_path))
    assert "is empty: no collector has committed to it yet" in str(found)
    assert found.hint.startswith("onlooker collect ")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("remove", "lacks '_onlooker/commits/00000000000000000002.json', and 1 later ones are there"),
        ("{x", "the commit 2 of the lake"),
        ('{"version":99,"onlooker":"9.9"}', "is of a newer onlooker (9.9)"),
    ],
)
def test_a_commit_that_is_gone_or_damaged_is_no_smaller_lake(tmp_path: Path, harm: str, said: str) -> None:
    own = writer(tmp_path)
    for each in messages(3):
        own.commit([each])
    path = tmp_path / "_onlooker/commits/00000000000000000002.json"
    path.unlink() if harm == "remove" else path.write_text(harm)
    with pytest.raises(LakeError) as error:
        LakeTables(str(tmp_path), names=set(), scope=Scope())
    assert said in str(error.value)
    assert error.value.hint
    with pytest.raises(LakeError):
        writer(tmp_path)
