# cython: language_level=3, binding=False
"""System calls that Python does not offer: capset(2), openat2(2), bpf(2)."""

from libc.errno cimport errno
from libc.stdint cimport uint64_t

import os


cdef extern from "fcntl.h":
    int AT_FDCWD


cdef extern from "linux/openat2.h":
    uint64_t RESOLVE_CACHED


cdef extern from "sys/syscall.h":
    long SYS_openat2


cdef extern from "unistd.h":
    long syscall(long number, ...)


cdef extern from "rights.h":
    struct rights:
        uint64_t permitted
        uint64_t effective
    int rights_get(rights *)
    int rights_use(uint64_t effective)
    int rights_keep(uint64_t kept)


cdef extern from *:
    """
    #include <errno.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    /* What bpf(2) answers to a command that does not exist: EINVAL, or the answer of a filter in its place. */
    static int bpf_answer_to_nothing(void)
    {
        return syscall(SYS_bpf, -1, NULL, 0) < 0 ? errno : 0;
    }
    """
    int bpf_answer_to_nothing()


cdef _check(int result, str what):
    if result < 0:
        raise OSError(-result, os.strerror(-result), what)


def open_cached(path: bytes, flags: int) -> int:
    """A descriptor of what the kernel has in memory already, by openat2(2) with RESOLVE_CACHED (Linux 5.12): it never waits
    for a file system. Raises OSError, with EAGAIN where it would have to.
    """
    cdef uint64_t[3] how  # struct open_how: flags, mode, resolve
    how[:] = [flags, 0, RESOLVE_CACHED]
    cdef long fd = syscall(SYS_openat2, AT_FDCWD, <const char *>path, &how[0], sizeof(how))
    if fd < 0:
        raise OSError(errno, os.strerror(errno), path)
    return fd


def bpf_answer():
    """The errno of bpf(2) for a command that does not exist."""
    return bpf_answer_to_nothing()


def capabilities():
    """`(permitted, effective)` of this thread, one bit for each capability."""
    cdef rights found
    _check(rights_get(&found), "capget")
    return found.permitted, found.effective


def use_capabilities(uint64_t mask):
    """Make only these effective in this thread; the permitted ones stay."""
    _check(rights_use(mask), "capset")


def keep_capabilities(uint64_t mask):
    """Give up all others, for good, in this thread and in all that it starts from now on."""
    _check(rights_keep(mask), "capset")
