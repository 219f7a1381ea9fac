"""What all writers of lakes do alike: messages become batches, and what makes no sense is put aside."""

import hashlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from ..sinks.message import Message, Unpacker
from .parts import Held, check

PLANS = "_onlooker/plans"
POISON = "_onlooker/poison"
ABSENT_SECONDS = 5.0  # so long a plan that was not there is not looked for again
_MOST_ABSENT = 10_000
_ASIDE = re.compile(r"[0-9a-f]{32}-([0-9]{1,9})\.msgpack$")


class Aside(NamedTuple):
    """A message that makes no sense: where it was, how it came, and what is wrong."""

    name: str
    headers: dict[str, str]
    payload: bytes
    why: str


class Notes(Protocol):
    """Where plans and what makes no sense are kept. All raise LakeError."""

    def get(self, name: str) -> bytes | None:
        """None where there is none."""

    def put(self, name: str, data: bytes) -> None:
        """Write it, or write over it."""

    def create(self, name: str, data: bytes) -> bool:
        """Whether it is new."""


class Unpacking(ABC):
    """A writer of a lake. One thread uses it."""

    def __init__(self, notes: Notes) -> None:
        self.unpacker = Unpacker()
        self._notes = notes
        self._noted_plans: set[str] = set()
        self._absent: dict[str, float] = {}  # plans that were not there, and when they are looked for again

    def unpack(self, message: Message) -> Held:
        """Raises MessageError, and UnknownPlanError where no message had the plan yet."""
        digest = message.head.plan
        if digest not in self.unpacker.plans:
            self._look_for(digest)
        made = Held(*self.unpacker.unpack(message))
        check(made)
        if digest not in self._noted_plans:  # before its message is acknowledged: others may need it
            self._notes.put(f"{PLANS}/{digest}.json", self.unpacker.plans[digest])
            self._noted_plans.add(digest)
        return made

    def put_aside(self, aside: Sequence[Aside]) -> int:
        """Messages that make no sense are kept for whoever wants to look at them, all in one object. Returns how many
        are new. Raises LakeError.
        """
        if not aside:
            return 0
        data = msgspec.msgpack.encode([each._asdict() for each in aside])
        digest = hashlib.sha256(data).hexdigest()[:32]  # a stream that is made anew numbers from 1 again
        return len(aside) * self._notes.create(f"{POISON}/{digest}-{len(aside)}.msgpack", data)

    def _look_for(self, digest: str) -> None:
        now = time.monotonic()
        if now < self._absent.get(digest, 0.0):
            return
        if plan := self._notes.get(f"{PLANS}/{digest}.json"):
            self.unpacker.learn(plan)
            self._absent.pop(digest, None)
            return
        if len(self._absent) >= _MOST_ABSENT:
            self._absent.clear()
        self._absent[digest] = now + ABSENT_SECONDS

    @abstractmethod
    def commit(self, held: Sequence[Held]) -> list[Held]:
        """Those that are not in the lake yet, which are returned. Raises LakeError."""

    @abstractmethod
    def tidy(self) -> None:
        """Called after each commit. Raises LakeError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of all."""


def aside_in(name: str) -> int:
    """How many messages were put aside in the object of that name."""
    found = _ASIDE.search(name)
    return int(found[1]) if found else 1
