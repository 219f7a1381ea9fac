"""A list of files that may be read: paths, patterns, directories."""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from .actions import cleaned


class Declared:
    """Lines of paths: one that ends with a slash is a directory with all that is below it; `*`, `?` and `**` make a
    pattern, as in expressions; lines that begin with # are comments. Relative ones start from `base`.

    >>> declared = Declared(["# sources", "src/*.c", "/usr/include/", "Makefile"], "/srv")
    >>> [path in declared for path in ("/srv/src/a.c", "/usr/include/x/y.h", "/srv/Makefile", "/srv/src/b/a.c")]
    [True, True, True, False]
    """

    def __init__(self, lines: Iterable[str], base: str, *, follows_links: bool = False) -> None:
        """`follows_links`: of this machine, too: what is recorded is the file itself."""
        self._paths: set[str] = set()
        self._directories: set[str] = set()
        self._base = base
        self._plain: dict[str, set[str]] = {}  # lines that are neither patterns nor directories
        self._commented: list[str] = []
        patterns = []
        for line in lines:
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            if re.search(r"\s#", text):
                self._commented.append(text)
            path = text if text.startswith("/") else f"{base.rstrip('/')}/{text}"
            if set("*?\\") & set(text):
                patterns.append(_pattern(f"{path}**" if path.endswith("/") else path))
                continue
            for each in {path, os.path.realpath(path) + "/" * path.endswith("/")} if follows_links else {path}:
                if each.endswith("/"):
                    self._directories.add(cleaned(each))
                else:
                    self._paths.add(cleaned(each))
                    self._plain.setdefault(text, set()).add(cleaned(each))
        self._pattern = re.compile("|".join(patterns), re.DOTALL) if patterns else None

    def __contains__(self, path: str) -> bool:
        if path in self._paths or (self._directories and any(each in self._directories for each in _above(path))):
            return True
        return self._pattern is not None and self._pattern.fullmatch(path) is not None

    def mistakes(self, files: Collection[str]) -> Iterator[str]:
        """In words: lines that match none of these files, and would if they were written in another way.

        >>> list(Declared(["/usr"], "/srv").mistakes(["/usr/bin/make"]))
        ["'/usr' is a directory, and matches nothing below it: write '/usr/'"]
        """
        for text in self._commented:
            alone = Declared([text], self._base)
            if not any(file in alone for file in files):
                path = re.split(r"\s+#", text)[0]
                yield f"{text!r} matches nothing: write {path!r}, and the comment on a line of its own"
        directories = {each for file in files for each in islice(_above(file), 1, None)}
        for text, paths in self._plain.items():
            if paths & directories:
                yield f"{text!r} is a directory, and matches nothing below it: write {f'{text}/'!r}"


def _above(path: str) -> Iterator[str]:
    """It, and the directories that it lies in."""
    yield path
    while len(path) > 1 and "/" in path:
        path = path.rpartition("/")[0] or "/"
        yield path


_TOKENS = re.compile(r"\\(.)|(\*\*/)|(\*\*+)|(\*)|(\?)|(.)", re.DOTALL)


def _pattern(glob: str) -> str:
    r"""As a regular expression: what `filters.glob` says of it.

    >>> [bool(re.fullmatch(_pattern(glob), "/a/b/c.h")) for glob in ("/a/**/c.h", "/a/*.h", "/**", r"/a/b/c\.?")]
    [True, False, True, True]
    """
    made = []
    for escaped, directories, deep, star, any_, plain in _TOKENS.findall(glob):
        if escaped or plain:
            made.append(re.escape(escaped or plain))
        else:
            made.append("(?:[^/]+/)*" if directories else ".*" if deep else "[^/]*" if star else "[^/]" if any_ else "")
    return "".join(made)
