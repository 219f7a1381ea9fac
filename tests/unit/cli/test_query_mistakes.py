"""What `onlooker query` says of SQL and of words that are wrong."""

import pytest

from ..query.made import record
from .test_query import EVENTS, run


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return record(tmp_path_factory.mktemp("mistakes") / "r.onlook", EVENTS)


MISTAKES = [
    ([], "no recording is given", ""),
    (["SELECT 1"], "no recording is given", ""),
    (["{}"], "no SQL is given", "--named"),
    (["{}", " "], "no SQL is given", ""),
    (["{}", ";"], "no SQL is given", ""),
    (["{}", ""], "no SQL is given", "'FROM processes', or --named NAME"),
    (["{}", " ; ;"], "no SQL is given", "'FROM processes', or --named NAME"),
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
    (
        ["{}", "SELECT argv FROM opens"],
        '"argv" not found',
        "argv is in alerts, events, execs, processes; opens has seq",
    ),
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
        "the tables are accesses, alerts, ancestries, binds",
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


def test_own_tables_may_be_changed(file, capfdbinary):
    sql = "CREATE TABLE mine AS FROM opens; DELETE FROM mine WHERE pid IN (SELECT pid FROM forks); "
    _, out, _ = run(capfdbinary, file, sql + "INSERT INTO mine FROM opens; SELECT count(*) AS n FROM mine; ")
    assert out.split() == ["n", "4"]
