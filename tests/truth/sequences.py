"""Made-up sequences of system calls. Simple things come first in each choice: failures shrink to them.

Nothing climbs out of its directory: ".." stands only behind a name, so that what is written stays where it may be.
"""

import signal
from itertools import chain

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .executor import NUMBERS, OPEN_NAMES
from .operations import AT_FDCWD, CREATE, Change, Exec, Finish, Fork, Open, Operation, Parallel, Thread

NAMES = (
    *(b"a", b"b", b"d", b"l", b"d/a", b"out", b"loop", b"self", b"text", b"d/../a", b"a/", b".", b"d//./b"),
    *(b" ", b"-", b"caf\xe9", b"\xff\xfe\xfd", b"new\nline\ttab", b"\x1b[31m", "\u202eü".encode(), b'"\\', b"%s"),
    *(b"n" * 254, b"n" * 255, b"n" * 256, b"\xed\xa0\x80" * 85),
)
ELSEWHERE = (b"/etc/hostname", b"/etc/shadow", b"/", b"/dev/null", b"/proc/self/exe", b"/proc/self/fd/3", b"", b"/n/o")
LENGTHS = (254, 255, 256, 257, 511, 512, 513, 2047, 2048, 4094, 4095, 4096, 4097, 5000)
DESCRIPTORS = (AT_FDCWD, 2, 3, 4, 5, -1, 9999, 2**31 - 1)  # 2 is the directory; the next ones are what was opened


def padded(path: bytes, length: int) -> bytes:
    """The same place by a path of that length, where it is not longer already."""
    need = length - len(path)
    if path.startswith((b"/", b"{")) or need < 3:
        return path
    return b".//" * (need % 2) + b"./" * ((need - 3 * (need % 2)) // 2) + path


names = st.sampled_from(NAMES)
inside = st.one_of(
    names,
    st.lists(names, min_size=2, max_size=4).map(b"/".join),
    names.map(lambda name: b"{ground}/" + name),
    st.builds(padded, names, st.sampled_from(LENGTHS)),
)
paths = st.one_of(inside, inside, inside, st.sampled_from(ELSEWHERE))
where = st.sampled_from(("plain",) * 20 + ("edge", "over", "null", "nowhere"))
descriptors = st.sampled_from(DESCRIPTORS)
modes = st.sampled_from((0, 0o644, 0o600, 0o755, 0, 0o7777, 0o111))
access = st.sampled_from(("O_RDONLY", "O_RDWR", "O_WRONLY"))
others = st.frozensets(st.sampled_from(OPEN_NAMES[3:]), max_size=3)
flags = st.one_of(
    access.map(lambda name: frozenset({name})),
    access.map(lambda name: frozenset({name, "O_CREAT"})),
    st.builds(lambda name, more: frozenset({name, *more}), access, others),
)
RESOLVE = tuple(name for name in NUMBERS if name.startswith("RESOLVE"))
resolves = st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from((*RESOLVE, "0x100000")), max_size=2))

