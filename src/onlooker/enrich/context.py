"""What is known of the processes of events, put into the stream before the first event that it is about."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..events import CONTEXT, CONTEXT_EVENTS, OWN_EVENTS, Event
from ..events.ancestry import Ancestry
from ..events.cgroup import Cgroup
from ..events.user import User
from ..records import PLAN, Batch
from ..records._records import Seen
from ..records.fold import check_context, context_kind
from ..records.planned import compiled
from .cgroups import Cgroups
from .containers import place_of
from .processes import ProcessTable
from .state import Facts, StateFiles
from .users import Users, groups

TOLD_SECONDS = 60.0  # all is told again: who begins to listen later, or has only a part, knows it then
TOLD_BYTES = 1 << 20  # the same after so much was told, which is less than anybody forgets (native/fold.h)
MOST_KNOWN = 10_000  # control groups
NEW_SECONDS = 10.0  # while a control group is so young, its runtime may not have written what it is
TRIES = 6
_FIRST_TRY = 0.1  # seconds, and twice as many for each of the next
_NO_TIME = "1970-01-01T00:00:00.000000000Z"  # that of the batch counts

if TYPE_CHECKING:
    from .watch import CgroupWatch

Known = dict[str, str | None]


class Places:
    """Where it is looked up; for tests, elsewhere."""

    def __init__(
        self,
        root: Path = Path("/"),
        cgroups: Cgroups | None = None,
        users: Users | None = None,
        groups_: Users | None = None,
    ) -> None:
        self.cgroups = cgroups or Cgroups()
        self.users = users or Users()
        self.groups = groups_ or groups()
        self.state = StateFiles(root)
        self._root = root
        self._watch: CgroupWatch | None = None

    def watch(self) -> None:
        """See from now on which control groups are made: those that live for some milliseconds only are known, too."""
        from .watch import CgroupWatch

        self._watch = CgroupWatch(self.cgroups, StateFiles(self._root))  # of its own: it has a thread of its own
        self._watch.start()

    def seen(self, cgroup_id: int) -> Facts | None:
        """What was known of the container of a control group while it was there."""
        return self._watch.facts(cgroup_id) if self._watch else None

    def close(self) -> None:
        """See nothing more."""
        if self._watch:
            self._watch.close()


class _Cgroup:
    """What is known of one; it is looked at again while its runtime may still write what it is."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.tries = 0
        self.again_at: float | None = None


