"""From when until when a monitor watches, and in which process it may be used."""

from .errors import ForkedError, UsageError
from .probe.clock import Moment, WallClock
from .probe.forks import this_process


class Lifetime:
    """It begins when the source has started, and ends when the monitor is closed. A child of fork(2) has no part in it.

    >>> life = Lifetime()
    >>> life.check_use()
    Traceback (most recent call last):
    onlooker.errors.UsageError: the monitor is not started
    """

    def __init__(self) -> None:
        self._clock = WallClock()
        self._home = this_process()
        self._began: Moment | None = None
        self._ended: Moment | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the source has started."""
        return self._began is not None

    @property
    def is_at_home(self) -> bool:
        """Whether this is the process in which it began, or else was made."""
        return self._home == this_process()

    def settle(self) -> None:
        """From now on this process is its home."""
        self._home = this_process()

    def begin(self, began: Moment | None) -> None:
        """Now, or when the source says."""
        self._began = began or self._clock.moment()

    def end(self) -> None:
        """Now, if it has not ended yet."""
        self._ended = self._ended or self._clock.moment()

    def span(self, ended: Moment | None) -> tuple[Moment, Moment]:
        """From when until when: `ended`, if the source says that; else the end, or now where there is none yet."""
        ended = ended or self._ended or self._clock.moment()
        return self._began or ended, ended

    def check_use(self) -> None:
        """Raises UsageError before the begin, and ForkedError in a child of fork(2)."""
        if self._began is None:
            raise UsageError("the monitor is not started", "with onlooker.Monitor() as monitor: ...")
        if not self.is_at_home:
            raise ForkedError

    def check_open(self) -> None:
        """Raises UsageError after the end."""
        if self._ended is not None:
            raise UsageError("the monitor is closed", "make a new one: onlooker.Monitor()")