opens = st.one_of(
    st.builds(Open, st.just("openat"), paths, descriptors, flags, modes, where=where),
    st.builds(Open, st.just("open"), paths, flags=flags, mode=modes, where=where),
    st.builds(Open, st.just("creat"), paths, mode=modes, where=where),
    st.builds(
        Open,
        st.just("openat2"),
        paths,
        descriptors,
        flags,
        modes,
        resolves,
        where,
        st.sampled_from((False,) * 9 + (True,)),
    ),
)
changes = st.one_of(
    st.builds(Change, st.just("close"), number=st.integers(3, 6)),
    st.builds(Change, st.sampled_from(("chdir", "mkdir", "remove")), st.tuples(inside), st.just(0o755)),
    st.builds(Change, st.sampled_from(("rename", "symlink")), st.tuples(inside, inside)),
)
selves = st.sampled_from((b"self", b"script", b"{ground}/self", b"/proc/self/exe", b"d/../self"))
programs = st.one_of(
    selves,
    selves,
    st.sampled_from(
        (b"self", b"script", b"{ground}/self", b"{ground}/script", b"/proc/self/exe", b"text", b"d/../self")
    ),
    paths,
)
arguments = st.lists(st.sampled_from((b"x", b"", b"two words", b"\xff\n", b"long" * 200)), max_size=4).map(tuple)
at_flags = st.sampled_from((0, 0x1000, 0x100))  # AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
execs = st.builds(
    Exec,
    programs,
    st.one_of(arguments, st.none()),
    st.one_of(st.none(), st.tuples(descriptors, at_flags)),
    where,
    st.sampled_from((False,) * 9 + (True,)),
)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1, signal.SIGSEGV, signal.SIGABRT, 39, signal.SIGURG)
finishes = st.one_of(
    st.builds(Finish, st.just("exit"), st.sampled_from((0, 1, 23, 255))),
    st.builds(Finish, st.just("signal"), st.sampled_from(SIGNALS)),
)
# so that most sequences get far: of nine operations, one changes the program or ends it
simple = st.one_of(opens, opens, opens, opens, changes, changes, st.one_of(opens, execs), st.one_of(opens, finishes))
# what rarely happens by chance alone; 3 is the first descriptor that is free
A_FILE = (Open("creat", b"a", mode=0o644), Open("open", b"a"))
THROUGH_PROC = Open("openat", b"/proc/self/fd/3")
RECIPES: tuple[tuple[Operation, ...], ...] = (
    (*A_FILE, Change("remove", (b"a",)), THROUGH_PROC),
    (*A_FILE, Change("rename", (b"a", b"d/b")), THROUGH_PROC, Open("open", b"d/b")),
    (Open("openat", b".", flags=frozenset({"O_RDWR", "O_TMPFILE"}), mode=0o600), THROUGH_PROC),
    (
        Change("mkdir", (b"d/b",), 0o755),
        Change("chdir", (b"d/b",)),
        Change("remove", (b"{ground}/d/b",)),
        Open("open", b"."),
    ),
    (Change("chdir", (b"{ground}",)), Exec(b"self", (b"self",))),
    (Open("openat", b"{ground}/self"), Exec(b"", (b"self",), (3, 0x1000))),
    (Open("openat", b"{ground}", flags=frozenset({"O_RDONLY", "O_DIRECTORY"})), Exec(b"self", None, (3, 0))),
    (Exec(b"script", (b"script", b"x"), (2, 0)),),
)
recipes = st.sampled_from(RECIPES)
simple_lists = st.lists(simple, max_size=8).map(tuple)


CLONE = st.frozensets(st.sampled_from(("CLONE_FS", "CLONE_FILES", "CLONE_SYSVSEM", "CLONE_IO")), max_size=2)
CLONE3 = st.one_of(CLONE, CLONE.map(lambda names: names | {"CLONE_CLEAR_SIGHAND"}))


@st.composite
def operation(draw: st.DrawFn, depth: int) -> tuple[Operation, ...]:
    """Any operation, or a few that belong together, with lists of their own at most `depth` deep."""
    # one in five has a list, so that most of a sequence is calls
    what = draw(st.sampled_from(("simple",) * 7 + ("recipe", "fork", "thread")))
    if what == "recipe":
        return draw(recipes)
    if what == "simple" or depth == 0:
        return (draw(simple),)
    if what == "fork":
        return (draw(forks(operations(depth - 1))),)
    # threads that run at once must not end each other in the middle of a call: only their children may end
    if draw(st.booleans()):
        return (Parallel(tuple(Thread(tuple(each)) for each in draw(st.lists(quiet_lists, min_size=2, max_size=4)))),)
    return (Thread(draw(operations(depth - 1))),)


@st.composite
def operations(draw: st.DrawFn, depth: int) -> tuple[Operation, ...]:
    """A list of any operations: short, or longer than hypothesis would make most of them."""
    lists = draw(st.lists(operation(depth), max_size=8) | st.lists(operation(depth), min_size=9, max_size=20))
    return tuple(chain.from_iterable(lists))


@st.composite
def forks(draw: st.DrawFn, lists: SearchStrategy[tuple[Operation, ...]]) -> Fork:
    """All ways to create a child that carries out such a list."""
    how = draw(st.sampled_from(CREATE))
    if how == "vfork":  # it runs in its creator's memory, where it must not create anything itself
        return Fork(how, draw(simple_lists))
    if how == "fork":
        return Fork(how, draw(lists))
    flags = draw(CLONE3 if how == "clone3" else CLONE)
    return Fork(how, draw(lists), flags, draw(st.sampled_from(("SIGCHLD", "", "SIGURG"))))


quiet_lists = st.lists(st.one_of(opens, opens, opens, changes, forks(simple_lists)), max_size=6)
sequences = operations(2)
