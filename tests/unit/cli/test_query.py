"""`onlooker query`, of recordings made by hand."""

import base64
import csv
import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from onlooker.cli import queried
from onlooker.cli.main import main
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


@pytest.mark.parametrize("form", ["table", "json", "csv", "parquet"])
def test_into_a_file(file, capfdbinary, tmp_path, form):
    path = tmp_path / "it's"
    asked = (file, "SELECT pid, path FROM opens ORDER BY seq", "--output-format", form, "-o", str(path))
    assert run(capfdbinary, *asked) == (0, "", "onlooker: complete\n")
    path.write_text("kept")
    code, out, err = run(capfdbinary, *asked)
    assert (code, out) == (2, "") and "is there already" in err and "--force" in err
    assert path.read_text() == "kept"
    assert run(capfdbinary, *asked, "--force") == (0, "", "onlooker: complete\n")
    assert [*path.parent.glob(".*")] == []
    if form == "parquet":
        assert duckdb.execute("FROM read_parquet(?)", [str(path)]).fetchall() == [
            (1234, "/etc/passwd"),
            (1234, "/etc/shadow"),
        ]
    else:
        assert path.read_text().count("/etc/") == 2
        assert len(path.read_text().splitlines()) == (2 if form == "json" else 3)


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


MISTAKES = [
    ([], "no recording is given", ""),
    (["SELECT 1"], "no recording is given", ""),
    (["{}"], "no SQL is given", "--named"),
    (["{}", " "], "no SQL is given", ""),
    (["{}", ";"], "no SQL is given", ""),
    (["no.onlook", "SELECT 1"], "there is no recording 'no.onlook'", ""),
    (["{}", "no.onlook"], "there is no recording 'no.onlook'", "the SQL comes last"),
    (["nothere"], "there is no recording 'nothere'", ""),
    (["SELECT 1", "{}"], "the SQL comes last", "query {} 'SELECT 1'"),
    (
        ["{}", "SELECT", "path", "FROM", "opens"],
        "the SQL is one argument, in quotes",
        "query {} 'SELECT path FROM opens'",
    ),
    (["{}", "SELECT 1", "extra"], "the SQL is one argument, in quotes", "query {} 'SELECT 1 extra'"),
    (["{}", "SELECT"], "Parser Error", ""),
    (["a b.onlook", "SELECT 1"], "there is no recording 'a b.onlook'", ""),
    (["a b.onlook"], "there is no recording 'a b.onlook'", ""),
    (["{}", "--named", "slowest", "nothere"], "there is no recording 'nothere'", ""),
    (
        ["{}", 'SELECT 1 FROM opens WHERE comm = "make"'],
        'column "make" not found',
        "a text is in single quotes: 'make'",
    ),
    (["{}", "FROM opens WHERE errno = EACCES"], "not found", "a text is in single quotes: 'EACCES'"),
    (["{}", "FROM opens WHERE errno = 2"], "Could not convert string", "errno is a text, as in errno = 'EACCES'"),
    (["{}", "FROM opens WHERE flags = 'O_CREAT'"], "VARCHAR[]", "list_contains(flags, 'O_CREAT')"),
    (["{}", "FROM opens WHERE flags LIKE '%O_CREAT%'"], "VARCHAR[]", "list_contains(flags, 'O_CREAT')"),
    (["{}", "FROM opens WHERE flags & 64 != 0"], "VARCHAR[]", "flags is a list"),
    (["{}", "FROM opens WHERE pid = 'sh'"], "Could not convert", "pid is a number"),
    (["{}", "FROM opens WHERE time > '12'"], "", "time is a time, as in '2026-01-31 12:00:00'"),
    (["{}", "SELECT argv FROM opens"], '"argv" not found', "argv is in events, execs, processes; opens has seq"),
    (["{}", "FROM opens WHERE path = 'x"], "unterminated", "written twice"),
    (["{}", "SELECT group FROM chowns"], "syntax error", '"group" needs its double quotes'),
    (["{}", "LOAD nosuch"], "IO Error", "no extension is loaded by itself"),
    *(
        (["{}", sql], "opens can't be changed", "CREATE TABLE mine AS FROM opens")
        for sql in (
            "DROP TABLE opens",
            "DROP VIEW IF EXISTS opens",
            'INSERT INTO "opens" VALUES (1)',
            "UPDATE Opens SET pid = 1",
            "DELETE FROM opens",
            "ALTER TABLE main.opens ADD COLUMN x INT",
            "-- so\nCREATE OR REPLACE VIEW opens AS SELECT 1",
            "SELECT 1; TRUNCATE opens; SELECT 2",
        )
    ),
    (["{}", "SELEC 1"], 'Parser Error: syntax error at or near "SELEC"', ""),
    (
        ["{}", "FROM open"],
        'Table with name open does not exist! Did you mean "opens"?',
        "the tables are accesses, binds",
    ),
    (["{}", "SELECT pth FROM opens"], 'Referenced column "pth" not found', "opens has seq, time, boot_ns"),
    (["{}", "SELECT o.pth FROM Opens o"], 'does not have a column named "pth"', "opens has seq, time, boot_ns"),
    (["{}", "FROM text"], "Table with name text does not exist", ""),  # nor is a variable of the program one
    (["{}", "SELECT pid + path FROM opens"], "No function matches", ""),
    (["{}", "SELECT CAST(path AS INT) FROM opens"], "Could not convert string", ""),
    (["{}", "FROM opens", "--output-format", "xml"], "unknown output format 'xml'", ""),
    (["{}", "FROM opens", "--output-format", "parquet"], "no file is given for parquet", "-o answer.parquet"),
    (["{}", "FROM opens", "-o", "json"], "-o takes a file, not a format", "--output-format json"),
    (["{}", "FROM opens", "-o", "/no/such"], "cannot write the output: there is no directory '/no'", "mkdir -p /no"),
    (
        ["{}", "FROM opens", "-o", "/no/such", "--output-format", "csv"],
        "cannot write the output: there is no directory '/no'",
        "",
    ),
    (["{}", "--named", "slow"], "unknown named query 'slow'", "slowest"),
    (["{}", "FROM opens", "--named", "slowest"], "--named stands in place of SQL", ""),
]


