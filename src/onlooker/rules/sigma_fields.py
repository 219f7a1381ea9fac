"""What Sigma's fields are in our events, for each category of log source that we have."""

from typing import NamedTuple

from ..filters.expression import And, Expression
from ..filters.parse import parse


class Kind(NamedTuple):
    """Some kinds of events that a category means: `where` says which, each of Sigma's fields is one of ours, and
    keywords without a field are looked for in those `searched`.
    """

    where: Expression
    fields: dict[str, str]
    searched: tuple[str, ...]


_SUCCESS = "not errno exists"
# of the process, whatever the event is; LogonId is the user's number: so writes Sysmon for Linux, for which rules with
# it were made
_OF_PROCESS = {
    "ProcessId": "pid",
    "ParentProcessId": "ppid",
    "User": "uid",
    "LogonId": "uid",
    "ParentUser": "parent.uid",
    "ParentImage": "parent.exe",
    "ParentCommandLine": "parent.cmdline",
}
_EXEC = {**_OF_PROCESS, "Image": "exe", "CommandLine": "cmdline", "CurrentDirectory": "cwd"}
_FILE = {**_OF_PROCESS, "Image": "process.exe", "CommandLine": "process.cmdline"}


def _and(text: str) -> Expression:
    return And((parse(text), parse(_SUCCESS)))


CATEGORIES = {
    "process_creation": (Kind(_and("event == 'exec'"), _EXEC, ("exe", "cmdline", "cwd")),),
    # a file is made or overwritten, or gets another name, as Sysmon's FileCreate says
    "file_event": (
        Kind(
            And((parse("event == 'open'"), parse(_SUCCESS), parse("created == true or flags contains 'O_TRUNC'"))),
            {**_FILE, "TargetFilename": "file"},
            ("file",),
        ),
        Kind(_and("event in ('symlink', 'mknod')"), {**_FILE, "TargetFilename": "file"}, ("file",)),
        Kind(_and("event in ('rename', 'link')"), {**_FILE, "TargetFilename": "new_file"}, ("new_file",)),
    ),
    "file_delete": (Kind(_and("event == 'unlink'"), {**_FILE, "TargetFilename": "file"}, ("file",)),),
    "file_rename": (
        Kind(
            _and("event == 'rename'"),
            {**_FILE, "TargetFilename": "new_file", "SourceFilename": "file"},
            ("file", "new_file"),
        ),
    ),
}
ANY_LOG = "process_creation"  # where a rule for linux names no log: what somebody typed is in the command lines

_HASHED = "files are not hashed"
_SIGNED = "programs of Linux do not say who made them"
_GUID = "a process is known by pid and start_ns"
# Fields of other systems that no event has, and why: no such test holds.
MISSING = {
    "OriginalFileName": "programs of Linux do not say how they were called",
    "Hashes": _HASHED,
    "Imphash": _HASHED,
    "imphash": _HASHED,
    "md5": _HASHED,
    "sha1": _HASHED,
    "sha256": _HASHED,
    "Company": _SIGNED,
    "Signed": _SIGNED,
    "Signature": _SIGNED,
    "Description": "programs of Linux do not describe themselves",
    "FileVersion": "programs of Linux do not say their version",
    "Product": "programs of Linux do not say what they belong to",
    "IntegrityLevel": "Linux has none",
    "ParentIntegrityLevel": "Linux has none",
    "ProcessGuid": _GUID,
    "ParentProcessGuid": _GUID,
    "LogonGuid": "a login has no such number: LogonId is the user's",
    "TerminalSessionId": "the session of the audit log is not known",
}
