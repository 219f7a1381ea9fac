"""What Sigma's fields are in our events, for each category of log source that we have."""

from typing import NamedTuple

from ..filters.expression import And, Expression
from ..filters.parse import parse


class Kind(NamedTuple):
    """Some kinds of events that a category means: `where` says which, and each of Sigma's fields is one of ours."""

    where: Expression
    fields: dict[str, str]


_SUCCESS = "not errno exists"
# of the process, whatever the event is
_OF_PROCESS = {
    "ProcessId": "pid",
    "ParentProcessId": "ppid",
    "User": "uid",
    "ParentUser": "parent.uid",
    "ParentImage": "parent.exe",
    "ParentCommandLine": "parent.cmdline",
}
_EXEC = {
    **_OF_PROCESS,
    "Image": "exe",
    "CommandLine": "cmdline",
    "CurrentDirectory": "cwd",
    "LogonId": "session",
}
_FILE = {**_OF_PROCESS, "Image": "process.exe", "CommandLine": "process.cmdline"}


def _and(text: str) -> Expression:
    return And((parse(text), parse(_SUCCESS)))


CATEGORIES = {
    "process_creation": (Kind(_and("event == 'exec'"), _EXEC),),
    # a file is made or overwritten, or gets another name, as Sysmon's FileCreate says
    "file_event": (
        Kind(
            And((parse("event == 'open'"), parse(_SUCCESS), parse("created == true or flags contains 'O_TRUNC'"))),
            {**_FILE, "TargetFilename": "file"},
        ),
        Kind(_and("event in ('symlink', 'mknod')"), {**_FILE, "TargetFilename": "file"}),
        Kind(_and("event in ('rename', 'link')"), {**_FILE, "TargetFilename": "new_file"}),
    ),
    "file_delete": (Kind(_and("event == 'unlink'"), {**_FILE, "TargetFilename": "file"}),),
    "file_rename": (
        Kind(_and("event == 'rename'"), {**_FILE, "TargetFilename": "new_file", "SourceFilename": "file"}),
    ),
}

# why there is no such field, where that is not plain
MISSING = {
    "OriginalFileName": "programs of Linux do not say how they were called",
    "Hashes": "files are not hashed",
    "Company": "programs of Linux do not say who made them",
    "Description": "programs of Linux do not describe themselves",
    "Product": "programs of Linux do not say what they belong to",
    "IntegrityLevel": "Linux has none",
    "ProcessGuid": "a process is known by pid and start_ns",
    "ParentProcessGuid": "a process is known by pid and start_ns",
    "LogonGuid": "a login is known by its number: LogonId",
}
