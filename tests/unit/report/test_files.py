"""What was done to files, and which calls failed."""

from onlooker.report.failures import Failures
from onlooker.report.files import Files

from ..recordings.lives import event
from .surveyed import opened, survey

EVENTS = [
    *(opened(11 + number / 10, "/src/a") for number in range(3)),
    opened(12, "/src/a", pid=200),
    opened(12.5, "/out/a", "O_WRONLY", "O_CREAT", created=True),
    opened(13, "/none", errno="ENOENT"),
    opened(14, "/secret", errno="EACCES"),
    opened(14.1, "/secret", errno="EACCES", comm="cat"),
    opened(14.2, "/secret", "O_WRONLY", errno="EACCES"),
    event("unlink", 15, 100, 10, comm="sh", path="/out/b", joined_path="/out/b"),
    event("readlink", 15.2, 100, 10, comm="sh", syscall="readlink", path="/out", joined_path="/out", errno="EINVAL"),
]


def test_files_by_what_was_done_to_them():
    files = survey(*EVENTS).files
    assert files.totals() == {
        "read": (1, 4),
        "written": (1, 1),
        "created": (1, 1),
        "removed": (1, 1),
        "missing": (1, 1),
    }
    assert dict(zip(files.paths, files.users(), strict=True)) == {"/src/a": 2, "/out/a": 1, "/none": 1, "/out/b": 1}


def test_files_of_a_process():
    files = survey(*EVENTS).files
    assert files.uses[200, 10_000_000_000] == {0: 1}
    assert files.uses[100, 10_000_000_000][0] == 3


def test_failures_by_file_and_error():
    failures = survey(*EVENTS).failures
    found = [(each.error, each.how, each.path, each.count, each.comms) for each in failures.by_count()]
    assert found == [("EACCES", "read", "/secret", 2, ("sh", "cat")), ("EACCES", "write", "/secret", 1, ("sh",))]
    assert failures.total == 3


def test_there_is_room_for_so_many():
    files, failures = Files(most=1, most_uses=1), Failures(most=1)
    for number in range(3):
        files.add(opened(11, f"/src/{number}"))
        files.add(opened(11, "/src/0", pid=300 + number))
        failures.add(opened(11, f"/src/{number}", errno="EACCES"))
    assert (files.paths, files.beyond, files.uses_beyond, [*files.counts]) == (["/src/0"], 2, 3, [4, 0, 0, 0, 0])
    files.add(opened(11, "/none/0", errno="ENOENT"))
    files.add(opened(11, "/none/1", errno="ENOENT"))
    assert (files.paths, files.beyond) == (["/src/0", "/none/0"], 3)
    assert (failures.total, failures.beyond, len(failures.by_count())) == (3, 2, 1)
