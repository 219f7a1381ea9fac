"""What chooses processes by more than their names and ids: the cgroups that they are in."""

from ..errors import UsageError

MOST_CGROUPS = 32  # bpf/filter/cgroup.h


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
