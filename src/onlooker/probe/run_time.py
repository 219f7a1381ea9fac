"""How long this process's programs run in the kernel, which the kernel measures only where somebody asks for it."""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import OnlookerError

FDINFO = Path("/proc/self/fdinfo")
ENABLED = Path("/proc/sys/kernel/bpf_stats_enabled")  # by the administrator, for all programs
_PROGRAM, _TIME = b"prog_type:", b"run_time_ns:"


class RunTime:
    """While it is entered, the kernel measures every program, which takes it some 20 ns a run. To be entered before the
    monitor gives up the right to ask, which is CAP_SYS_ADMIN; without it, the administrator may have asked.
    """

    def __init__(self, fdinfo: Path = FDINFO) -> None:
        self._fdinfo = fdinfo
        self._descriptor: int | None = None
        self._is_enabled = False

    def __enter__(self) -> Self:
        with suppress(OSError, OnlookerError, ImportError):  # no right, or no such kernel
            from ._libbpf import enable_stats

            self._descriptor = enable_stats()
        with suppress(OSError):
            self._is_enabled = ENABLED.read_bytes().strip() == b"1"
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_enabled = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def measures(self) -> bool:
        """Whether the kernel does."""
        return self._descriptor is not None or self._is_enabled

    def seconds(self) -> float | None:
        """Of all programs that this process has open, since they were loaded; None where nothing is measured."""
        if not self.measures:
            return None
        total = 0
        for entry in self._fdinfo.iterdir():
            with suppress(OSError):  # it was closed in the meantime
                lines = entry.read_bytes().splitlines()
                if any(line.startswith(_PROGRAM) for line in lines):
                    total += sum(int(line.split()[1]) for line in lines if line.startswith(_TIME))
        return total / 1e9
