"""Asking an answer about made events."""

from msgspec import json

from onlooker import Batch
from onlooker.answers.formatter import AnswerFormatter
from onlooker.answers.page import Page
from onlooker.testing import make

SCREEN = Page(80, 24)
WIDE = Page()


def ask(asked, events, page=WIDE):
    """All lines for people."""
    made = AnswerFormatter(asked, "text", lambda: page)
    shown = b"".join(made.format(batch) for batch in Batch.of(events))
    return (shown + made.end()).decode().splitlines()


def rows(asked, events):
    made = AnswerFormatter(asked, "json", lambda: WIDE)
    data = b"".join([*(made.format(batch) for batch in Batch.of(events)), made.end()])
    return [json.decode(line) for line in data.splitlines()]


def opened(path, *flags, **fields):
    name = "joined_path" if "errno" in fields else "real_path"
    return make("open", path=path, flags=flags or ("O_RDONLY",), **{name: path}, **fields)


def miss(path, **fields):
    return opened(path, errno="ENOENT", **fields)


def failed_exec(path, **fields):
    return make("exec", path=path, joined_path=path, errno="ENOENT", **fields)