@pytest.mark.parametrize(("arguments", "said", "hint"), MISTAKES)
def test_mistakes_are_told_in_one_line(file, capfdbinary, arguments, said, hint):
    code, out, err = run(capfdbinary, *(word.format(file) for word in arguments))
    assert code == (1 if "cannot write" in said else 2)
    assert out == ""
    assert err.startswith("onlooker: ") and said in err.splitlines()[0]
    assert hint.replace("{}", file) in "".join(err.splitlines()[1:])


def test_the_place_of_a_mistake_is_shown(file, capfdbinary):
    long = "SELECT " + "path, " * 40 + '"pth", ' + "path, " * 40 + "comm\nFROM opens"
    for sql, at in (("SELEC 1", "SELEC"), ("SELECT 1,\n  pth FROM\n opens", "pth"), (long, '"pth"')):
        _, _, err = run(capfdbinary, file, sql)
        _, line, mark, *_ = err.splitlines()
        assert line[mark.index("^") : mark.rindex("^") + 1] == at
        assert max(len(line), len(mark)) <= 80


def test_own_tables_may_be_changed(query):
    sql = "CREATE TABLE mine AS FROM opens; DELETE FROM mine WHERE pid IN (SELECT pid FROM forks); "
    assert query(sql + "INSERT INTO mine FROM opens; SELECT count(*) AS n FROM mine; ") == ["n", "4"]


@pytest.mark.parametrize("form", ["table", "json", "csv", "parquet"])
def test_a_full_disk_leaves_no_file(file, tmp_path, form):
    sql = "SELECT range, repeat(chr(range::INT % 60 + 40), 99) || random() AS x FROM range(30000)"
    command = [sys.executable, "-m", "onlooker", "query", file, sql, "--output-format", form]
    (tmp_path / "out").mkdir()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run([*command, "-o", str(tmp_path / "out/a")], capture_output=True, text=True, preexec_fn=limit)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == f"onlooker: cannot write the output: '{tmp_path}/out/a': File too large"
    assert [*(tmp_path / "out").iterdir()] == []
    if form != "parquet":
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1
        assert done.stderr.startswith("onlooker: cannot write the output: No space left on device\n")


def test_a_full_disk_where_the_sql_writes(file, capfdbinary):
    code, _, err = run(capfdbinary, file, "COPY (FROM range(100000)) TO '/dev/full'")
    assert code == 1
    assert err.splitlines()[0] == "onlooker: cannot write the output: '/dev/full': No space left on device"


def test_what_is_interrupted_is_no_file(file, tmp_path):
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-m", "onlooker", "query", file, ENDLESS, "-o", str(tmp_path / "out/a")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not [*(tmp_path / "out").iterdir()] and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert [*(tmp_path / "out").iterdir()] == []


def test_a_statement_without_rows_makes_no_file(file, tmp_path, capfdbinary):
    code, _, err = run(capfdbinary, file, "CREATE TABLE x (a INT)", "-o", str(tmp_path / "a"))
    assert code == 2 and "there is nothing to write" in err
    assert not (tmp_path / "a").exists()


def test_a_name_that_is_not_utf_8(file, tmp_path, capfdbinary):
    name = os.fsencode(tmp_path) + b"/\xff"
    run(capfdbinary, file, "SELECT 1 AS a", "--output-format", "csv", "-o", os.fsdecode(name))
    assert Path(os.fsdecode(name)).read_text() == "a\n1\n"


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


@pytest.mark.parametrize("form", ["table", "json", "csv", "parquet"])
def test_a_new_file_is_for_its_owner(query, tmp_path, form):
    before = os.umask(0)
    try:
        query("FROM opens", "--output-format", form, "-o", str(tmp_path / "answer"))
    finally:
        os.umask(before)
    assert (tmp_path / "answer").stat().st_mode & 0o777 == 0o600
