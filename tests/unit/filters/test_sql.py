"""Expressions as SQL keep what the matcher keeps."""

import os
from random import Random

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onlooker import Event, ExpressionError, Lost, UsageError
from onlooker.events import ASKED_EVENTS, OWN_EVENTS, TASK_EVENTS
from onlooker.filters import fields, sugar
from onlooker.filters.check import check
from onlooker.filters.compile import matcher
from onlooker.filters.expression import TEXT_TESTS, Expression, context_tests, kin_tests
from onlooker.filters.expression import Test as Ask
from onlooker.filters.parse import parse
from onlooker.filters.sql import condition, condition_of_all
from onlooker.filters.sql_texts import quoted
from onlooker.records import PLAN, Batch
from onlooker.schema.fields import Op
from onlooker.schema.values import Names
from onlooker.testing import make

from ...fuzz import expressions as fuzzed
from ...fuzz import records as fuzzed_records
from .. import made_records
from . import reference, tables
from .expressions import OPERATORS, asks, expressions
from .records import batches

EXAMPLES = int(os.environ.get("ONLOOKER_EXAMPLES", "50"))
SEED = int(os.environ.get("ONLOOKER_TESTS_SEED", "1"))
OFFSET = 1_700_000_000 * 10**9

# what is known of processes is in other tables: tests/unit/query/test_context.py
FIELDS = tuple(field for field in fields.known_fields() if field not in fields.CONTEXT_FIELDS)


@pytest.fixture(scope="module")
def connection():
    with tables.created() as made:
        yield made


def check_alike(connection: duckdb.DuckDBPyConnection, expression: Expression, batch: Batch) -> None:
    """The tables have the events of the batch."""
    events = batch.events()
    wanted = batch.matching(matcher(expression)).events()
    of_all = condition_of_all(expression)
    kept = tables.kept(connection, "events", of_all)
    assert [events[seq] for seq in kept] == wanted
    assert tables.answers(connection, "events", of_all) == [seq in kept for seq in range(len(events))]  # never NULL
    for name in {event.event for event in events}:
        own = condition(expression, name)
        found = [] if own == "FALSE" else tables.kept(connection, tables.TABLES[name], own)
        assert found == [seq for seq in kept if events[seq].event == name]


def alike(connection: duckdb.DuckDBPyConnection, text: str, *events: Event) -> None:
    check(parse(text), TASK_EVENTS, text)
    [batch] = Batch.of(events)
    tables.fill(connection, batch)
    check_alike(connection, parse(text), batch)


@settings(max_examples=EXAMPLES, deadline=None)
@given(expressions(FIELDS), batches)
def test_sql_and_matcher_agree(connection, expression, data):
    batch = Batch.checked(data, OFFSET, 1)
    tables.fill(connection, batch)
    check_alike(connection, expression, batch)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(FIELDS).flatmap(lambda field: asks((field,))), batches)
def test_each_field(connection, test, data):
    batch = Batch.checked(data, OFFSET, 1)
    tables.fill(connection, batch)
    check_alike(connection, test, batch)


def test_what_events_hold_is_found_alike(connection):
    """Expressions about values of these very events, of which the texts are hostile."""
    rng = Random(SEED)
    data = b"".join(fuzzed_records.split(fuzzed_records.made(rng))[1] for _ in range(25))
    batch = Batch.checked(data, OFFSET, fuzzed.BOOT_NS)
    tables.fill(connection, batch)
    asked = 0
    while asked < EXAMPLES:
        text = fuzzed.asked(rng, batch.events())
        try:
            expression = parse(text)
            check(expression, TASK_EVENTS, text)
        except ExpressionError:
            continue
        if not (kin_tests(expression) or context_tests(expression, fields.CONTEXT_FIELDS)):
            check_alike(connection, expression, batch)
            asked += 1


PIECES = st.sampled_from((b"/", b"a", b"b", b"A", b".", b"\\*", "é".encode(), b"\xff", b"\n"))
WILD = {
    b"*": st.sampled_from((b"", b"a", b"a/", b"\n", "é".encode(), b"\xff")),
    b"**": st.sampled_from((b"", b"a", b"/a/b", b"\n", b"\xff/")),
    b"/**/": st.sampled_from((b"/", b"/a/", b"/a/b/", b"a/", b"/\n/\xff/")),
    b"?": st.sampled_from((b"a", b"/", b"\n", b"\xff", b"\xa9", "é".encode())),
}