class CgroupFacts:
    """What control groups are, each looked up once; of one that is new, some times in its first seconds."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._all: dict[int, _Cgroup] = {}
        self._waiting: dict[int, int] = {}  # a process of each that is looked at again

    def is_settled(self, cgroup_id: int) -> bool:
        """Whether nothing more will be known of it."""
        return cgroup_id in self._all and cgroup_id not in self._waiting

    def of(self, cgroup_id: int, pid: int) -> Known:
        """By the names of the fields of the event `cgroup`."""
        found = self._all.get(cgroup_id)
        if found is None:
            if len(self._all) >= MOST_KNOWN:
                self._all.clear()
                self._waiting.clear()
            found = self._all[cgroup_id] = _Cgroup({})
            self._look(cgroup_id, pid, found)
        return found.known

    def changed(self) -> list[int]:
        """The ids of those of which more is known now."""
        if not self._waiting:
            return []
        now = time.monotonic()
        due = [(number, pid) for number, pid in self._waiting.items() if now >= (self._all[number].again_at or 0)]
        return [number for number, pid in due if self._look(number, pid, self._all[number])]

    def _look(self, cgroup_id: int, pid: int, found: _Cgroup) -> bool:
        """Whether something is new."""
        before, (found.known, is_settled) = found.known, self._facts(cgroup_id, pid)
        found.tries += 1
        if is_settled or found.tries > TRIES:
            found.again_at = None
            self._waiting.pop(cgroup_id, None)
        else:
            found.again_at = time.monotonic() + _FIRST_TRY * 2 ** (found.tries - 1)
            self._waiting[cgroup_id] = pid
        return found.known != before

    def _facts(self, cgroup_id: int, pid: int) -> tuple[Known, bool]:
        """And whether nothing more will be known of it."""
        path = self._places.cgroups.path(cgroup_id, pid)
        if path is None:
            return {}, False
        place = place_of(path)
        facts = self._places.state.facts(path, place) or self._places.seen(cgroup_id)
        known: Known = {"cgroup": path, "unit": place.unit, "container_id": place.container_id}
        if facts is None:
            known["container_runtime"] = place.runtime or None
            age = self._places.cgroups.age(path)
            return known, age is None or age > NEW_SECONDS
        known |= {
            "container_id": place.container_id or facts.id,
            "container_name": facts.name,
            "container_image": facts.image,
            "container_runtime": facts.runtime,
            "pod": facts.pod,
            "namespace": facts.namespace,
        }
        return known, True


class Context:
    """Adds to batches, in their order, what is known of `what`, such as "user" and "container"; `table` has the
    ancestors.

    Raises UsageError for what is never known.
    """

    def __init__(self, what: Iterable[str], table: ProcessTable | None = None, places: Places | None = None) -> None:
        asked = check_context(what)
        self._events = tuple(event for event in reversed(CONTEXT_EVENTS) if event in {CONTEXT[name] for name in asked})
        self._shown = {field for name in asked for field in OWN_EVENTS[CONTEXT[name]].context[name]}
        self._places = places or Places()
        self._cgroups = CgroupFacts(self._places)
        self._table = table
        pid_at = next(step.at for step in PLAN.events[0].steps if step.name == "pid")
        self._seen = Seen(compiled(), [context_kind(event, ()) for event in self._events], pid_at)
        self._nameless: set[tuple[int, int]] = set()  # users who may have names later
        self._answered = 0
        self._told_bytes = 0
        self._forget_at = time.monotonic() + TOLD_SECONDS
        self._pending: list[Event] = []
        self._last: object = None

    def added(self, batch: Batch, token: object) -> Batch:
        """With what nobody was told yet. For the same token once more the answer is the same."""
        if token is not self._last:
            self._tell_again()
            self._pending, self._last = [], token
        self._pending += self._news()
        told = [*self._pending, *(self._event(*each) for each in self._seen.unseen(batch.raw, token))]
        if not told:
            return batch
        made = batch.behind(told)
        self._told_bytes += len(made.raw) - len(batch.raw)
        return made

    def record(self, event: str, first: int, second: int, pid: int) -> bytes:
        """What is known, of an event such as "cgroup", by its key."""
        made = self._user(first, second) if event == User.event else self._cgroup(first, pid)
        [batch] = Batch.of([made])
        return batch.data

    def cgroup_ids(self) -> list[int]:
        """Of all that there are now."""
        return self._places.cgroups.all()

    def known_cgroup(self, cgroup_id: int) -> tuple[bytes, bool]:
        """What is known of one, and whether that is all."""
        return self.record(Cgroup.event, cgroup_id, 0, 0), self._cgroups.is_settled(cgroup_id)

    def local_ids(self, *, by_user: bool) -> list[int]:
        """Of the users, or groups, that have a name without asking the machine's name services."""
        names = self._places.users if by_user else self._places.groups
        return names.known()

    def has_changed(self) -> bool:
        """Whether more is known of a control group than when this was asked last: for who adds nothing to batches."""
        return bool(self._cgroups.changed())

    def _tell_again(self) -> None:
        now = time.monotonic()
        if now >= self._forget_at or self._told_bytes >= TOLD_BYTES:
            self._seen.forget()
            self._told_bytes, self._forget_at = 0, now + TOLD_SECONDS

    def _news(self) -> Iterator[Event]:
        """Of whom more is known than was told."""
        if Cgroup.event in self._events:
            for cgroup_id in self._cgroups.changed():
                yield self._cgroup(cgroup_id, 0)
        answered = self._places.users.answered + self._places.groups.answered
        if answered != self._answered:
            self._answered = answered
            for uid, gid in sorted(self._nameless):
                made = self._user(uid, gid)
                if made.user_name or made.group_name:
                    yield made

    def _event(self, kind: int, first: int, second: int, pid: int) -> Event:
        event = self._events[kind]
        if event == User.event:
            return self._user(first, second)
        return self._cgroup(first, pid) if event == Cgroup.event else self._ancestry(first, second)

    def _user(self, uid: int, gid: int) -> User:
        user, group = self._places.users.find(uid), self._places.groups.find(gid)
        if user is None or group is None:
            self._nameless.add((uid, gid))
            if len(self._nameless) > MOST_KNOWN:
                self._nameless.clear()
        return User(_NO_TIME, 0, uid, gid, user, group)

    def _cgroup(self, cgroup_id: int, pid: int) -> Cgroup:
        known = self._cgroups.of(cgroup_id, pid)
        return Cgroup(_NO_TIME, 0, cgroup_id, **{name: value for name, value in known.items() if name in self._shown})

    def _ancestry(self, pid: int, start_ns: int) -> Ancestry:
        made = Ancestry(_NO_TIME, 0, pid, start_ns)
        found = self._table.ancestors_of(pid, start_ns) if self._table else None
        if found is None:
            return replace(made, ancestors_cut=True)
        names, pids, exes, is_cut = found
        if not names:
            return replace(made, ancestors_cut=is_cut)
        return Ancestry(_NO_TIME, 0, pid, start_ns, names, pids, exes, is_cut)
