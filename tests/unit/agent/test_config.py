"""The configuration: what is right, and one line that says what is wrong, where, and what to type."""

import sys
from pathlib import Path

import pytest

from onlooker.agent.config import DEFAULT_LISTEN, Config, Metrics, load
from onlooker.cli.main import main
from onlooker.errors import ExpressionError, UsageError

SINK = '[[sinks]]\nurl = "nats://localhost/onlooker"\n'
EXAMPLE = Path(__file__).parents[3] / "packaging/agent.toml"


def loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "agent.toml"
    file.write_text(text)
    return load(str(file))


def test_the_example_is_right(capfd):
    config = load(str(EXAMPLE))
    assert config.metrics == Metrics(listen=DEFAULT_LISTEN)
    assert [str(sink) for sink in config.sinks] == ["nats://localhost:4222/onlooker"]
    assert config.sinks[0].disk == 1 << 30
    assert config.watch.filter.events == ("exec", "exit", "open")


def test_each_line_of_the_example_that_is_out_is_right_too(tmp_path):
    """The files of TLS must be there."""
    lines = EXAMPLE.read_text().replace('"/etc/onlooker/rules"', f"'{tmp_path / 'rules'}'").splitlines()
    names = ("ca", "cert", "key", "credentials")
    for name in names:
        (tmp_path / name).touch()
    for number, line in enumerate(lines):
        if line.startswith("#") and line[1:2] != " ":
            name, _, value = line[1:].partition(" = ")
            lines[number] = f"{name} = '{tmp_path / name}'" if name in names else f"{name} = {value}"
    config = loaded(
        tmp_path, "\n".join(line for line in lines if not line.startswith(("failed", "success", "name_env")))
    )
    assert config.watch.rate == 1000
    assert config.watch.buffer_bytes == 16 << 20
    assert config.host.name == "web-1"
    assert config.metrics.bpf_run_time


def test_a_name_of_the_environment(tmp_path, monkeypatch):
    text = f'{SINK}[host]\nname_env = "NODE_NAME"'
    with pytest.raises(UsageError, match="'NODE_NAME' is not in the environment"):
        loaded(tmp_path, text)
    monkeypatch.setenv("NODE_NAME", "node-1")
    assert loaded(tmp_path, text).host.name == "node-1"


def test_a_table_for_each_sink(tmp_path):
    text = '[[sinks]]\nscheme = "nats"\nservers = ["a:1", "b:2"]\ntopic = "x"\nmemory = "2M"\n' + SINK
    first, second = loaded(tmp_path, text).sinks
    assert (first.servers, first.topic, first.memory) == (("a:1", "b:2"), "x", 2 << 20)
    assert second.servers == ("localhost",)


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.9.9.9:80", "[::1]:9464", "localhost:9464"])
def test_local_addresses(tmp_path, listen):
    assert loaded(tmp_path, f'{SINK}[metrics]\nlisten = "{listen}"').metrics.local == listen


def test_a_public_address_must_be_meant(tmp_path):
    config = loaded(tmp_path, f'{SINK}[metrics]\nlisten = "0.0.0.0:9464"\npublic = true')
    assert config.metrics.local == "127.0.0.1:9464"


WRONG = [
    ("[watch", "no TOML: Expected ']'", "packaging/agent.toml"),
    ("a = \x00", "no TOML: ", "packaging/agent.toml"),
    ('[watch]\nevnts = ["open"]', "unknown key 'watch.evnts'", "did you mean 'events'?"),
    ("[whatch]", "unknown key 'whatch'", "did you mean 'watch'?"),
    ('[watch]\nevents = ["opne"]', "watch.events: unknown event 'opne'", "did you mean 'open'?"),
    ('[watch]\nfailed = "no"', "watch.failed: true or false is expected, not text", "failed = true"),
    (
        '[watch]\nevents = ["open", 1]',
        "watch.events: text is expected, not a whole number",
        'events = ["exec", "open"]',
    ),
    ("watch: 3", "no TOML", ""),
    ("host = 3\n", "host: a table is expected, not a whole number", "[host]"),
    ('[watch]\nevents = "open"', "watch.events: a list of names is expected, not text", 'events = ["exec", "open"]'),
    ("[watch]\npid = 1", "watch.pid: a list of numbers is expected, not a whole number", "pid = [1234]"),
    ("[watch]\nuid = [1.5]", "watch.uid: a whole number or text is expected, not a number", "uid = [1000"),
    ("[watch]\nbuffer_size = 3", "unknown key 'watch.buffer_size'", "did you mean 'buffer_bytes'?"),
    ('[watch]\nwhere = "path ="', "watch.where: ", ""),
    ('[watch]\nuid = ["nobody-is-so"]', "watch.uid: unknown user 'nobody-is-so'", "a user's name"),
    ("[watch]\nfailed = true\nsuccess = true", "watch: nothing has both failed and succeeded", "failed or success"),
    ("[watch]\nbuffer_bytes = 3", "watch: not a buffer size: 3", "a power of two"),
    ('[watch]\nbuffer_bytes = "3X"', "watch: not a size for buffer_bytes: '3X'", "buffer_bytes=64M"),
    ("[watch]\nrate = -1", "watch: not a rate: -1", "rate=100"),
    ('[watch]\ncontext = ["usr"]', "watch: unknown ", "did you mean 'user'?"),
    ('[watch]\nattach = "row"', "watch: unknown attach method 'row'", "one of raw, fexit"),
    ('[host]\nname = ""', "host.name: not a name: ''", "1 to 255 characters"),
    ('[metrics]\nlisten = "9464"', "metrics.listen: not an address: '9464'", 'listen = "127.0.0.1:9464"'),
    ('[metrics]\nlisten = "a:99999"', "metrics.listen: not an address: 'a:99999'", 'listen = "127.0.0.1:9464"'),
    ('[metrics]\nlisten = ":::1"', "metrics.listen: not an address: ':::1'", 'listen = "127.0.0.1:9464"'),
    ('[metrics]\nlisten = "0.0.0.0:1"', "metrics.listen: 0.0.0.0:1 can be reached", "add public = true"),
    ('[metrics]\nlisten = "127.x.example:1"', "metrics.listen: 127.x.example:1 can be reached", "add public = true"),
]
WRONG_SINKS = [
    ("", "no sink is named", "[[sinks]]"),
    ("[[sinks]]", "sinks, the first: neither url nor scheme is given", 'url = "nats://'),
    (
        '[[sinks]]\nurl = "nat://a/b"',
        "sinks, the first: no sink is known for the URL 'nat://a/b'",
        "did you mean 'nats'?",
    ),
    ('[[sinks]]\nscheme = "nats"\ntopic = "x"', "sinks, the first: no server is named", "for example nats://"),
    ("sinks = 3", "sinks: a list of tables is expected, not a whole number", "[[sinks]]"),
    (f"{SINK}memroy = 1", "unknown option 'memroy'", "did you mean 'memory'?"),
    (f"{SINK}topic = 'x'", "sinks, the first: topic is also in the URL", "leave one of them out"),
    (f"{SINK}{SINK}", "sinks, the second: nats://localhost/onlooker is there twice", "leave one out"),
    (
        f'{SINK}[[sinks]]\nurl = "nats://localhost:4222/onlooker?memory=64M"\n',
        "sinks, the second: nats://localhost/onlooker is the end of another, which would have every event twice",
        "leave one out, or give it a subject",
    ),
    (
        f"{SINK}spool = '/s'\n{SINK}spool = '/s'\nmemory = '2M'",
        "sinks, the second: another sink has the spool '/s'",
        "give each its own",
    ),
    (f"{SINK}ca = '/not/there'", "ca is no file: '/not/there'", "make it, or name another: ca=FILE"),
]


