"""What text and table say of calls on files, to the letter."""

import pytest

from onlooker import Batch
from onlooker.output.text import TextFormatter
from onlooker.testing import make

from ..batches import formatted

TWO = {"path": "/a b", "new_path": "/c\n"}
DESCRIPTOR = {"path": None, "fd": 3, "real_path": "/srv/f\x1b"}
SAID = [
    (make("rename", **TWO), r"renamed file /a b to /c\n"),
    (make("rename", **TWO, errno="EXDEV"), r"failed to rename file /a b to /c\n: EXDEV"),
    (make("rename", **TWO, flags=("RENAME_EXCHANGE",)), r"exchanged file /a b with /c\n"),
    (
        make("rename", **TWO, flags=("RENAME_EXCHANGE",), errno="ENOENT"),
        r"failed to exchange file /a b with /c\n: ENOENT",
    ),
    (
        make("rename", path="a", new_path="/c", joined_path="/d/a", joined_new_path="/c"),
        "renamed file a to /c [joined: /d/a to /c]",
    ),
    (
        make("rename", path="/a", new_path="c", joined_path="/a", joined_new_path="/d/c", flags=("RENAME_EXCHANGE",)),
        "exchanged file /a with c [joined: /a with /d/c]",
    ),
    (make("rename", path="a", new_path="c", joined_new_path="/d/c"), "renamed file a to c [joined: a to /d/c]"),
    (make("rename", path="a", new_path="c"), "renamed file a to c"),
    (make("rename", path="/a", new_path="/c", joined_path="/a", joined_new_path="/c"), "renamed file /a to /c"),
    (
        make("rename", path="", new_path="c", errno="EFAULT", joined_new_path="/d/c", cut=("path",)),
        'failed to rename file "" to c: EFAULT [joined: /d/c] [cut: path]',
    ),
    (
        make("rename", path="/a", new_path="/c", joined_path="/jail/a", joined_new_path="/jail/c"),
        "renamed file /a to /c [joined: /jail/a to /jail/c]",
    ),
    (make("unlink", path="/a"), "removed file /a"),
    (make("unlink", path="/a", joined_path="/a"), "removed file /a"),
    (make("unlink", path="/a", joined_path="/jail/a"), "removed file /a [joined: /jail/a]"),
    (make("unlink", path="/a", unproven=True), "removed file /a [unproven]"),
    (
        make("unlink", path="a", joined_path="/d/a", errno="ENOENT"),
        "failed to remove file a: ENOENT [joined: /d/a]",
    ),
    (make("mkdir", path="/a"), "created directory /a"),
    (make("mkdir", path="/a", errno="EEXIST"), "failed to create directory /a: EEXIST"),
    (make("rmdir", path="/a"), "removed directory /a"),
    (make("rmdir", path="/a", errno="ENOTEMPTY"), "failed to remove directory /a: ENOTEMPTY"),
    (make("link", **TWO), r"linked file /a b as /c\n"),
    (
        make("link", path="a", new_path="c", errno="EPERM", joined_path="/d/a", joined_new_path="/d/c"),
        "failed to link file a as c: EPERM [joined: /d/a as /d/c]",
    ),
    (
        make("link", path="", new_path="c", joined_new_path="/d/c", fd=3, real_path="/srv/f", file_state="tmpfile"),
        "linked file descriptor 3 as c [joined: /d/c] [file: /srv/f] [tmpfile]",
    ),
    (make("symlink", path="/a", target="../b"), "created symbolic link /a to ../b"),
    (
        make("symlink", path="a", target="b", joined_path="/d/a", errno="EEXIST"),
        "failed to create symbolic link a to b: EEXIST [joined: /d/a]",
    ),
    (make("chmod", path="/a", mode=0o644), "changed mode of file /a to 0644"),
    (make("chmod", path="/a", mode=0), "changed mode of file /a to 0000"),
    (make("chmod", path="/a", mode=0o4755, errno="EPERM"), "failed to change mode of file /a to 04755: EPERM"),
    (make("chmod", **DESCRIPTOR), r"changed mode of file descriptor 3 to 0644 [file: /srv/f\x1b]"),
    (
        make("chmod", path=None, fd=-1, errno="EBADF"),
        "failed to change mode of file descriptor -1 to 0644: EBADF",
    ),
    (
        make("chmod", path="", flags=("AT_EMPTY_PATH",), dirfd=-100, joined_path="/d"),
        'changed mode of file "" to 0644 [joined: /d]',
    ),
    (make("chown", path="/a"), "changed owner of file /a to 1000:1000"),
    (make("chown", path="/a", owner=None, group=0), "changed owner of file /a to :0"),
    (make("chown", path="/a", owner=0, group=None), "changed owner of file /a to 0:"),
    (make("chown", path="/a", errno="EPERM"), "failed to change owner of file /a to 1000:1000: EPERM"),
    (
        make("chown", **DESCRIPTOR, file_state="deleted", cut=("real_path",)),
        r"changed owner of file descriptor 3 to 1000:1000 [file: /srv/f\x1b] [deleted] [cut: real_path]",
    ),
    (make("truncate", path="/a", length=7), "truncated file /a to 7 bytes"),
    (make("truncate", path="/a", length=-7, errno="EINVAL"), "failed to truncate file /a to -7 bytes: EINVAL"),
    (make("truncate", **DESCRIPTOR), r"truncated file descriptor 3 to 0 bytes [file: /srv/f\x1b]"),
]


@pytest.mark.parametrize(("event", "said"), SAID)
def test_phrases(event, said):
    assert str(event).endswith(f"] Process fake (PID:1234) {said}")
    assert said.isprintable()


@pytest.mark.parametrize(("event", "said"), SAID)
def test_lines(event, said):
    line = formatted(TextFormatter(), [event]).decode()
    assert line.endswith(f"] Process fake (PID:1234) {said}\n")


@pytest.mark.parametrize(
    ("event", "result_", "details_"),
    [
        (make("rename", **TWO, flags=("RENAME_NOREPLACE",)), "ok", r"file /a b to /c\n  RENAME_NOREPLACE"),
        (make("unlink", path="/a", errno="EISDIR"), "EISDIR", "file /a"),
        (make("mkdir", path="/a", mode=0o700), "ok", "directory /a"),
        (make("symlink", path="/a", target="b"), "ok", "symbolic link /a to b"),
        (
            make("chmod", **DESCRIPTOR, flags=("AT_EMPTY_PATH",)),
            "ok",
            "mode of file descriptor 3 to 0644 [file: /srv/f\\x1b]  AT_EMPTY_PATH",
        ),
        (make("chown", path="/a"), "ok", "owner of file /a to 1000:1000"),
        (make("truncate", path="/a", errno="EROFS"), "EROFS", "file /a to 0 bytes"),
    ],
)
def test_table(event, result_, details_):
    [batch] = Batch.of([event])
    assert (batch.results(), batch.details()) == ([result_], [details_])
