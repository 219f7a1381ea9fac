"""In-toto statements: what the specification asks for, and which files are subjects."""

import hashlib
import os
import re
from pathlib import Path

import pytest
from msgspec import json

from onlooker.exports import in_toto

from .files import build, record, write


def exported(source):
    made = bytearray()
    in_toto.export(source, made.extend)
    found = json.decode(bytes(made))
    assert found.keys() == {"_type", "subject", "predicateType", "predicate"}
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "https://witness.dev/attestations/command-run/v0.1"
    assert found["subject"]
    for each in found["subject"]:
        assert re.fullmatch("[0-9a-f]{64}", each["digest"]["sha256"])
    return found


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def subjects(found):
    return {Path(each["name"]).name: each["digest"]["sha256"] for each in found["subject"]}


def test_a_build(tmp_path):
    found = exported(record(tmp_path / "r", build(tmp_path), after=lambda: write(tmp_path)))
    assert subjects(found) == {"a.o": sha256("a.o"), "a.log": sha256("a.log")}
    said = found["predicate"]
    assert (said["cmd"], said["exitcode"]) == (["make", "--token", "***"], 0)
    [process] = said["processes"]
    assert (process["processid"], process["parentpid"], process["comm"]) == (7, 1000, "cc")
    assert (process["program"], process["cmdline"]) == (str(tmp_path / "cc"), "cc -c a.c")
    assert process["exedigest"] == {"sha256": sha256("cc")}
    assert process["openedfiles"][str(tmp_path / "a.c")] == {"sha256": sha256("a.c")}
    own = said["onlooker"]
    assert (own["verdict"], own["complete"], own["lost"]) == ("complete", True, [])
    assert own["kernel"] == os.uname().release and "named" in own["redacted"]
    assert "hunter2" not in json.encode(found).decode()
    assert own["not_digested"] == [{"name": str(tmp_path / "a.tmp"), "reason": "is not there any more"}]


def test_what_has_changed_since_is_no_subject(tmp_path):
    source = record(tmp_path / "r", build(tmp_path), after=lambda: write(tmp_path))
    later = source.end_ns + 10**9
    os.utime(tmp_path / "a.o", ns=(later, later))
    found = exported(source)
    assert subjects(found).keys() == {"a.log"}
    reasons = {Path(each["name"]).name: each["reason"] for each in found["predicate"]["onlooker"]["not_digested"]}
    assert reasons["a.o"] == "changed since the recording ended"


def test_what_was_opened_for_writing_and_not_written_is_no_subject(tmp_path):
    write(tmp_path)
    os.utime(tmp_path / "a.log", (1, 1))
    assert subjects(exported(record(tmp_path / "r", build(tmp_path)))).keys() == {"a.o"}


@pytest.mark.parametrize("how", [{"host": "elsewhere"}, {}])
def test_without_files_the_recording_is_the_subject(tmp_path, how):
    if how:
        write(tmp_path)
    found = exported(record(tmp_path / "r.onlook", build(tmp_path), **how))
    assert [each["name"] for each in found["subject"]] == ["r.onlook/000001.log", "r.onlook/recording.json"]
    own = found["predicate"]["onlooker"]
    assert own["subjects"] == "the recording"
    reason = "recorded on another machine" if how else "is not there any more"
    assert {each["reason"] for each in own["not_digested"]} == {reason}


def test_without_digests_of_what_was_only_read(tmp_path):
    source = record(tmp_path / "r", build(tmp_path), after=lambda: write(tmp_path))
    source.digests = False
    found = exported(source)
    assert subjects(found).keys() == {"a.o", "a.log"}
    [process] = found["predicate"]["processes"]
    assert "exedigest" not in process and {*map(len, process["openedfiles"].values())} == {0}


def test_neither_a_fifo_nor_a_directory_is_digested(tmp_path):
    os.mkfifo(tmp_path / "a.o")
    (tmp_path / "a.c").mkdir()
    found = exported(record(tmp_path / "r", build(tmp_path)))
    reasons = {each["name"]: each["reason"] for each in found["predicate"]["onlooker"]["not_digested"]}
    assert reasons[str(tmp_path / "a.o")] == reasons[str(tmp_path / "a.c")] == "no regular file"
