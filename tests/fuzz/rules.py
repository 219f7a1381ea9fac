"""Any text as a file of rules: each is a rule, whose expression is sound, or refused in one line."""

import tempfile
from functools import cache
from pathlib import Path
from random import Random

import yaml

from onlooker.events import TASK_EVENTS
from onlooker.filters.check import check as check_expression
from onlooker.filters.expression import without_places
from onlooker.filters.parse import parse
from onlooker.records import Batch
from onlooker.rules import Detector, Refused, Rule
from onlooker.rules.files import files_of
from onlooker.rules.loading import found_in
from onlooker.rules.trying import try_rule
from onlooker.testing import make

from .mutate import raw_text

FIELDS = (
    "Image", "CommandLine", "ParentImage", "ParentCommandLine", "User", "ProcessId", "LogonId", "TargetFilename",
    "CurrentDirectory", "Hashes", "comm", "parent.comm", "path", "", "x" * 300,
)  # fmt: skip
MODIFIERS = (
    "contains", "startswith", "endswith", "all", "re", "i", "s", "m", "cased", "cidr", "exists", "base64",
    "base64offset", "wide", "windash", "expand", "fieldref", "lt", "gte", "neq", "minute", "nothing",
)  # fmt: skip
VALUES = (
    "/bin/sh", "*", "**", "?", "a*b?c", r"\*", "\\", "", None, True, 0, -1, 7, 2**70, 1.5, "root", "10.0.0.0/8",
    "^a.*b$", "(a+)+$", "(", "[a-", r"\b", "%x%", "ä\U0001f600", ["a", "b"], [], {}, [["a"]],
)  # fmt: skip
CONDITIONS = (
    "sel", "sel and not other", "1 of them", "all of sel*", "not sel", "(sel or other) and sel", "sel | count() > 5",
    "nothing", "", "((((sel))))", "1 of x*", 7, ["sel", "other"], None,
)  # fmt: skip
CATEGORIES = ("process_creation", "file_event", "file_delete", "file_rename", "dns", None, 7)
PIECES = (
    b"*a",
    b"&a ",
    b"[" * 30,
    b"{",
    b"? ",
    b"!!python/name:os.system ",
    b"\t",
    b"---\n",
    b"\xff",
    b": ",
    b"- ",
    b"|\n ",
)


def first() -> list[bytes]:
    return [Path(file).read_bytes() for file in files_of("shipped")]


def _selection(rng: Random) -> object:
    if rng.random() < 0.1:
        return rng.choice(VALUES)
    names = ["|".join((rng.choice(FIELDS), *rng.choices(MODIFIERS, k=rng.choice((0, 0, 1, 1, 2))))) for _ in range(3)]
    return {name: rng.choice((rng.choice(VALUES), rng.choices(VALUES, k=2))) for name in names[: rng.randrange(4)]}


def made(rng: Random) -> bytes:
    """Mostly a rule of Sigma, of what pySigma knows; sometimes one of ours."""
    if rng.random() < 0.2:
        return changed(rng, rng.choice(first()))
    rule = {
        "title": rng.choice(("A rule", "", None, 7, raw_text(rng).decode("utf-8", "replace")))
        if rng.random() < 0.2
        else "x",
        "logsource": {"product": "linux", "category": rng.choice(CATEGORIES) if rng.random() < 0.3 else CATEGORIES[0]},
        "detection": {"sel": _selection(rng), "other": _selection(rng), "condition": rng.choice(CONDITIONS)},
        "level": rng.choice(("high", "low", 7, None)) if rng.random() < 0.1 else "high",
    }
    if rng.random() < 0.1:
        rule["tests"] = rng.choice(
            ({"match": [{"event": "exec"}]}, {"match": VALUES[0]}, 7, {"no_match": [[{}], {"recording": "x"}]})
        )
    return yaml.safe_dump(rule, allow_unicode=True).encode()


def changed(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((*PIECES, raw_text(rng))) + data[at + rng.randrange(8) :]


@cache
def batch() -> Batch:
    events = [make(event) for event in TASK_EVENTS]
    [found] = Batch.of([*events, make("exec", exe="/bin/sh", argv=("sh", "-c", "a" * 100)), make("open", created=True)])
    return found


def check(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "x.yml")
        file.write_bytes(data)
        found = list(found_in([str(file)]))
        for each in found:
            if isinstance(each, Refused):
                assert each.reason and "\n" not in each.reason and "Traceback" not in each.reason
                assert each.place.file == str(file) and each.place.line >= 1
                continue
            assert isinstance(each, Rule)
            check_expression(each.expression, TASK_EVENTS)
            assert without_places(parse(str(each.expression))) == each.expression
            try_rule(each)
        Detector([each for each in found if isinstance(each, Rule)]).with_alerts(batch())
