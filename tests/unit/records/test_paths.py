"""Paths that the probe walks from the file up to the root: turned round and joined by paths.h, here by itself
(paths_test.c) and in whole records.
"""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..compiler import build, run
from ..made_records import LAYOUTS, batch, plain, record, walked, with_span
from .raw_values import FILE_NAME, text
from .reference import check

NATIVE = Path(__file__).parents[3] / "src" / "onlooker" / "records" / "native"
CASES = ("whole", "root", "cut", "nothing", "joined")
LONG = 1024

absolute = st.lists(FILE_NAME, max_size=40).map(lambda names: b"/" + b"/".join(names))
cut = st.lists(FILE_NAME, min_size=1, max_size=40).map(b"/".join)
texts = st.one_of(st.sampled_from([b"", b".", b"/", b"//", b"../..", b"./"]), absolute, cut, st.binary(max_size=40))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build(Path(__file__).with_name("paths_test.c"), tmp_path_factory.mktemp("paths"), NATIVE)


def test_every_case_is_run(program):
    assert run(program).stdout.split() == list(CASES)


@pytest.mark.parametrize("case", CASES)
def test_turned_round_and_joined(program, case):
    done = run(program, case)
    assert (done.returncode, done.stderr) == (0, "")


def decode(*records: bytes):
    return check(batch(*records))


def joined(directory: bytes, path: bytes) -> str | None:
    """Like os.path.join, but an absolute path is also joined to the directory, which is then the root."""
    if not directory or not path:
        return text(directory) or None
    return text(directory.removesuffix(b"/") + b"/" + path.removeprefix(b"/"))


def opened(**raw: bytes):
    [event] = decode(record("open", {**plain("open"), **raw}))
    return event


def of_names(names: bytes) -> str:
    """What is made of these bytes in place of a walked path."""
    whole = record("open", {**plain("open"), "path": names, "real_path": b""})
    [event] = decode(with_span(whole, "open", "real_path", LAYOUTS["open"].size, len(names)))
    return event.real_path


@settings(deadline=None, max_examples=100)
@given(path=st.one_of(absolute, cut))
def test_a_path_comes_back(path):
    assert os.fsencode(opened(real_path=path).real_path) == path
    [event] = decode(record("exec", {**plain("exec"), "exe": path, "cwd": path}))
    assert [os.fsencode(each) for each in (event.exe, event.cwd)] == [path, path]


@settings(deadline=None, max_examples=100)
@given(directory=st.one_of(absolute, cut), path=texts)
def test_a_path_is_joined_to_its_directory(directory, path):
    event = opened(joined_path=directory, path=path)
    assert event.joined_path == joined(directory, path)
    assert event.path == text(path)


@pytest.mark.parametrize(
    ("directory", "path", "whole"),
    [
        (b"/", b"", "/"),
        (b"/", b"x", "/x"),
        (b"/", b"/x", "/x"),
        (b"/srv/jail", b"/x", "/srv/jail/x"),
        (b"/a", b"../x", "/a/../x"),
        (b"/a", b"", "/a"),
        (b"c/d", b"x", "c/d/x"),
        (b"/a", b"x/", "/a/x/"),
    ],
)
def test_joined(directory, path, whole):
    assert opened(joined_path=directory, path=path).joined_path == whole


def test_a_path_of_a_bad_descriptor_is_joined_to_nothing():
    assert opened(joined_path=b"", path=b"x").joined_path is None


def test_a_directory_of_which_nothing_could_be_read():
    """The path is cut, so it must not look as if it were whole."""
    whole = record("open", {**plain("open"), "path": b"x", "cut": 64})
    [event] = decode(with_span(whole, "open", "joined_path", LAYOUTS["open"].size + 1, 0))
    assert (event.joined_path, event.cut) == ("x", ("joined_path",))


def test_an_empty_path_may_point_anywhere():
    whole = record("open", {**plain("open"), "path": b"", "joined_path": b"/a"})
    [event] = decode(with_span(whole, "open", "path", 2**32 - 1, 0))
    assert event.joined_path == "/a"


@pytest.mark.parametrize("length", [*range(LONG - 6, LONG + 4), 4095, 4096, 8191, 20_000])
def test_long_paths(length):
    path = (b"/" + b"n" * 99) * (length // 100 + 1)
    path = path[: length - 1] + b"x"
    assert opened(real_path=path).real_path == text(path)
    directory, name = path[: length // 2].rstrip(b"/"), path[length // 2 :]
    assert opened(joined_path=directory, path=name).joined_path == joined(directory, name)


def test_many_names():
    path = b"/d" * 160 + b"/" + b"n" * 255
    assert opened(real_path=path).real_path == text(path)


@settings(deadline=None, max_examples=80)
@given(names=st.lists(st.sampled_from([b"\0", b"\0\0", b"a", b"\xff", b"long name"]), min_size=1).map(b"".join))
def test_whatever_the_bytes_are_every_name_comes_last_to_first(names):
    pieces = (names.removesuffix(b"\0") if names.endswith(b"\0") else names).split(b"\0")
    assert of_names(names) == text(b"/".join(reversed(pieces)) or b"/")


def test_as_the_tests_write_it():
    assert [walked(path) for path in (b"/", b"/a/b", b"a/b")] == [b"\0", b"b\0a\0\0", b"b\0a\0"]
