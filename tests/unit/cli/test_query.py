"""`onlooker query`, of recordings made by hand."""

import base64
import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from onlooker.cli import queried
from onlooker.cli.main import main
from onlooker.query import mistakes
from onlooker.testing import make

from ..query.made import record

EVENTS = [
    make("exec", comm="sh", path="/bin/sh", argv=("sh", "-c", "true"), time="2026-01-31T12:00:00.123456789Z"),
    make("open", comm="sh", path="/etc/passwd"),
    make("open", comm="sh", path="/etc/shadow", errno="EACCES"),
    make("stat", comm="sh", path="/srv/\x1b[31m\x9b\udcff\\"),
    make("exit", comm="sh", exit_code=0),
]


@pytest.fixture
def file(tmp_path):
    return record(tmp_path / "r.onlook", EVENTS)


def run(capfdbinary, *arguments):
    code = main(["query", *arguments])
    out, err = capfdbinary.readouterr()
    return code, out.decode(), err.decode()


@pytest.fixture
def query(file, capfdbinary):
    """`query(SQL, ...)`: its lines; it must succeed, and say that the recording is complete."""

    def query(*arguments):
        code, out, err = run(capfdbinary, file, *arguments)
        assert (code, err) == (0, "onlooker: complete\n")
        return out.splitlines()

    return query


def test_a_table(query):
    assert query("SELECT path, errno, pid, pid / 8 AS x FROM opens ORDER BY seq") == [
        "path         errno    pid       x",
        "/etc/passwd          1234  154.25",
        "/etc/shadow  EACCES  1234  154.25",
    ]
    assert query("SELECT argv, time, NULL AS no, true AS yes FROM execs") == [
        "argv            time                           no  yes",
        "[sh, -c, true]  2026-01-31 12:00:00.123456789      true",
    ]


def test_what_there_is_none_of(query):
    assert query("SELECT pid FROM forks") == ["pid", "(no rows)"]
    assert query("SELECT pid FROM forks", "--output-format", "json") == []
    assert query("CREATE TABLE x (a INT)") == []


def test_hostile_texts_do_no_harm(query):
    for form in ("table", "json"):
        for line in query("SELECT path, path_bytes, [path] AS l FROM stats", "--output-format", form):
            assert line.isprintable()
    assert query("SELECT path_bytes FROM stats")[1] == r"/srv/\x1b[31m\u009b\xff\\"
    [line] = query("SELECT path_bytes, [path_bytes] AS l, {'b': path_bytes} AS s FROM stats", "--output-format", "json")
    exact = os.fsencode(EVENTS[3].path)
    found = json.loads(line)
    assert [base64.b64decode(x) for x in (found["path_bytes"], found["l"][0], found["s"]["b"])] == [exact] * 3


def test_json_of_all_kinds(query):
    [line] = query(
        "SELECT time, pid, execs.errno, argv, [time] AS times, {'t': time, 'l': [1]} AS s, MAP {'k': time} AS m, "
        "MAP {1: 'x'} AS plain, 1/0 AS none, sum(start_ns) OVER () AS s, 18446744073709551615::UBIGINT AS big, "
        "NULL::STRUCT(t TIMESTAMP) AS empty, TIMESTAMPTZ '2026-01-01 00:00:00+01' AS zoned, '\"\n' AS text, "
        "DATE '2026-01-01' AS day, 'inf'::DOUBLE AS inf, true AS yes FROM execs LEFT JOIN "
        "(SELECT seq, errno FROM opens) USING (seq)",
        "--output-format",
        "json",
    )
    when = "2026-01-31T12:00:00.123456789Z"
    assert json.loads(line) == {
        "time": when, "pid": 1234, "errno": None, "argv": ["sh", "-c", "true"], "times": [when],
        "s": {"t": when, "l": [1]}, "m": {"k": when}, "plain": {"1": "x"}, "none": None, "s_1": 59_000_000_000,
        "big": 2**64 - 1, "empty": None, "zoned": "2025-12-31T23:00:00.000000000Z", "text": '"\n',
        "day": "2026-01-01", "inf": None, "yes": True,
    }  # fmt: skip


def test_csv(query):
    lines = query("SELECT path, flags, errno FROM opens ORDER BY seq", "--output-format", "csv")
    assert [*csv.reader(io.StringIO("\n".join(lines)))] == [
        ["path", "flags", "errno"],
        ["/etc/passwd", "[O_RDONLY]", ""],
        ["/etc/shadow", "[O_RDONLY]", "EACCES"],
    ]


def test_several_statements(query):
    assert query("CREATE TEMP TABLE x AS FROM opens; SELECT 1; SELECT count(*) AS n FROM x; -- the end") == ["n", "2"]
    assert query("SELECT 'a;b' AS \"it's\" -- what; so") == ["it's", "a;b"]


