"""What the loop of an agent does beside watching: it reloads, answers, and tells the service manager."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from ..counted import counted
from ..errors import OnlookerError
from ..events import UNCOUNTED
from ..monitor import Monitor
from ..probe.run_time import RunTime
from ..sinks.sink import Sink
from .config import Config
from .desk import Desk
from .reload import DONE, REFUSED, RESULTS, reload
from .state import State, state_of
from .watchdog import Notify, Watchdog, tell_reloading

Tell = Callable[[str, str], None]


class Endpoint(Protocol):
    """What serves metrics."""

    def start(self) -> None:
        """In a thread, with the rights that are left."""

    def close(self) -> None:
        """May be called again."""


class Service:
    """`tell` gets a level and a line. One thread uses it; only `ask_reload` may be called by signal handlers."""

    def __init__(
        self,
        file: str,
        config: Config,
        monitor: Monitor,
        sinks: Sequence[Sink],
        tell: Tell,
        notify: Notify,
        run_time: RunTime | None = None,
    ) -> None:
        self.config = config
        self.monitor = monitor
        self.sinks = sinks
        self.reloads: Counter[str] = Counter(dict.fromkeys(RESULTS, 0))
        self.desk: Desk[State] = Desk(self._state)
        self.endpoint: Endpoint | None = None
        self._file = file
        self._tell = tell
        self._notify = notify
        self._run_time = run_time
        self._watchdog = Watchdog(notify)
        self._is_to_reload = False

    def start(self) -> None:
        """The watching has begun, and rights were given up."""
        if self.endpoint:
            self.endpoint.start()
        self._notify(f"STATUS={self.status()}")

    def ask_reload(self) -> None:
        """At the next look."""
        self._is_to_reload = True

    def left(self) -> float | None:
        """Seconds for which the loop may wait; None for ever."""
        return 0.0 if self._is_to_reload else self._watchdog.left()

    def look(self, drain: Callable[[], None]) -> None:
        """After each look at the monitor. `drain` delivers what has happened until now."""
        self.desk.look()
        self._watchdog.look(self._is_alive, self.status)
        if self._is_to_reload:
            self._is_to_reload = False
            drain()  # it was seen under the filter that held then
            self._reload()

    def close(self) -> None:
        """May be called again."""
        self.desk.close()
        if self.endpoint:
            self.endpoint.close()

    def status(self) -> str:
        """One line for people."""
        stats = self.monitor.stats()
        events = sum(count for name, count in stats.events.items() if name not in UNCOUNTED)
        lost = sum(stats.lost.values()) + max((sum(sink.lost.values()) for sink in self.sinks), default=0)
        away = [str(sink.target) for sink in self.sinks if sink.sender.failure]
        said = f"{counted(events, 'event')}, {lost} lost"
        return f"{said}; not reached: {', '.join(away)}" if away else said

    def _reload(self) -> None:
        tell_reloading(self._notify)
        try:
            found = reload(self._file, self.config, self.monitor)
        except OnlookerError as error:
            self.reloads[REFUSED] += 1
            hint = f" ({error.hint})" if error.hint else ""
            self._tell("warning", f"not reloaded, the configuration stays as it was: {error}{hint}")
        else:
            self.config = found.config
            self.reloads[found.result] += 1
            self._tell("info" if found.result == DONE else "warning", found.words(self._file))
        finally:
            self._notify(f"READY=1\nSTATUS={self.status()}")

    def _is_alive(self) -> bool:
        return all(sink.is_alive for sink in self.sinks)

    def _state(self) -> State:
        seconds = self._run_time.seconds() if self._run_time else None
        return state_of(self.monitor, self.sinks, seconds, self.reloads)
