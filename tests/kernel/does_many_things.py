"""The workload of test_rules.py: calls on files, in many ways of naming them, each time that a line comes. It needs no
package; its argument is a directory that it makes.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def tried(call: Callable[..., object], *args: object, **named: object) -> None:
    with suppress(OSError):
        found = call(*args, **named)
        if call is os.open:
            os.close(found)


def names(place: str) -> list[str]:
    """Of files that are there and not: absolute and relative, with odd names between, long, and hidden."""
    long = "n" * 120
    some = [
        "file", "missing", "dir/file.so", "dir/lib.so.1", ".hidden/x", "dir", "dir/", "./file", "dir/../file", "dir//x",
        "dir/..x", "dir/.y", "..", ".", f"{long}/{long}/file", f"{long}/{long}/absent", "sixteen-bytes-nn", "a",
        "é\udcff", "missing/more", "dir/deep/er/and/deeper/file.c", "link", "dangling",
    ]  # fmt: skip
    return [*some, *(f"{place}/{name}" for name in some), "/etc/passwd", "/etc/nobody-has-it", "/", "//etc//passwd", ""]


def prepare(place: str) -> None:
    for directory in ("dir/deep/er/and/deeper", ".hidden", f"{'n' * 120}/{'n' * 120}"):
        Path(place, directory).mkdir(parents=True)
    for name in (
        "file",
        "dir/file.so",
        ".hidden/x",
        f"{'n' * 120}/{'n' * 120}/file",
        "sixteen-bytes-nn",
        "a",
        "dir/.y",
    ):
        os.close(os.open(f"{place}/{name}", os.O_CREAT | os.O_WRONLY))
    Path(place, "link").symlink_to("dir")
    Path(place, "dangling").symlink_to("nowhere")


def do(place: str) -> None:
    os.chdir(place)
    directory = os.open("dir", os.O_RDONLY)
    for name in names(place):
        tried(os.open, name, os.O_RDONLY)
        tried(os.stat, name)
    for name in names(place)[::3]:
        tried(os.open, name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        tried(os.open, name, os.O_RDONLY, dir_fd=directory)
        tried(os.access, name, os.R_OK)
        tried(os.readlink, name)
        tried(os.chmod, name, 0o755)
    for name in ("new", f"{place}/dir/new"):
        tried(os.open, name, os.O_CREAT | os.O_RDWR | os.O_SYNC, 0o640)
        tried(os.rename, name, name + "er")
        tried(os.unlink, name + "er")
        tried(os.unlink, name)
        tried(os.mkdir, name)
        tried(os.rmdir, name)
    tried(os.open, place, os.O_TMPFILE | os.O_RDWR)
    os.fchmod(directory, 0o755)
    os.chdir("dir/deep")
    tried(os.open, "er/none", os.O_RDONLY)
    tried(os.open, "../file.so", os.O_RDONLY)
    for name in ("file.so", "deep"):  # from a descriptor that is none
        tried(os.open, name, os.O_RDONLY, dir_fd=999)
        tried(os.unlink, name, dir_fd=999)
    for call in (os.chdir, os.truncate, os.chown, os.utime, os.link, os.symlink, os.mknod):
        tried(call, "deep", *{os.truncate: [3], os.chown: [-1, -1], os.link: ["x"], os.symlink: ["y/z"]}.get(call, []))
    os.chdir("/proc/self/fd")
    reading, writing = os.pipe()
    tried(os.open, str(reading), os.O_RDONLY | os.O_NONBLOCK)
    os.close(reading)
    os.close(writing)
    os.chdir(place)
    tried(os.unlink, "dir/y/z")
    os.close(directory)
    child = os.fork()
    if not child:
        tried(os.open, "absent", os.O_RDONLY)
        tried(os.execv, "/nowhere/program", ["program"])
        os.execv(f"{place}/../{Path(sys.orig_argv[0]).name}x", ["x", "-c"])
    os.waitpid(child, 0)
    child = os.fork()
    if not child:
        os.setresuid(1234, 1234, 1234)
        tried(os.open, "/etc/shadow", os.O_RDONLY)
        os._exit(3)
    os.waitpid(child, 0)


if __name__ == "__main__":
    prepare(sys.argv[1])
    for _ in sys.stdin:
        do(sys.argv[1])
        print("done", flush=True)