def test_what_is_no_select(query):
    assert query("PRAGMA version")[0].startswith("library_version")
    assert "─" in query("EXPLAIN SELECT 1")[0]
    assert query("SHOW TABLES")[1] == "accesses"
    assert query("DESCRIBE losses", "--output-format", "json")[1].startswith('{"column_name":"time"')
    assert query("CREATE TABLE y AS SELECT 1 AS a; INSERT INTO y VALUES (2), (3) RETURNING a") == ["a", "2", "3"]


def test_sql_by_standard_input(query, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"SELECT count(*) AS n FROM opens")))
    assert query("-") == ["n", "2"]


def test_words_and_options_in_any_order(file, capfdbinary):
    sql, where = "-- failed --\nSELECT count(*) AS n FROM opens", ("--where", "errno exists")
    for words in ((*where, file, sql), (file, *where, sql), (file, sql, *where)):
        code, out, _ = run(capfdbinary, *words)
        assert (code, out.split()) == (0, ["n", "1"])
    code, _, err = run(capfdbinary, file, sql, "--were", "x")
    assert code == 2 and "unknown option '--were'" in err


def test_many_recordings(file, tmp_path, capfdbinary):
    other = record(tmp_path / "other", EVENTS)
    _, out, _ = run(capfdbinary, file, other, "SELECT recording, count(*) AS n FROM opens GROUP BY ALL ORDER BY ALL")
    assert out.split() == ["recording", "n", other, "2", file, "2"]


def test_one_that_is_not_complete_says_so(tmp_path, capfdbinary):
    file = record(tmp_path / "r", EVENTS, finish=False)
    code, out, err = run(capfdbinary, file, "SELECT count(*) AS n FROM opens")
    assert (code, out.split()) == (1, ["n", "2"])
    assert "the recording is damaged or was never finished" in err
    assert run(capfdbinary, "-q", file, "SELECT count(*) AS n FROM opens")[2].startswith("onlooker: ")


def test_an_empty_text_is_not_null(query):
    assert query("SELECT '' AS a, NULL AS b, ''::BLOB AS c, 1 AS d") == ["a   b  c   d", "''     ''  1"]


def test_zeros_of_decimals(query):
    assert query(
        "SELECT 1.500 AS a, 100 AS b, 100.00 AS c, -0.10::DECIMAL(9, 4) AS d, 0.0 AS e, 5::DECIMAL(3, 0) AS f"
    ) == [
        "  a    b    c     d  e  f",
        "1.5  100  100  -0.1  0  5",
    ]


def test_no_line_ends_with_spaces(query):
    for sql in ("FROM opens", "SELECT 1 AS a, NULL AS b", "SHOW TABLES", "EXPLAIN SELECT 1"):
        assert all(line == line.rstrip() for line in query(sql))


def test_without_duckdb(file, capfdbinary, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    code, _, err = run(capfdbinary, file, "FROM opens")
    assert code == 3
    assert err.splitlines()[0] == "onlooker: a query needs DuckDB, which is not installed"


def test_only_what_matches(query):
    assert query("SELECT path FROM opens", "--where", "errno exists") == ["path", "/etc/shadow"]
    assert query("SELECT event, path FROM events", "--where", "file under '/etc' and not errno exists") == [
        "event  path",
        "open   /etc/passwd",
    ]
    assert query("SELECT events, cmdline FROM processes", "--where", "errno exists") == [
        "events  cmdline",
        "     1  sh -c true",
    ]
    assert query("SELECT events FROM processes", "--where", "comm == 'nobody'") == ["events", "(no rows)"]
    lines = query("--where", "event == 'exit'", "--output-format", "json")
    assert [json.loads(line)["event"] for line in lines] == ["exit"]


@pytest.mark.parametrize("where", ["erno exists", "parent.comm == 'sh'", "event == 'open' and event == 'exec'"])
def test_a_mistake_in_an_expression(file, capfdbinary, where):
    code, out, err = run(capfdbinary, file, "FROM opens", "--where", where)
    assert (code, out) == (2, "")
    assert err.startswith("onlooker: ")


def test_what_changes_meanwhile_is_asked_again(tmp_path, capfdbinary, monkeypatch):
    file = record(tmp_path / "r", EVENTS, each=True)
    real = queried.rows.run

    def run_once(connection, sql):
        if Path(file, "000003").exists():
            Path(file, "000003").rename(tmp_path / "gone")
        return real(connection, sql)

    monkeypatch.setattr(queried.rows, "run", run_once)
    _, out, _ = run(capfdbinary, file, "SELECT count(*) AS n FROM opens")
    assert out.split() == ["n", "1"]


def test_named_queries(query, tmp_path, monkeypatch, capfdbinary, file):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "onlooker/queries").mkdir(parents=True)
    (tmp_path / "onlooker/queries/mine.sql").write_text("-- what is\x1b mine\nSELECT 23 AS n")
    assert query("--named", "mine") == [" n", "23"]
    code, out, _ = run(capfdbinary, "--list-named")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert lines["mine"].split(maxsplit=1)[1] == f"what is\\x1b mine ({tmp_path}/onlooker/queries/mine.sql)"
    assert lines["slowest"].split(maxsplit=1)[1] == "the processes that took longest"


