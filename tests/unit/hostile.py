"""Texts and events as an attacker would choose them."""

import os

from hypothesis import strategies as st

from onlooker import Lost
from onlooker.events import REASONS, TASK_EVENTS
from onlooker.testing import make

# what a terminal, a shell, JSON or a line-reading program could trip over
CHARACTERS = (
    *map(chr, range(1, 0x20)),
    *map(chr, range(0x7F, 0xA1)),
    *"\\'\"`$!*?~#;&|<>(){}[] -=%\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069",
    *"\ue000\ufeff\ufff9\ufffb\ufffd\uffff\U000e0001\U0010ffffé漢👩\u0301\u3000",
)
BYTES = (b"\x80", b"\xff", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80")

pieces = st.sampled_from([*(text.encode() for text in CHARACTERS), *BYTES, b"a", b"0", b"u202e"])
raw_texts = st.one_of(
    st.binary(max_size=30).map(lambda raw: raw.replace(b"\0", b"")),
    st.lists(pieces, max_size=12).map(b"".join),
)
texts = raw_texts.map(os.fsdecode)  # as events have them
names = texts.map(lambda text: os.fsdecode(os.fsencode(text)[:15]))
states = st.sampled_from([None, "deleted", "tmpfile", "memfd", "pseudo", "detached"])
u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)

_WHO = {"pid": u32, "tid": u32, "ppid": u32, "uid": u32, "gid": u32, "comm": names, "boot_ns": u64, "start_ns": u64}


def _made(event, **fields):
    def build(given):
        directory = given.get("joined_path")
        if directory is not None:
            before = f"/{directory}" if directory else ""
            between = "" if given["path"].startswith("/") else "/"
            given["joined_path"] = before + between + given["path"] if given["path"] else directory
        return make(event, **given)

    return st.fixed_dictionaries({**_WHO, **fields}).map(build)


forks = _made("fork", syscall=st.sampled_from(["clone", "clone3", "fork", "vfork", None]), thread=st.booleans())
execs = _made(
    "exec",
    path=texts,
    argv=st.lists(texts, max_size=4).map(tuple),
    interpreter=st.none() | texts,
    errno=st.sampled_from([None, "ENOENT"]),
    exe=st.none() | texts,
    cwd=st.none() | texts,
    joined_path=st.none() | texts,
    file_state=states,
    cut=st.sampled_from([(), ("path",), ("path", "argv")]),
)
exits = st.one_of(
    _made("exit", exit_code=st.integers(0, 255), duration_ns=u64),
    _made("exit", signal=st.sampled_from(["SIGKILL", "SIGRTMIN+2"]), core_dumped=st.booleans()),
)
opens = st.one_of(
    _made(
        "open",
        path=texts,
        fd=st.integers(0, 2**31 - 1),
        mode=st.none() | u32,
        real_path=st.none() | texts,
        file_state=states,
        inode=st.none() | st.integers(1, 2**64 - 1),
    ),
    _made(
        "open",
        path=texts,
        errno=st.sampled_from(["ENOENT", "ERESTARTSYS", "600"]),
        dirfd=st.just(None),
        joined_path=st.none() | texts,
    ),
)
losses = st.builds(
    Lost,
    st.just("2026-01-31T12:00:00.000000000Z"),
    u64,
    u64,
    st.sampled_from([*TASK_EVENTS, "unknown"]),
    st.sampled_from(REASONS),
)
events = st.one_of(forks, execs, exits, opens, losses)
