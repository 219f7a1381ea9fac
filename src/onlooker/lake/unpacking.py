"""What all writers of lakes do alike: messages become batches, and what makes no sense is put aside."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

import msgspec

from ..sinks.message import Message, Unpacker
from .parts import Held

PLANS = "_onlooker/plans"
POISON = "_onlooker/poison"


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

    def unpack(self, message: Message) -> Held:
        """Raises MessageError, and UnknownPlanError where no message had the plan yet."""
        digest = message.head.plan
        if digest not in self.unpacker.plans and (plan := self._notes.get(f"{PLANS}/{digest}.json")):
            self.unpacker.learn(plan)
        made = Held(message.head, self.unpacker.batches(message))
        if digest not in self._noted_plans:  # before its message is acknowledged: others may need it
            self._notes.put(f"{PLANS}/{digest}.json", self.unpacker.plans[digest])
            self._noted_plans.add(digest)
        return made

    def put_aside(self, name: str, headers: dict[str, str], payload: bytes, why: str) -> bool:
        """A message that makes no sense is kept for whoever wants to look at it. Says whether it is new. Raises
        LakeError.
        """
        data = msgspec.msgpack.encode({"why": why, "headers": headers, "payload": payload})
        return self._notes.create(f"{POISON}/{quote(name, safe='')[:200]}.msgpack", data)

    @abstractmethod
    def commit(self, held: Sequence[Held]) -> list[Held]:
        """Those that are not in the lake yet, which are returned. Raises LakeError."""

    @abstractmethod
    def tidy(self) -> None:
        """Called after each commit. Raises LakeError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of all."""