@st.composite
def globs_and_texts(draw):
    """A pattern, and what it may match: each star is something, now and then what it does not stand for."""
    pieces = draw(st.lists(st.one_of(PIECES, st.sampled_from(list(WILD))), min_size=1, max_size=6))
    texts = []
    for _ in range(6):
        text = b"".join(draw(WILD[piece]) if piece in WILD else piece.removeprefix(b"\\") for piece in pieces)
        texts.append(text.swapcase() if draw(st.booleans()) else text)
    return b"".join(pieces), texts


def check_paths(connection, paths: list[bytes], *tests: Ask) -> None:
    [batch] = Batch.of([make("open", path=os.fsdecode(path)) for path in paths])
    tables.fill(connection, batch)
    for test in tests:
        check_alike(connection, test, batch)


@settings(max_examples=EXAMPLES, deadline=None)
@given(globs_and_texts(), st.booleans(), st.sampled_from(("glob", *TEXT_TESTS)))
@example((b"/**/**/a", [b"/a", b"a", b"/b/a", b"/b/ca"]), False, "glob")
@example((b"a**/**/a", [b"a/a", b"ab/a", b"aa"]), False, "glob")
@example((b"/a/**/b", [b"/a/xb", b"/a/b", b"/a/x/b"]), False, "glob")
@example((b"\\**", [b"*a", b"a"]), False, "glob")
@example((b"?", ["é".encode(), b"a", b"\xff"]), False, "glob")
@example((b"\xa9", ["é".encode(), b"\xa9", b"\xff"]), True, "contains")
@example(("K\u0130".encode(), [b"k\xcc\x87", "\u212a\u0130".encode(), "k\u0130".encode()]), True, "startswith")
@example((b"a?B\xff", [b"Axb\xff", b"axB\xff", b"ax2\xff"]), True, "glob")
@example((b"\xef\xbf\xbd", [b"\xff", "\ufffd".encode()]), False, "endswith")
def test_parts_of_texts(connection, asked, ignore_case, op):
    pattern, texts = asked
    check_paths(connection, texts, Ask("path", op, (pattern,), False, ignore_case))


NAMES = st.sampled_from((b"", b".", b"..", b"a", b"b", b"...", b"a..", b"\xff", b"\n", b"a\n"))


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(st.lists(st.lists(NAMES, max_size=6).map(b"/".join), min_size=2, max_size=8), st.sampled_from((b"", b"\xff")))
def test_paths_are_cleaned_alike(connection, paths, also):
    """In both spellings: a glob with ? is asked of the bytes."""
    first, *_, last = cleaned = [reference.clean(path) for path in paths]
    check_paths(
        connection,
        paths,
        Ask("file", "in", (first, also)),
        Ask("file", "glob", tuple(path[:-1] + b"?" for path in cleaned)),
        Ask("path", "under", (last or b"a", also + b"/a")),
    )


def test_what_exists(connection):
    """Where numbers are 0, marks and flags are left out of JSON."""
    records = []
    for event in made_records.LAYOUTS:
        plain = made_records.plain(event)
        small = {name: 0 for name, value in plain.items() if isinstance(value, int)}
        names = ("flags", "created", "unproven", "resolve", "clone_flags", "access_mode", "at_flags", "cut")
        marks = {name: 1 for name in names if name in made_records.members(event)}
        records += [made_records.record(event, {**plain, **some}) for some in ({}, small, marks)]
    batch = Batch.checked(made_records.batch(*records), OFFSET, 1)
    tables.fill(connection, batch)
    for field in FIELDS:
        check_alike(connection, Ask(field, "exists"), batch)


def test_what_the_kernel_named_is_not_cleaned(connection):
    opens = make("open", path="a", real_path="/a/./b"), make("open", path="/a/./b"), make("open", path="/a/b")
    for event in (*opens, make("exec", path="a", exe="/a/./b"), make("exec", path="/a/./b", exe=None)):
        for path in ("/a/./b", "/a/b", "/a/?/b", "/?/b"):
            alike(connection, f"file glob '{path}' or exe under '{path}' or real_path under '{path}'", event)


