"""`onlooker collect --retry-aside`: messages that were put aside are taken up again, where they make sense now.

Their plan has come since, this version understands them, or the clock that was ahead is right now. Each is in the lake
once also then: the commit has its number. Only after that is it forgotten here.
"""

from collections import Counter

from ..lake.aside import Aside, aside_in
from ..lake.parts import Held
from ..lake.unpacking import Unpacking
from ..sinks.message import MessageError
from .committing import bytes_of, committed, unpacked

MOST_BYTES = 64 << 20  # of what waits for a commit


class Retry:
    """`counts`: messages that were taken up, records in them, duplicates that were in the lake, and what is left."""

    def __init__(self, writer: Unpacking, most_bytes: int = MOST_BYTES) -> None:
        self.counts: Counter[str] = Counter()
        self._writer = writer
        self._most_bytes = most_bytes
        self._held: list[tuple[Aside, Held]] = []
        self._bytes = 0

    def run(self) -> None:
        """Once, and once more where a message has brought the plan of others. Raises LakeError; then each message is
        either in the lake or aside, or both.
        """
        for _ in range(2):
            plans = len(self._writer.unpacker.plans)
            self.counts["left"] = 0
            for name in self._writer.asides():
                self._take(name)
            if len(self._writer.unpacker.plans) == plans:
                break

    def _take(self, name: str) -> None:
        """An object of the lake, which has some."""
        kept = self._writer.aside(name)
        if kept is None:
            self.counts["left"] += aside_in(name)
            return
        left: list[Aside] = []
        for each in kept:
            try:
                held = unpacked(self._writer, each.headers, each.payload)
            except MessageError as error:
                left.append(each._replace(why=str(error)))
                continue
            self._held.append((each, held))
            self._bytes += bytes_of(each.payload, held)
            if self._bytes >= self._most_bytes:
                left += self._commit()
        left += self._commit()
        self._writer.keep_aside(name, left)
        self.counts["left"] += len(left)

    def _commit(self) -> list[Aside]:
        """Those that have no place in the lake."""
        some, self._held, self._bytes = self._held, [], 0
        if not some:
            return []
        fresh, refused = committed(self._writer, [held for _, held in some])
        self.counts.update(
            messages=len(fresh),
            records=sum(each.head.records for each in fresh),
            duplicates=len(some) - len(refused) - len(fresh),
        )
        return [some[place][0]._replace(why=why) for place, why in refused.items()]
