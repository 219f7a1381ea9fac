"""Names of users and groups. Who asks never waits: the machine's name services may, and are asked by a thread."""

import grp
import pwd
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

PASSWD = Path("/etc/passwd")
GROUP = Path("/etc/group")


def _local(passwd: Path) -> dict[int, str]:
    """The users of the file, or the groups; of several names for one id the first, as getpwuid(3) has it."""
    found: dict[int, str] = {}
    with suppress(OSError):
        for line in passwd.read_text("utf-8", "surrogateescape").splitlines():
            name, *rest = line.split(":")
            if name and len(rest) >= 2 and rest[1].isdecimal():
                found.setdefault(int(rest[1]), name)
    return found


def _ask(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):  # OSError: a name service that does not answer
        return str(uid)


def _ask_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OSError):
        return str(gid)


class Users:
    """The names of user ids. Those of /etc/passwd are known at once; others are their number until the name services
    have answered, and remain it where they know none.
    """

    def __init__(self, passwd: Path = PASSWD, ask: Callable[[int], str] = _ask) -> None:
        self._names = _local(passwd)
        self._ask = ask
        self._asked: SimpleQueue[int] | None = None
        self.answered = 0  # how often the name services have said something

    def name(self, uid: int) -> str:
        """The name, or the number."""
        found = self._names.get(uid)
        if found is None:
            found = self._names[uid] = str(uid)
            if self._asked is None:
                self._asked = SimpleQueue()
                Thread(target=self._answer, args=(self._asked,), daemon=True).start()
            self._asked.put(uid)
        return found

    def known(self) -> list[int]:
        """The ids of those that have a name now."""
        return [uid for uid, name in self._names.copy().items() if name != str(uid)]

    def find(self, uid: int) -> str | None:
        """The name; None where there is none, or none yet."""
        found = self.name(uid)
        return None if found == str(uid) or "\0" in found else found

    def _answer(self, asked: "SimpleQueue[int]") -> None:
        while True:
            uid = asked.get()
            self._names[uid] = self._ask(uid)
            self.answered += 1


def groups() -> Users:
    """The same for the names of groups."""
    return Users(GROUP, _ask_group)