HOSTILE = (
    "'", '"', "\\", "';--", "$$", "$1", "?", "%s", "\0", "\n", "\u00a0", "\u2028", "/*", "é", "E'\\x27", "\ufffd", "a",
)  # fmt: skip
HOSTILE_TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join))


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(HOSTILE_TEXTS)
@example("' OR TRUE --")
@example("\\' OR TRUE --")
def test_a_text_in_sql_is_that_text(connection, text):
    text = text.encode("utf-8", "replace").decode()
    assert "\0" not in quoted(text)
    assert connection.execute(f"SELECT {quoted(text)}, 1").fetchall() == [(text, 1)]


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(
    st.sampled_from(("path", "file", "comm", "argv", "cmdline", "errno", "flags")),
    st.sampled_from(("==", "!=", "in", "contains", "startswith", "endswith", "glob", "under")),
    st.lists(st.one_of(st.binary(min_size=1), HOSTILE_TEXTS.map(str.encode).filter(len)), min_size=1, max_size=2),
    st.booleans(),
)
def test_no_value_gets_out_of_its_quotes(connection, field, op, values, ignore_case):
    if op not in OPERATORS[fields.type_of(field)]:
        op = "contains"
    values = tuple(values[:1] if op in ("==", "!=") else values)
    test = Ask(field, op, values, False, ignore_case and op in ("contains", "startswith", "endswith", "glob"))
    events = [
        make("open", path=os.fsdecode(values[0].replace(b"\0", b"")), comm="';--"),
        make("exec", path="\\'", argv=("a", os.fsdecode(values[-1].replace(b"\0", b"")))),
        make("rename", errno="ENOENT"),
    ]
    [batch] = Batch.of(events)
    tables.fill(connection, batch)
    assert len(duckdb.extract_statements(f"SELECT {condition_of_all(test)}")) == 1
    kept = tables.kept(connection, "events", condition_of_all(test))
    assert kept == [seq for seq, event in enumerate(events) if reference.matches(test, event)]


def test_an_unknown_field_is_no_column(connection):
    test = Ask('pid" = 1 OR "pid', "==", (1,))
    assert condition(test, "open") == "FALSE"
    own = [event for event in OWN_EVENTS if event not in ASKED_EVENTS]
    assert condition_of_all(test) == f'"event" IN {tuple(own)}'


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">=", "in"])
@pytest.mark.parametrize("time", [b"1970-01-01T00:00:00Z", b"1970-01-01T00:00:00.000000001Z"])
def test_times_before_1970_are_its_first_moment(connection, op, time):
    """A column has them as they are, and the matcher takes them for 1970, as JSON shows them."""
    opens = (made_records.record("open", {**made_records.plain("open"), "boot_ns": ns}) for ns in (0, 4, 5, 6, 7))
    batch = Batch.checked(made_records.batch(*opens), -5, 1)
    tables.fill(connection, batch)
    check_alike(connection, Ask("time", op, (time,)), batch)
    if op == "in":
        check_alike(connection, Ask("time", op, (time, b"2026-01-31T12:00:00Z"), negated=True), batch)


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_numbers_beyond_their_columns(connection, op):
    events = make("open", dirfd=-100, inode=2**64 - 1), make("open", dirfd=3, mode=0o644), make("exit", exit_code=3)
    [batch] = Batch.of(events)
    tables.fill(connection, batch)
    for number in (-(2**63), -(2**31), -100, 3, 2**31, 2**32, 2**63, 2**64 - 1):
        for name in ("dirfd", "inode", "mode", "exit_code"):
            check_alike(connection, Ask(name, op, (number,)), batch)


def test_one_query_for_many_values(connection):
    paths = [f"/{number}/../a{number}" for number in range(2000)]
    for text in (
        " or ".join(f"file == '/a{number}'" for number in range(1000)),
        " and ".join(f"file != '/a{number}'" for number in range(1000)),
        " or ".join(f"file under '/a{number}'" for number in range(500)),
        f"path in ({', '.join(map(repr, paths))})",
        " or ".join(f"uid == {number} and pid < {number}" for number in range(500)),
        "not (" + " or ".join(f"file == '/a{number}' and uid < {number}" for number in range(110)) + ")",
    ):
        assert "uid" in text or len(condition(parse(text), "open")) < 4 * len(text)
        alike(connection, text, make("open", path=paths[7]))


@pytest.mark.parametrize(
    "text",
    [
        "path contains 'A' or path icontains 'B'",
        "path icontains 'A' or path contains ('B', 'c')",
        "path not contains 'a' and path not icontains 'B' and path not startswith 'c'",
        "path == 'a' or path != 'b' or path in ('B', 'c')",
        "path != 'a' and path not in ('b', 'B') and path == 'c'",
        "uid == 0 or uid < 5 or uid in (1000, 2)",
        "errno != 'ENOENT' and errno != 'EACCES' or not errno == 'ENOENT'",
    ],
)
def test_tests_that_are_asked_as_one(connection, text):
    events = [make("open", path=path) for path in ("a", "A", "b", "B", "c", "C")]
    alike(connection, text, *events, make("open", path="a", errno="EPERM"), make("open", path="A", errno="ENOENT"))


