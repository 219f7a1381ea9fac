"""examples/: polars, pandas and DuckDB take the tables of a recording, and of a monitor, without pyarrow."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import onlooker
from onlooker import Batch, FakeSource
from onlooker.testing import make

from .recordings.made import recording

EXAMPLES = Path(__file__).parents[2] / "examples"
EVENTS = [
    make("fork", child_pid=2, child_ppid=1, child_start_ns=20, boot_ns=20, pid=1, start_ns=1),
    make("exec", pid=2, start_ns=20, boot_ns=30, exe="/usr/bin/cat", path="cat", argv=("cat",)),
    *[make("open", pid=2, start_ns=20, boot_ns=31 + n, path="a", real_path="/srv/a") for n in range(23)],
    make("open", pid=3, start_ns=4, boot_ns=60, path="a", real_path="/srv/a"),
    make("open", pid=2, start_ns=20, boot_ns=61, path="b", real_path="/srv/b", flags=("O_WRONLY",)),
    make("open", pid=2, start_ns=20, boot_ns=62, path="c\udcff", real_path=None, errno="ENOENT", fd=None),
    make("exit", pid=2, start_ns=20, boot_ns=1_500_000_020, duration_ns=1_500_000_000, exit_code=1),
]


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def path(tmp_path):
    return recording(tmp_path / "r.onlook", EVENTS)


@pytest.fixture(autouse=True)
def no_pyarrow(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)


@pytest.mark.parametrize("name", ["recording_tree", "pandas_programs", "polars_files"])
def test_a_missing_file_is_told_in_a_line(name, tmp_path):
    if name != "recording_tree":
        pytest.importorskip(name.partition("_")[0])
    program = str(EXAMPLES / f"{name}.py")
    for words, said in (([], f"usage: {program} FILE\n"), (["no"], f"{program}: there is no recording 'no'\n")):
        ended = subprocess.run([sys.executable, program, *words], capture_output=True, text=True, cwd=tmp_path)
        assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", said)


def test_polars_counts_reads(path):
    found = example("polars_files").most_read(path)
    assert found.rows() == [("/srv/a", 24, 2)]


def test_polars_reads_a_batch_and_a_monitor():
    import polars

    made = Batch.of(EVENTS)[0]
    assert polars.DataFrame(made)["event"].to_list() == [event.event for event in made.events()]
    with onlooker.Monitor(source=FakeSource(EVENTS)) as monitor:
        frame = polars.DataFrame(monitor.batches())
    assert frame["event"].to_list() == [event.event for event in EVENTS]
    assert frame["path"].to_list()[-2] == "c\ufffd"
    assert frame["path_bytes"].to_list()[-2] == b"c\xff"


def test_pandas_sums_programs(path):
    found = example("pandas_programs").programs(path)
    assert found.loc["/usr/bin/cat"].to_dict() == {"processes": 1, "seconds": 1.5, "failed": 1}


def test_duckdb_counts_failures_as_they_come(capsys):
    with onlooker.Monitor(source=FakeSource(EVENTS)) as monitor:
        example("duckdb_live").show(monitor)
    assert capsys.readouterr().out.splitlines() == ["     1 ENOENT       'fake': 'c\\ufffd'"]


def test_a_tree_of_processes(path):
    assert [*example("recording_tree").lines(path)] == ["     1.500 s 1 fake", "!    1.500 s   2 cat"]
