"""Type information (BTF) as a kernel has it, of what a test needs; include/uapi/linux/btf.h."""

import struct
from collections.abc import Iterable

INT, PTR, STRUCT, UNION, TYPEDEF, FUNC, FUNC_PROTO = 1, 2, 4, 5, 8, 12, 13


class Types:
    """Grows; `bytes(types)` is the file."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._strings = b"\0"
        self._types: list[bytes] = []
        for name in names:
            self._string(name)

    def _string(self, name: str) -> int:
        self._strings += name.encode() + b"\0"
        return len(self._strings) - len(name) - 1 if name else 0

    def _add(self, kind: int, name: str, count: int, last: int, rest: bytes = b"") -> int:
        self._types.append(struct.pack("=III", self._string(name), kind << 24 | count, last) + rest)
        return len(self._types)

    def tracepoint(self, name: str, arguments: int) -> None:
        """Its prototype has one more: void *__data."""
        void = self._add(PTR, "", 0, 0)
        prototype = self._add(FUNC_PROTO, "", 1 + arguments, 0, struct.pack("=II", 0, void) * (1 + arguments))
        self._add(TYPEDEF, f"btf_trace_{name}", 0, self._add(PTR, "", 0, prototype))

    def composite(self, name: str, members: dict[str, int], kind: int = STRUCT) -> int:
        """A struct or union, of members with these types."""
        rest = b"".join(struct.pack("=III", self._string(each), of, 0) for each, of in members.items())
        return self._add(kind, name, len(members), 8, rest)

    def function(self, name: str, parameters: Iterable[int]) -> None:
        """One with parameters of these types."""
        each = [struct.pack("=II", 0, of) for of in parameters]
        self._add(FUNC, name, 0, self._add(FUNC_PROTO, "", len(each), 0, b"".join(each)))

    def integer(self, name: str) -> int:
        """Of 32 bits, with a sign."""
        return self._add(INT, name, 0, 4, struct.pack("=I", 1 << 24 | 32))

    def pointer(self, to: int = 0) -> int:
        return self._add(PTR, "", 0, to)

    def __bytes__(self) -> bytes:
        types = b"".join(self._types)
        header = struct.pack("=HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(self._strings))
        return header + types + self._strings