def test_what_is_hidden_and_other_options(connection):
    events = make("open", path="/usr/lib/libc.so.6", real_path="/usr/lib/libc.so.6"), make("open", flags=("O_WRONLY",))
    events += make("exec", argv=("a", "-c")), make("unlink", path="/srv/./a")
    [batch] = Batch.of(events)
    tables.fill(connection, batch)
    for expression in (sugar.hidden(["noise"]), sugar.writes(), sugar.success(), sugar.at_or_below(["/srv"])):
        check_alike(connection, expression, batch)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("uid == 1000 and exit_code == 0", "FALSE"),
        ("uid == 1000 or not exit_code == 0", "TRUE"),
        ("not event == 'open'", "FALSE"),
        ("event == 'open' and uid == 0", '("uid" = 0) IS TRUE'),
        ("event != 'exec' or uid == 0", "TRUE"),
        ("not (exit_code exists or event in ('exec', 'exit'))", "TRUE"),
    ],
)
def test_what_the_kind_of_event_decides(text, found):
    assert condition(parse(text), "open") == found


def test_what_narrows_a_scan_stays_visible():
    """DuckDB skips blocks of a column only by conditions that it sees as those of a column."""
    asked = condition(parse("uid == 7 and path == '/etc/passwd' and time >= '2026-01-31T12:00:00Z'"), "open")
    path = "'/etc/' || chr(97 + i::INTEGER % 26)"  # on both sides of what is asked for
    values = f"i::UINTEGER AS uid, {path} AS path, make_timestamp_ns(i * {10**15}) AS time"
    with duckdb.connect() as made:
        made.execute(f"CREATE TABLE opens AS SELECT {values} FROM range(2000) AS numbers(i)")
        [(_, plan)] = made.execute(f"EXPLAIN SELECT uid FROM opens WHERE {asked}").fetchall()
    for each in ("uid = 7", "path = '/etc/passwd'", "time >= "):
        assert each in plan
    if int(duckdb.__version__.partition(".")[0]) >= 2:  # 1.4 reads all blocks
        assert "DISTINCT" not in plan


def test_losses_always_stay(connection):
    loss = Lost("2026-01-31T12:00:00.000000000Z", 60_000_000_000, 3, "open", "ring full")
    for text in ("uid == 77", "event == 'open'", "not pid exists", "uid == 1000"):
        alike(connection, text, make("open"), loss, make("exec"))
    assert condition(parse("uid == 77"), "lost") == "TRUE"


def test_what_sql_does_not_decide():
    for text in ("parent.comm == 'sshd'", "uid == 0 and not ancestor.exe endswith '/make'"):
        for ask in (condition_of_all, lambda expression: condition(expression, "exec")):
            with pytest.raises(ExpressionError, match="do not say") as error:
                ask(parse(text))
            assert "onlooker replay" in error.value.hint
    with pytest.raises(ExpressionError, match="at most 8192 bytes"):
        condition(parse(f"path glob '{'?' * 8193}'"), "open")
    with pytest.raises(ExpressionError, match="at most 8192 bytes"):
        condition(parse(f"argv icontains ('\\xff', '{'a' * 8000}\\xff', '{'b' * 8000}\\xff')"), "exec")
    with pytest.raises(UsageError, match="unknown event"):
        condition(parse("uid == 0"), "opens")


@pytest.mark.parametrize("pattern", ["?" * 8192, "?**" * 2000, "**/a" * 15_000, "\\xff*" * 1600])
def test_long_patterns_are_taken(connection, pattern):
    alike(connection, f"path iglob '{pattern}'", make("open", path="a" * 1000), make("open", path="/" * 1000))


def test_what_the_conditions_rely_on():
    """Names stand for their numbers, and a column of one name means the same in all tables."""
    for event in PLAN.events:
        for step in event.steps:
            assert step.name.isidentifier()
            assert not step.name.startswith("_")
            if isinstance(step.values, Names):
                names = [name for _, name in step.values.names]
                assert len(set(names)) == len(names)
            if step.op is Op.FLAGS and not step.omit:
                assert step.values.low  # so that it is never empty
    kinds = {(step.name, step.op) for event in PLAN.events for step in event.steps}
    assert len({name for name, _ in kinds}) == len(kinds)