@pytest.mark.parametrize(("text", "wrong", "hint"), [(f"{text}\n{SINK}", *rest) for text, *rest in WRONG] + WRONG_SINKS)
def test_what_is_wrong(tmp_path, capfd, text, wrong, hint):
    with pytest.raises(UsageError) as raised:
        loaded(tmp_path, text)
    file = tmp_path / "agent.toml"
    assert str(raised.value).startswith(f"{file}: ")
    assert wrong in str(raised.value)
    assert hint in raised.value.hint
    assert main(["agent", "check", "--config", str(file)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"onlooker: {file}: ")
    assert "\n\nhint: " in err or isinstance(raised.value, ExpressionError)


def test_what_is_no_file(tmp_path, capfd):
    assert main(["agent", "--config", str(tmp_path / "none")]) == 2
    assert "can't read the configuration" in capfd.readouterr().err
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert main(["agent", "check", "--config", str(tmp_path / "bytes")]) == 2
    assert "not UTF-8, from byte 0 on" in capfd.readouterr().err
    (tmp_path / "huge").write_bytes(b"#" * (1 << 21))
    assert main(["agent", "check", "--config", str(tmp_path / "huge")]) == 2
    assert "larger than 1048576 bytes" in capfd.readouterr().err


def test_a_library_that_is_missing(tmp_path, capfd, monkeypatch):
    file = tmp_path / "agent.toml"
    file.write_text(f"{SINK}[metrics]")
    monkeypatch.delitem(sys.modules, "onlooker.agent.metrics", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert main(["agent", "check", "--config", str(file)]) == 3
    err = capfd.readouterr().err
    assert err.startswith("onlooker: the table [metrics] needs prometheus-client, which is not installed\n")
    assert err.endswith("hint: pip install 'onlooker[agent]'\n")


def test_check_says_what_would_run(tmp_path, capfd):
    file = tmp_path / "agent.toml"
    file.write_text(SINK)
    assert main(["agent", "check", "--config", str(file)]) == 0
    assert capfd.readouterr().out == f"{file} is right: fork, exec, exit, open to nats://localhost/onlooker\n"


def test_check_makes_nothing(tmp_path, capfd):
    file = tmp_path / "agent.toml"
    file.write_text(f"[[sinks]]\nurl = 'file://{tmp_path}/x.jsonl'\nspool = '{tmp_path}/spool'")
    assert main(["agent", "check", "--config", str(file)]) == 0
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_file_that_is_not_there(tmp_path, capfd, monkeypatch, is_installed):
    """An example is named that is there."""
    example = tmp_path / "example.toml"
    monkeypatch.setattr("onlooker.agent.config.EXAMPLE", str(example))
    if is_installed:
        example.touch()
    assert main(["agent", "check", "--config", "/nope.toml"]) == 2
    where = example if is_installed else "packaging/agent.toml of onlooker's sources"
    assert capfd.readouterr().err == (
        "onlooker: can't read the configuration '/nope.toml': No such file or directory\n\n"
        f"hint: {where} is an example, with every key\n"
    )


def test_check_warns_of_a_secret_that_all_can_read(tmp_path, capfd):
    secret, file = tmp_path / "token", tmp_path / "agent.toml"
    secret.write_text("x")
    secret.chmod(0o644)
    file.write_text(f'[[sinks]]\nurl = "nats://localhost/x"\ntoken = "{secret}"\n')
    assert main(["agent", "check", "--config", str(file)]) == 0
    said = f"onlooker: warning: {secret} has a secret, and every user can read it: chmod 600 {secret}\n"
    assert capfd.readouterr().err == said
    secret.chmod(0o600)
    assert main(["agent", "check", "--config", str(file)]) == 0
    assert capfd.readouterr().err == ""
