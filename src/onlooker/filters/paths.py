"""Paths without what leads nowhere."""

import posixpath


def clean(path: bytes) -> bytes:
    """Without ".", ".." and empty names; symbolic links are not followed. records/native/clean.h does the same.

    >>> clean(b"//srv/./a//b/../c/"), clean(b"../a"), clean(b"")
    (b'/srv/a/c', b'../a', b'')
    """
    if not path:
        return path
    found = posixpath.normpath(path)
    return found[1:] if found.startswith(b"//") else found
