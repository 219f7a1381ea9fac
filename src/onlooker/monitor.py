"""Watching: the public interface."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from types import TracebackType
from typing import Self

import msgspec

from .errors import UsageError
from .events import EVENTS, Event, Lost
from .filters import Filter
from .probe.attach import METHODS
from .probe.live import LiveSource
from .probe.setup import DEFAULT_RING_BYTES, LARGEST_RING_BYTES, SMALLEST_RING_BYTES
from .probe.source import Attachment, Source

_SLICE_SECONDS = 0.1  # a waiting poll looks so often whether `stop` was called


class Stats(msgspec.Struct, frozen=True):
    """What a monitor has reported so far.

    `events`: how many of each kind; `lost`: how many by (kind, reason); `cut`: how many had a field that is not whole;
    `seconds`: since the start.
    """

    events: dict[str, int]
    lost: dict[tuple[str, str], int]
    cut: int
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether everything that happened was reported."""
        return not self.lost


class Monitor:
    """Watches the processes of this machine; use it as a context manager and iterate over it.

    >>> import onlooker
    >>> with onlooker.Monitor(events=["exec"], comm=["nginx"]) as monitor:  # doctest: +SKIP
    ...     for event in monitor:
    ...         if isinstance(event, onlooker.Lost):
    ...             print("lost", event.count, event.of)
    ...         else:
    ...             print(event.time, event.pid, event.path)

    All arguments restrict what is reported, in the kernel: `events` (of "fork", "exec", "exit", "open", "rename",
    "unlink", "mkdir", "rmdir", "link", "symlink", "chmod", "chown", "truncate"; "all" is all of them, None or "default"
    the first four), `comm` (process names, "nginx" or "nginx*"), `pid`, `uid`, `failed` (only what failed), `threads`
    (also the creation of threads). `buffer_bytes` is the ring between the kernel and this process: a power of two,
    1 MiB to 1 GiB.
    `attach` forces how system calls are observed: "raw", "fexit" or "tracepoint". `resolve`: whether to look up
    which file a path led to, and the directory of one that led to none. `source` replaces the kernel, for tests.

    Events of this very process are never reported. One thread uses a monitor; only `stop` may be called from others and
    from signal handlers. Nothing is pinned in the kernel: when the process ends, however it ends, all is detached.

    Raises UsageError for a bad argument; entering raises UnsupportedError where the kernel or the user can't.
    """

    def __init__(
        self,
        *,
        events: Iterable[str] | None = None,
        comm: Iterable[str] = (),
        pid: Iterable[int] = (),
        uid: Iterable[int] = (),
        failed: bool = False,
        threads: bool = False,
        buffer_bytes: int = DEFAULT_RING_BYTES,
        attach: str | None = None,
        resolve: bool = True,
        source: Source | None = None,
    ) -> None:
        self.filter = Filter.of(events=events, comm=comm, pid=pid, uid=uid, failed=failed, threads=threads)
        if buffer_bytes & (buffer_bytes - 1) or not SMALLEST_RING_BYTES <= buffer_bytes <= LARGEST_RING_BYTES:
            raise UsageError(f"not a buffer size: {buffer_bytes}", "a power of two from 1M to 1G, such as 16M")
        if attach is not None and attach not in METHODS:
            raise UsageError.unknown("attach method", attach, tuple(METHODS))
        self._source: Source = source or LiveSource(ring_bytes=buffer_bytes, method=attach, resolve=resolve)
        self._counts: Counter[str] = Counter()
        self._lost: Counter[tuple[str, str]] = Counter()
        self._cut = 0
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self._stopping = False
        self._stopped = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        """Events as they happen, until `stop` is called and everything before it was given."""
        while True:
            batch = self.poll(None)
            if not batch and self.ended:
                return
            yield from batch

    def start(self) -> None:
        """Begin to watch: when it returns, nothing that happens from then on is missed."""
        if self._ended_at is not None:
            raise UsageError("the monitor is closed", "make a new one: onlooker.Monitor()")
        if self._started_at is None:
            self._source.start(self.filter)
            self._started_at = time.monotonic()

    def poll(self, timeout: float | None = 0.0) -> Sequence[Event]:
        """The events that have come, oldest first.

        Waits until there are some, at most `timeout` seconds (None: for ever). Empty when the time is over, and at once
        when the monitor has `ended`.
        """
        if self._started_at is None:
            raise UsageError("the monitor is not started", "with onlooker.Monitor() as monitor: ...")
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._stopping and not self._stopped:
                self._stopped = True
                self._source.stop()
            left = _SLICE_SECONDS if deadline is None else deadline - time.monotonic()
            batch = self._source.poll(max(0.0, min(_SLICE_SECONDS, left)))
            if batch:
                self._count(batch)
                return batch
            if self.ended or (deadline is not None and left <= 0):
                return batch

    def stop(self) -> None:
        """Watch nothing more from now on; what happened before can still be polled. Returns at once."""
        self._stopping = True

    def close(self) -> None:
        """Detach everything and drop what was not polled. May be called again."""
        self._ended_at = self._ended_at or time.monotonic()
        self._stopping = self._stopped = True
        self._source.close()

    @property
    def ended(self) -> bool:
        """Whether there will be no more events."""
        return self._source.exhausted

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """How each event is observed."""
        return self._source.attached

    def stats(self) -> Stats:
        """What has been reported until now."""
        end = self._ended_at or time.monotonic()
        return Stats(dict(self._counts), dict(self._lost), self._cut, end - (self._started_at or end))

    def _count(self, batch: list[Event]) -> None:
        kinds = Counter(map(type, batch))
        for name, kind in EVENTS.items():
            if count := kinds.get(kind):
                self._counts[name] += count
        self._cut += sum(map(bool, map(attrgetter("cut"), batch)))
        if Lost in kinds:
            for event in batch:
                if isinstance(event, Lost):
                    self._lost[event.of, event.reason] += event.count
