"""Patterns of paths as automata, which look at each byte of a path once, whatever the pattern is."""

from functools import lru_cache
from typing import NamedTuple

_BITS = 64
_STAR, _QUESTION, _BACKSLASH, _SLASH = b"*?\\/"


class Glob(NamedTuple):
    """State n is that n characters of the pattern, not counting stars, were found; the last of `states` is a match.
    All others are sets of states, in words of 64 bits: for each byte those that it leads to from the state before,
    those that any byte but a "/" leaves as they are (a star), those that any byte does (a double star), and those in
    which "**/" may stand for nothing.

    What matches has `begin`, `end` and `part` in it, which is seen at once.
    """

    begin: bytes
    end: bytes
    part: bytes
    states: int
    moves: bytes
    names: bytes
    deep: bytes
    skips: bytes


@lru_cache(maxsize=256)  # each kind of event asks for the same
def automaton(pattern: bytes) -> Glob:
    """`*` and `?` stop at "/", `**` does not, and `**/` stands for any number of directories, none too. A backslash
    takes the meaning of what follows.
    """
    characters, stars = read(pattern)
    moves = [0] * 256
    names = deep = skips = 0
    for place, accepted in enumerate(characters, 1):
        for byte in accepted:
            moves[byte] |= 1 << place
    for place, count in stars.items():
        names |= 1 << place
        if count > 1:
            deep |= 1 << place
            if is_directories(characters, place):
                skips |= 1 << place
    size = 8 * (len(characters) // _BITS + 1)
    table = b"".join(each.to_bytes(size, "little") for each in moves)
    texts = _texts(characters, stars, skips)
    begin, end, part = texts[0], texts[-1], max(texts, key=len)
    return Glob(
        begin, end, part, len(characters), table, *(each.to_bytes(size, "little") for each in (names, deep, skips))
    )


_ANY = bytes(byte for byte in range(256) if byte != _SLASH)


def read(pattern: bytes) -> tuple[list[bytes], dict[int, int]]:
    """The bytes that each character accepts; and how many stars stand before a character, by its place."""
    characters: list[bytes] = []
    stars: dict[int, int] = {}
    at = 0
    while at < len(pattern):
        byte, here = pattern[at], len(characters)
        at += 1
        if byte == _STAR:
            stars[here] = stars.get(here, 0) + 1
            continue
        is_quoted = byte == _BACKSLASH and at < len(pattern)
        if is_quoted:
            byte, at = pattern[at], at + 1
        characters.append(_ANY if byte == _QUESTION and not is_quoted else bytes([byte]))
        if all(stars.get(place, 0) > 1 and is_directories(characters, place) for place in (here - 1, here)):
            characters.pop()  # "**/**/" is "**/"
            del stars[here]
    return characters, stars


def _texts(characters: list[bytes], stars: dict[int, int], skips: int) -> list[bytes]:
    """What stands between the stars and what is like them, the first and the last may be empty."""
    texts = [b""]
    for place, accepted in enumerate(characters):
        if place in stars:
            texts.append(b"")
        if len(accepted) > 1 or skips >> place & 1:
            texts.append(b"")
        else:
            texts[-1] += accepted
    return [*texts, b""] if len(characters) in stars else texts


def is_directories(characters: list[bytes], place: int) -> bool:
    """Whether the double star there and the "/" behind it begin a name."""
    begins = place == 0 or characters[place - 1] == b"/"
    return begins and place < len(characters) and characters[place] == b"/"
