"""What a command runs in its turn: `sudo`, `env` and their like, and the text of `sh -c`."""

from collections.abc import Sequence

import msgspec

SHELLS = frozenset(["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "busybox"])
Words = Sequence[str | None]  # None: a word that is not known


class _Wrapper(msgspec.Struct, frozen=True):
    """`valued`: options whose value is the next word; `positional`: words before the command; `sets`: NAME=value may
    stand before it; `adds`: it adds words to the command.
    """

    valued: str = ""
    positional: int = 0
    sets: bool = False
    adds: bool = False


_WRAPPERS = {
    "env": _Wrapper("-u --unset -C --chdir", sets=True),
    "sudo": _Wrapper("-u --user -g --group -h --host -p --prompt -C -D --chdir -R -r -t -T -U", sets=True),
    "doas": _Wrapper("-u -C"),
    "timeout": _Wrapper("-s --signal -k --kill-after", positional=1),
    "nice": _Wrapper("-n --adjustment"),
    "ionice": _Wrapper("-c --class -n --classdata"),
    "chrt": _Wrapper("-T -P -D", positional=1),
    "taskset": _Wrapper(positional=1),
    "nohup": _Wrapper(),
    "setsid": _Wrapper(),
    "stdbuf": _Wrapper("-i --input -o --output -e --error"),
    "time": _Wrapper("-f --format -o --output"),
    "flock": _Wrapper("-w --wait --timeout -E", positional=1),
    "fakeroot": _Wrapper("-l -s -i -b --lib --faked"),
    "exec": _Wrapper("-a"),
    "command": _Wrapper(),
    "builtin": _Wrapper(),
    "xargs": _Wrapper("-n --max-args -I -P --max-procs -d --delimiter -a --arg-file -L -s --max-chars -E", adds=True),
}


def name_of(word: str | None) -> str:
    """A program's name, without its directory.

    >>> name_of("/usr/bin/git"), name_of("-bash"), name_of(None)
    ('git', 'bash', '')
    """
    return (word or "").rstrip("/").rpartition("/")[2].removeprefix("-")


def inner(words: Words) -> tuple[int, bool] | None:
    """Where the command begins that a wrapper runs, and whether words are added to it; None for what is no wrapper, or
    runs nothing.

    >>> inner(["sudo", "-u", "me", "A=1", "make", "-j4"]), inner(["make"])
    ((4, False), None)
    """
    words = list(words)
    wrapper = _WRAPPERS.get(name_of(words[0])) if words else None
    if wrapper is None or (words[0] == "command" and words[1:2] in (["-v"], ["-V"])):  # these only look it up
        return None
    at, positional, options = 1, wrapper.positional, True
    while at < len(words):
        word = words[at]
        if word is None:
            return None
        if options and word == "--":
            options = False
        elif options and word.startswith("-") and len(word) > 1:
            at += word in wrapper.valued.split()
        elif wrapper.sets and "=" in word and word.partition("=")[0].isidentifier():
            pass
        elif positional:
            positional -= 1
            options = True
        else:
            return at, wrapper.adds
        at += 1
    return None


def shell_text(words: Words) -> int | None:
    """Which word is the text of `sh -c`; None where there is none.

    >>> shell_text(["bash", "-lc", "make"]), shell_text(["/bin/sh", "x.sh"])
    (2, None)
    """
    if not words or name_of(words[0]) not in SHELLS:
        return None
    has_text, at = False, 1
    while at < len(words) and (word := words[at]) is not None and word[:1] in ("-", "+") and len(word) > 1:
        if word == "--":
            at += 1
            break
        has_text |= word.startswith("-") and not word.startswith("--") and "c" in word
        at += 2 if word in ("-o", "+o", "-O", "+O", "--rcfile", "--init-file") else 1
    return at if has_text and at < len(words) else None