class Terminal:
    """A child whose standard output and error are a terminal."""

    def __init__(self, *arguments, rows=24, columns=80):
        self.master, slave = pty.openpty()
        os.set_blocking(self.master, True)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        command = [sys.executable, "-m", "onlooker", "query", *arguments]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.output = b""
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        try:
            while data := os.read(self.master, 65536):
                self.output += data
        except OSError:
            pass

    def wait(self):
        code = self.process.wait(60)
        self._thread.join()
        os.close(self.master)
        return code, self.output.decode().replace("\r\n", "\n").splitlines()


def test_rows_fit_the_terminal(tmp_path):
    file = record(tmp_path / "r", [make("open", path=f"/srv/{'long/' * 50}{n}\x1b\x9b") for n in range(500)])
    code, lines = Terminal(file, "FROM opens").wait()
    assert code == 0
    assert all(len(line) <= 80 and line.isprintable() for line in lines)
    assert "path" in lines[0] and "errno" not in lines[0] and "path_bytes" not in lines[0]
    assert lines[-4:-2] == ["(404 more rows: --all shows them)", "(13 more columns: --output-format json)"]
    assert lines[-2].startswith("(no room for: recording, ")
    assert lines[-1] == "onlooker: complete"
    assert len(lines) == 1 + 96 + 4
    assert len(Terminal(file, "FROM opens", "--all").wait()[1]) == 1 + 500 + 3


def test_a_narrow_terminal(file):
    for sql in ("FROM opens", "FROM events", "FROM processes", "FROM forks"):
        code, lines = Terminal(file, sql, columns=40).wait()
        assert code == 0
        assert max(map(len, lines)) <= 40
        assert len(lines[0].split()) > 1  # also where there are no rows
        assert "(17 more columns: --output-format json)" in lines or sql != "FROM opens"


def test_csv_on_a_terminal_does_no_harm(file):
    _, lines = Terminal(file, "SELECT path FROM stats", "--output-format", "csv").wait()
    assert lines[:2] == ["path", "/srv/\\x1b[31m\\u009b\ufffd\\"]


ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3"


def test_ctrl_c_ends_it(file):
    terminal = Terminal(file, ENDLESS)
    deadline = time.monotonic() + 60
    while b"%" not in terminal.output and b"at work" not in terminal.output and time.monotonic() < deadline:
        time.sleep(0.1)
    terminal.process.send_signal(signal.SIGINT)
    code, lines = terminal.wait()
    assert code == 130
    assert lines[-1].endswith("\x1b[K")


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_nobody_reads_it(file, form):
    command = [sys.executable, "-m", "onlooker", "query", file, "FROM range(100000000)", "--output-format", form]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b"onlooker: complete\n"
    assert process.wait(60) == 0


def test_much_is_not_held(file):
    code = (
        "import sys\nfrom onlooker.cli.main import main\ncode = main(['query', *sys.argv[1:]])\n"
        "[most] = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "sys.stderr.write(most)\nsys.exit(code)"
    )
    sql = "SELECT range, repeat('x', 1000) AS x FROM range(300000)"
    for form in ("json", "csv"):
        done = subprocess.run(
            [sys.executable, "-c", code, "-q", file, sql, "--output-format", form], capture_output=True, check=True
        )
        assert done.stdout.count(b"\n") == 300_000 + (form == "csv")
        assert int(done.stderr) < 300_000  # kB


def test_help_loads_no_database():
    code = "import sys\nfrom onlooker.cli.main import main\nmain(['query', '--help'])\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"duckdb", "rich", "onlooker.query", "msgspec.json"} & {*done.stdout.splitlines()[-1].split()}
    assert "onlooker query [-h] [OPTIONS] FILE... [SQL]" in done.stdout


def test_no_answer_is_written_into_a_recording(capfdbinary, file):
    before = {path: path.read_bytes() for path in Path(file).rglob("*") if path.is_file()}
    for name in ("recording.json", "000001/opens.parquet", "000001/new.json"):
        code, out, err = run(capfdbinary, file, "SELECT 1", "--force", "-o", f"{file}/{name}")
        assert (code, out) == (2, "")
        assert "would be in a recording" in err
    assert {path: path.read_bytes() for path in Path(file).rglob("*") if path.is_file()} == before


def test_comments_do_not_take_for_ever():
    for comments in ("/**/" * 5000, "-- x\n" * 5000, "/* " * 5000):
        assert mistakes.change(comments + "SELECT 1", ["opens"]) == ""
    assert mistakes.change("/* a */ -- b\n/**/DROP TABLE opens", ["opens"]) == "opens"
