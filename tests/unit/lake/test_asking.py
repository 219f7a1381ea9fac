"""A query of a lake that changes, is damaged, or does not answer: an answer, or one line that says why not."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onlooker.cli.queried import Query
from onlooker.lake import tables
from onlooker.lake.compact import Compactor
from onlooker.lake.log import CommitLog
from onlooker.lake.rows import Reader, reader_of
from onlooker.lake.scope import Scope
from onlooker.lake.store import LakeError, store_of
from onlooker.recordings.database import connect
from onlooker.testing import make

from .made import held, messages, writer

QUERY = [sys.executable, "-m", "onlooker", "query"]


@pytest.mark.parametrize("has_losses", [False, True])
def test_files_that_are_merged_meanwhile_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_losses: bool
) -> None:
    lake, opened = tmp_path / "lake", 0
    own = writer(lake)
    for seq in range(1, 4):
        lost = make("lost", of="open", reason="ring full", count=41)
        own.commit([held(seq, [lost] if has_losses else [make("open")], first=seq - 1)])

    def merged_after(name: str, scope: Scope) -> Reader:
        nonlocal opened
        opened += 1
        found = reader_of(name, scope)
        if opened == 1:
            store = store_of(name)
            compactor = Compactor(store, CommitLog(store))
            assert compactor.run(least_files=2) == 3
            time.sleep(0.01)
            assert compactor.clean(grace=-100) == 3
        return found

    monkeypatch.setattr(tables, "reader_of", merged_after)
    query = Query([str(lake)], "SELECT count(*) AS n FROM events", None, "json", is_all=True, is_quiet=True)
    query.write(lambda: False, tmp_path / "answer")
    assert (tmp_path / "answer").read_text() == ('{"n":0}\n' if has_losses else '{"n":3}\n')
    assert opened == 2


def test_a_lake_that_changes_each_time_is_an_error_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer(tmp_path / "lake").commit(messages(2))
    for path in (tmp_path / "lake").glob("events/*/*/*.parquet"):
        path.unlink()
    monkeypatch.setattr("onlooker.lake.rows.FileReader.has_changed", lambda _: True)
    query = Query([str(tmp_path / "lake")], "FROM events", None, "json", is_all=True, is_quiet=True)
    with pytest.raises(LakeError, match="merged meanwhile"):
        query.write(lambda: False, tmp_path / "answer")


def test_an_interrupt_ends_a_query_of_a_bucket_that_does_not_answer(tmp_path: Path) -> None:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        lake = f"s3://bucket/x?endpoint=http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [*QUERY, lake, "FROM events"], env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        silent.settimeout(20)
        connection, _ = silent.accept()
        with connection:
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=10)
            finally:
                process.kill()
    assert process.returncode == 130, said
    assert time.monotonic() - began < 5
    assert "Traceback" not in said


def test_no_progress_of_duckdb_is_in_standard_output() -> None:
    with connect("a test") as database:  # it would be there after two seconds
        assert database.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]
