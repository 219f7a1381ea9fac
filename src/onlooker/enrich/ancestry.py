"""The ancestors of processes as they were when each was created: chains that children share with their parents."""

from collections.abc import Iterator

import msgspec

MOST = 64  # ancestors that are told
Ancestors = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], bool]  # names, process ids, programs, more of them


class Line(msgspec.Struct, frozen=True, gc=False):
    """A process, as it was, and its ancestors. `is_cut`: nothing is known of those above the last."""

    comm: str
    pid: int
    exe: str
    above: "Line | None"
    length: int
    is_cut: bool

    def __iter__(self) -> Iterator["Line"]:
        each: Line | None = self
        while each is not None:
            yield each
            each = each.above

    def ancestors(self) -> Ancestors:
        """The first ones."""
        some = [each for _, each in zip(range(MOST), self, strict=False)]
        is_cut = self.is_cut or self.length > MOST
        return (
            tuple(each.comm for each in some),
            tuple(str(each.pid) for each in some),
            tuple(each.exe for each in some),
            is_cut,
        )


def line(comm: str, pid: int, exe: str | None, above: Line | None, *, is_cut: bool) -> Line:
    """One more process below `above`. Where each created the next and ended, and that for ever, the first are
    forgotten.
    """
    if above is not None and above.length >= 2 * MOST:
        kept = [each for _, each in zip(range(MOST), above, strict=False)]
        above = None
        for each in reversed(kept):
            length = 1 if above is None else above.length + 1
            above = msgspec.structs.replace(each, above=above, length=length, is_cut=True)
    if above is None:
        return Line(comm, pid, exe or "", None, 1, is_cut)
    return Line(comm, pid, exe or "", above, above.length + 1, above.is_cut)
