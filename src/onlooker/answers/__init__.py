"""Questions that a run answers: who changes a file, what is denied, what is missing, what is read and written.

An answer takes batches and makes rows of them; `page.py` lays rows out for people, `rows.py` as JSON lines.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Protocol

from ..records import Batch
from .page import Page

Row = dict[str, Any]


class Answer(Protocol):
    """What is asked of the events.

    `events` are those that it needs, `failed` whether only failures, `where` expressions that hold of all that it
    needs; `waits_for` says in words what it waits for.
    """

    events: ClassVar[tuple[str, ...]]
    failed: ClassVar[bool]
    waits_for: ClassVar[str]

    @property
    def where(self) -> tuple[str, ...]:
        """So that no object is made of other events."""

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch; the rows that are shown at once, where some are."""

    def rows(self) -> Iterator[Row]:
        """The answer, but for what was shown at once."""

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Rows that are shown at once, as lines for people."""

    def lines(self, page: Page) -> Iterator[str]:
        """The answer as lines for people."""
