"""What chooses processes by more than their names and ids: what they have executed, the cgroups that they are in."""

import os

import msgspec

from ..errors import UsageError
from ..records.encode import raw_bytes
from .links import absolute, other_names
from .paths import clean

MOST_CGROUPS = 32  # bpf/filter/cgroup.h
MOST_EXES = 32  # that a message speaks of: most have one path to four
MOST_EXE_PATHS = 128  # bpf/filter/exe.h
LONGEST_NAME = 255  # NAME_MAX, include/uapi/linux/limits.h
LONGEST_PATH = 4095  # PATH_MAX without its NUL, the same file
BY_EVERY_NAME = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class Exe(msgspec.Struct, frozen=True):
    """A program, by the last name of a path, or by paths that are the same file as what was typed."""

    text: str
    name: bytes
    paths: tuple[bytes, ...] = ()

    def is_at(self, path: bytes) -> bool:
        """Whether it is what an absolute path names; symbolic links are not followed.

        >>> Exe("pip", b"pip").is_at(b"/usr/bin/pip"), Exe("/bin/pip", b"pip", (b"/bin/pip",)).is_at(b"/usr/bin/pip")
        (True, False)
        """
        return clean(path) in self.paths if self.paths else path.rpartition(b"/")[2] == self.name


def exe(text: str) -> Exe:
    """A name, or a path where there is a slash in it. The path counts as it is, with the symbolic links of its
    directory followed, and by the usual links to that one, such as /bin. Raises UsageError.
    """
    check_text("program", text, "nginx or /usr/sbin/nginx")
    if "/" not in text:
        name = raw_bytes(text)
        if len(name) > LONGEST_NAME or name in (b".", b".."):
            raise UsageError(f"not a program's name: {text!r:.100}", f"up to {LONGEST_NAME} bytes, as in nginx")
        return Exe(text, name)
    typed = absolute(text)
    directory, _, last = typed.rpartition("/")
    real = os.path.realpath(directory or "/")
    places = (real, *other_names(real))
    found = dict.fromkeys(clean(raw_bytes(path)) for path in (typed, *(f"{place}/{last}" for place in places)))
    if not last or max(map(len, found)) > LONGEST_PATH:
        raise UsageError(f"not a program's path: {text!r:.100}", f"up to {LONGEST_PATH} bytes, as in /usr/sbin/nginx")
    return Exe(text, raw_bytes(last), tuple(found))


def exes(texts: tuple[str, ...]) -> tuple[Exe, ...]:
    """Each once. Raises UsageError for what can be no program, and for too many."""
    found = tuple(dict.fromkeys(map(exe, texts)))
    if len(found) > MOST_EXES or sum(len(each.paths) for each in found) > MOST_EXE_PATHS:
        raise UsageError(f"{len(found)} programs are too many", f"up to {MOST_EXES}, or choose by comm or where")
    return found


def cgroups(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The same, each once. Raises UsageError for what can be no cgroup's path, and for too many."""
    for path in paths:
        check_text("cgroup", path, "/system.slice/nginx.service")
    found = tuple(dict.fromkeys(paths))
    if len(found) > MOST_CGROUPS:
        raise UsageError(f"{len(found)} cgroups are too many", f"up to {MOST_CGROUPS}, or one that they are all below")
    return found


def check_text(what: str, text: str, example: str) -> None:
    """Raises UsageError for what is no text, and for what no file is named."""
    if not isinstance(text, str):
        raise UsageError(f"not a text: {text!r:.100}", "a str; os.fsdecode makes one of bytes")
    if not text or "\0" in text:
        raise UsageError(f"not {'an' if what[0] in 'aeiou' else 'a'} {what}: {text!r}", f"as in {example}")
