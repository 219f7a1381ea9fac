"""Rules with an expression: the YAML of a Sigma rule, with `where` in place of `logsource` and `detection`."""

from typing import Any

from ..errors import ExpressionError, UsageError
from ..events import TASK_EVENTS
from ..events.alert import LEVELS
from ..filters.check import check
from ..filters.expression import without_places
from ..filters.necessary import necessary
from ..filters.parse import parse
from .files import Document
from .rule import DEFAULT_LEVEL, RefusedError, Rule

WHERE = "where"
# what a rule may say; of those behind `tests` nothing is made, and Sigma's rules have them too
_KEYS = (
    "title", "id", "description", "level", "tags", WHERE, "tests", "references", "author", "date", "modified",
    "status", "falsepositives", "license", "name", "related", "fields",
)  # fmt: skip
LONGEST_TITLE = 256  # characters, as Sigma's specification has it


def own_rule(document: Document, default_id: str) -> Rule:
    """The rule of a document that has `where`. Raises RefusedError."""
    data, lines = document.data, document.lines
    for key in data:
        if key not in _KEYS:
            unknown = UsageError.unknown("key", key, _KEYS)
            raise RefusedError(str(unknown), unknown.hint, lines.get(key, 0))
    text = text_of(document, WHERE)
    try:
        expression = parse(text)
        check(expression, TASK_EVENTS, text)
    except ExpressionError as error:
        where = f"{text[max(0, error.start - 10) : error.end + 10]!r:.60}"
        raise RefusedError(f"{error}, at {where}", error.hint, lines[WHERE]) from None
    if all(necessary(expression, event) is False for event in TASK_EVENTS):
        raise RefusedError("no event can match: its parts exclude each other", line=lines[WHERE])
    return Rule(
        id=text_of(document, "id", default_id),
        title=title_of(document),
        level=level_of(document),
        tags=tags_of(document),
        description=text_of(document, "description", ""),
        expression=without_places(expression),
        place=document.place,
        language="onlooker",
        tests=data.get("tests"),
    )


def text_of(document: Document, key: str, default: str | None = None) -> str:
    """A text that is not empty. Raises RefusedError."""
    found: Any = document.data.get(key, default)
    if found is not None and found is default:
        return str(default)
    if not isinstance(found, str) or not found.strip() or "\0" in found:
        raise RefusedError(f"{key} is a text, not {found!r:.100}", line=document.lines.get(key, 0))
    return str(found).strip()


def title_of(document: Document) -> str:
    """Raises RefusedError."""
    title = text_of(document, "title")
    if len(title) > LONGEST_TITLE:
        raise RefusedError(f"a title has at most {LONGEST_TITLE} characters", line=document.lines["title"])
    return title


def level_of(document: Document) -> str:
    """Raises RefusedError."""
    level = document.data.get("level", DEFAULT_LEVEL)
    if level not in LEVELS:
        unknown = UsageError.unknown("level", level, LEVELS)
        raise RefusedError(str(unknown), unknown.hint, document.lines["level"])
    return str(level)


def tags_of(document: Document) -> tuple[str, ...]:
    """Raises RefusedError."""
    tags = document.data.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) and "\0" not in tag for tag in tags):
        raise RefusedError(f"tags are a list of texts, not {tags!r:.100}", line=document.lines["tags"])
    return tuple(tags)
