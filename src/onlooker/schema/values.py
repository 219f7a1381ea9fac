"""Numbers and their names: the values that a field can have, as data."""

from collections.abc import Sequence

import msgspec


class Names(msgspec.Struct, frozen=True, tag="names"):
    """One name for each number. `other`: how another number is called, with "{}" for it; "" if there can be no other.

    >>> Names(names=((9, "SIGKILL"),), other="SIG{}").name_of(99)
    'SIG99'
    """

    names: tuple[tuple[int, str], ...]
    other: str = ""

    @classmethod
    def counted(cls, *names: str) -> "Names":
        """Names numbered from 1."""
        return cls(names=tuple(enumerate(names, 1)))

    def name_of(self, number: int) -> str:
        """Raises LookupError where there is none."""
        for each, name in self.names:
            if each == number:
                return name
        if not self.other:
            raise LookupError(f"no name for {number}")
        return self.other.format(number)

    def number_of(self, name: str) -> int:
        """Raises LookupError for a name without a number."""
        for number, each in self.names:
            if each == name:
                return number
        before, braces, after = self.other.partition("{}")
        digits = name[len(before) : len(name) - len(after)]
        if braces and name == f"{before}{digits}{after}" and digits.isascii() and digits.isdigit():
            return int(digits)
        raise LookupError(f"no number for {name}")


class Flags(msgspec.Struct, frozen=True, tag="flags"):
    """A name for each bit, or for several together, which come before their parts. Other bits are one number in hex.

    `low`: the lowest bits are one number, with one of these names, which is always there. `high` are names of the
    number in the highest bits, from `high_shift` on; 0 has none.

    >>> Flags(bits=((4, "A"),), low=("R", "W")).names_of(0x15)
    ('W', 'A', '0x10')
    """

    bits: tuple[tuple[int, str], ...]
    low: tuple[str, ...] = ()
    high: Names | None = None
    high_shift: int = 64

    def names_of(self, number: int) -> tuple[str, ...]:
        """The names, in the order of the declaration."""
        high, rest = number >> self.high_shift, number & ((1 << self.high_shift) - 1)
        found: list[str] = []
        if self.low:
            mask = len(self.low) - 1
            found.append(self.low[rest & mask])
            rest &= ~mask
        for bits, name in self.bits:
            if rest & bits == bits:
                found.append(name)
                rest &= ~bits
        if rest:
            found.append(hex(rest))
        if high and self.high:
            found.append(self.high.name_of(high))
        return tuple(found)

    def mask_of(self, name: str) -> int:
        """Raises LookupError for a name that is not a flag's."""
        for bits, each in self.bits:
            if each == name:
                return bits
        raise LookupError(f"no flag {name}")

    def number_of(self, names: Sequence[str]) -> int:
        """The number that has these names. Raises LookupError."""
        number = 0
        for name in names:
            if name in self.low:
                number |= self.low.index(name)
            elif name.startswith("0x"):
                number |= int(name, 16)
            else:
                number |= self._of_one(name)
        return number

    def _of_one(self, name: str) -> int:
        try:
            return self.mask_of(name)
        except LookupError:
            if self.high is None:
                raise
            return self.high.number_of(name) << self.high_shift


Values = Names | Flags
