"""The file of `onlooker query -o`: all of the answer, or nothing."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from ..query.made import record
from .test_query import ENDLESS, EVENTS, run


@pytest.fixture
def file(tmp_path):
    return record(tmp_path / "r.onlook", EVENTS)


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


@pytest.mark.parametrize("form", ["table", "json", "csv", "parquet"])
def test_a_new_file_is_for_its_owner(file, capfdbinary, tmp_path, form):
    before = os.umask(0)
    try:
        run(capfdbinary, file, "FROM opens", "--output-format", form, "-o", str(tmp_path / "answer"))
    finally:
        os.umask(before)
    assert (tmp_path / "answer").stat().st_mode & 0o777 == 0o600
