# cython: language_level=3, binding=False
"""System calls that Python does not offer: capset(2), openat2(2), bpf(2); fork(2) without Python in the child."""

from libc.errno cimport errno
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free

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


cdef extern from "launch.h":
    ctypedef unsigned int gid_t
    struct launch_ "launch":
        char **paths
        char **argv
        char **env
        gid_t *groups
        size_t group_count
        unsigned int uid
        unsigned int gid
        int other
        int go
        int said
        int go_end
        uint64_t blocked
    int launch_start(const launch_ *)


cdef extern from *:
    """
    #include <errno.h>
    #include <signal.h>
    #include <sys/signalfd.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    static int open_signals(unsigned long long mask)
    {
        sigset_t signals;
        int number;

        sigemptyset(&signals);
        for (number = 1; number <= 64; number++)
            if (mask >> (number - 1) & 1)
                sigaddset(&signals, number);
        return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    }

    /* What bpf(2) answers to a command that does not exist: EINVAL, or the answer of a filter in its place. */
    static int bpf_answer_to_nothing(void)
    {
        return syscall(SYS_bpf, -1, NULL, 0) < 0 ? errno : 0;
    }
    """
    int bpf_answer_to_nothing()
    int open_signals(unsigned long long mask)


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


cdef char **_list(list texts) except NULL:
    """Pointers into these bytes, which must live as long, and NULL."""
    cdef char **made = <char **>calloc(len(texts) + 1, sizeof(char *))
    if made == NULL:
        raise MemoryError
    for i, text in enumerate(texts):
        made[i] = text
    return made


def launch(list paths, list argv, list env, user, go, int said, uint64_t blocked):
    """The id of a new process that executes the first of the paths that it may, once a byte comes through the pipe `go`;
    it tells `said` how far it is. `user`: None, or user id, group id and groups.
    """
    cdef launch_ how
    cdef int pid
    how.paths = how.argv = how.env = NULL
    how.groups = NULL
    how.group_count = 0
    how.other = user is not None
    how.go, how.go_end = go
    how.said, how.blocked = said, blocked
    try:
        how.paths, how.argv, how.env = _list(paths), _list(argv), _list(env)
        if user is not None:
            how.uid, how.gid, groups = user
            how.group_count = len(groups)
            how.groups = <gid_t *>calloc(len(groups) + 1, sizeof(gid_t))
            if how.groups == NULL:
                raise MemoryError
            for i, group in enumerate(groups):
                how.groups[i] = group
        pid = launch_start(&how)
        _check(pid, "fork")
        return pid
    finally:
        free(how.paths)
        free(how.argv)
        free(how.env)
        free(how.groups)


def signal_descriptor(uint64_t mask):
    """A descriptor, which never blocks, that gives the signals of the mask; signalfd(2). They must be blocked."""
    cdef int found = open_signals(mask)
    if found < 0:
        raise OSError(errno, os.strerror(errno), "signalfd")
    return found
