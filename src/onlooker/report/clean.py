"""The only way for a text of the recording into the page: without secrets, and harmless for whoever reads it."""

import os
from collections.abc import Callable, Sequence

from ..escaping import command_line, escape

Redact = Callable[[bytes], bytes]


class Clean:
    r"""`redact` takes secrets out of a text, or of several that end with NUL, as `Redactor.text` does; None: they stay.

    That is done with what is shown, not with each event: in a page of a million events it saves two thirds of the time.

    >>> from onlooker.recordings.redact import Redactor
    >>> clean = Clean(Redactor().text)
    >>> clean.text("/tmp/a\n?token=12345"), clean.command(["curl", "--password", "hunter2"])
    ('/tmp/a\\n?token=***', "curl --password '***'")
    """

    def __init__(self, redact: Redact | None = None) -> None:
        self._redact = redact

    def text(self, text: str) -> str:
        """Without secrets, and with what is not printable escaped."""
        if self._redact and text:
            text = os.fsdecode(self._redact(os.fsencode(text)))
        return escape(text)

    def command(self, words: Sequence[str]) -> str:
        """As a shell has it."""
        if self._redact and words:
            text = b"".join(os.fsencode(word) + b"\0" for word in words)
            words = [os.fsdecode(word) for word in self._redact(text).split(b"\0")[:-1]]
        return command_line(tuple(words))
