"""Any text as the agent's configuration: it is right, or a mistake in one line that names the file."""

import json
import tempfile
from pathlib import Path
from random import Random

from onlooker import OnlookerError
from onlooker.agent.config import Config, load
from onlooker.agent.reload import reload
from onlooker.errors import ExpressionError
from onlooker.monitor import Monitor
from onlooker.testing import FakeSource

from .mutate import raw_text

EXAMPLE = Path(__file__).parents[2] / "packaging/agent.toml"
TABLES = ("watch", "host", "sinks", "metrics", "[sinks]", "watch.where", "wacht", "", '"a.b"')
KEYS = (
    *("events", "comm", "pid", "uid", "where", "exclude", "path", "writes", "success", "arg", "hide", "rules", "rate"),
    "context",
    *("attach", "buffer_bytes", "max_args_bytes", "resolve", "name", "name_env", "url", "scheme", "servers", "topic"),
    *(
        "memory",
        "disk",
        "spool",
        "ca",
        "cert",
        "format",
        "map",
        "listen",
        "public",
        "bpf_run_time",
        "evnets",
        '"\\u0000"',
    ),
)
TEXTS = (
    *(
        "open",
        "all",
        "root",
        "file under '/etc'",
        "parent.comm == 'a'",
        "(",
        "16M",
        "3X",
        "raw",
        "nats",
        "kafka",
        "file",
    ),
    *(
        "nats://a/b",
        "nats://a:b@c/d",
        "nats://[::1",
        "file:///x",
        "kafka://a,b/c?x=1",
        "://",
        "",
        "noise",
        "/etc",
        "PATH",
    ),
    *("127.0.0.1:1", "0.0.0.0:1", ":::", "[::]:1", "a:99999999999999999999", "\u0663:1", "x" * 400, "\x1b[2J", "\0"),
)
VALUES = (
    *("true", "false", "0", "-1", "1.5", "inf", "9223372036854775808", "1979-05-27T07:32:00Z", "[]", "{}", "[[1]]"),
    *("{a.b = 1}", "'''\n'''", "nothing"),
)


def first() -> list[bytes]:
    return [EXAMPLE.read_bytes(), EXAMPLE.read_text().replace("\n#", "\n").encode()]


def _value(rng: Random) -> str:
    text = json.dumps(rng.choice(TEXTS))
    return rng.choice((text, text, f"[{text}]", f"[{text}, {rng.choice(VALUES)}]", rng.choice(VALUES)))


def made(rng: Random) -> bytes:
    """Tables with some of all keys; mostly with a sink."""
    lines = ['[[sinks]]\nurl = "nats://localhost/onlooker"'] * (rng.random() < 0.8)
    for _ in range(rng.choice((1, 1, 2, 4))):
        lines.append(f"[{rng.choice(TABLES)}]")
        lines += [f"{rng.choice(KEYS)} = {_value(rng)}" for _ in range(rng.choice((0, 1, 1, 2, 4)))]
    return "\n".join(lines).encode()


def changed(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    piece = rng.choice((raw_text(rng), _value(rng).encode(), b"[" * 500, b"=", b'"', b"\n", b"a." * 300))
    return data[:at] + piece + data[at + rng.randrange(8) :]


def check(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "agent.toml")
        file.write_bytes(data)
        try:
            config = load(str(file))
        except OnlookerError as error:
            assert error.exit_code in (2, 3)
            assert str(error).startswith((f"{file}: ", "can't read ")) and "\n" not in str(error)
            assert error.hint or isinstance(error, ExpressionError)
            return
        assert config.sinks
        with Monitor(source=FakeSource([])) as monitor:
            try:
                reload(str(file), Config(), monitor)
            except OnlookerError as error:
                assert "\n" not in str(error)
