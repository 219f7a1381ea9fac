"""A probe that only records its calls, and refuses what a test names."""

import errno
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any


@dataclass
class FakeProbe:
    """`refused`: programs that the verifier refuses; `unattachable`: those, and ids of tracepoints, that can't be
    attached. `attached` has each program with the tracepoints that it was attached to, none where its section says it.
    """

    refused: Collection[str] = ()
    unattachable: Collection[str | int] = ()
    error: int = errno.EINVAL
    what: str = "failed to load"
    log: str = ""
    loaded: tuple[str, ...] = ()
    attached: dict[str, list[int]] = field(default_factory=dict)
    returns: dict[str, dict[str, int]] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    closed: bool = False
    maps: tuple[str, ...] = ("ring",)

    def _fail(self) -> None:
        raise OSError(self.error, os.strerror(self.error))

    def load(self, programs: tuple[str, ...]) -> None:
        self.loaded = programs
        for program in programs:
            if program in self.refused:
                self.log = f"libbpf: prog '{program}': {self.what}: -{self.error}\n"
                self._fail()

    def attach(self, program: str) -> None:
        if program in self.unattachable:
            self._fail()
        assert program not in self.attached
        self.attached[program] = []

    def attach_tracepoint(self, program: str, tracepoint: int) -> None:
        if program in self.unattachable or tracepoint in self.unattachable:
            self._fail()
        self.attached.setdefault(program, []).append(tracepoint)

    def attach_functions(self, program: str, cookies: dict[str, int]) -> None:
        if program in self.unattachable:
            self._fail()
        self.returns[program] = cookies

    def update(self, name: str, key: bytes, value: bytes) -> None:
        self.calls.append((name, key, value))

    def run(self, program: str) -> None:
        self.calls.append(("run", program))

    def open_ring(self, *sizes: int) -> None:
        self.calls.append(("ring", *sizes))

    def open_losses(self, kinds: int, reasons: int) -> None:
        self.calls.append(("losses", kinds, reasons))

    def close(self) -> None:
        self.closed = True
