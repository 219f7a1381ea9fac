"""Parts of the texts of records, such as secrets, covered wherever the records have them."""

import struct
from collections.abc import Callable, Iterable, Iterator

from ..schema.fields import Op
from .encode import walked
from .planned import NUMBERS, PLAN

_WALKED = (Op.PATH, Op.JOINED)
_IN_ORDER = (Op.JOINED, Op.PATH, Op.TEXT, Op.TEXTS, Op.NAME)  # what is found in a path counts for the texts behind it
Parts = tuple[tuple[int, int], ...]  # of a text: where each begins and ends
_Name = tuple[bytes, int, int]  # of a path, and where in it a part begins and ends


def covered(
    data: bytes,
    events: Iterable[str],
    places: Callable[[bytes, int, int], Iterable[int]],
    find: Callable[[bytes], Parts],
    cover: Callable[[bytes, Parts], bytes],
) -> bytes:
    """The data of a batch that has these kinds of `events`, with its texts as `Batch.with_texts` says. `places` are
    where its records of a kind begin, by the number of the kind and of a step, that apply.
    """
    made = bytearray(data)
    for plan in (PLAN.events[NUMBERS[name] - 1] for name in events):
        steps = {step.name: step for step in plan.steps}
        texts = [each for each in enumerate(plan.steps) if each[1].op in _IN_ORDER]
        ends: dict[int, Parts] = {}  # what was found in the ends of joined paths, which therefore come first
        names: dict[int, set[_Name]] = {}
        for place, step in sorted(texts, key=lambda each: _IN_ORDER.index(each[1].op)):
            for at in places(data, plan.number, place):
                span = at + step.at
                if step.op is Op.NAME:
                    text = data[span : span + step.bytes].partition(b"\0")[0]
                    if parts := (*_again(text, names.get(at, ())), *find(text)):
                        made[span : span + step.bytes] = cover(text, parts).ljust(step.bytes, b"\0")
                    continue
                start, length = struct.unpack_from("=II", data, span)
                if not length:
                    continue
                text = _shown(step.op, data[at + start : at + start + length])
                if step.op is Op.JOINED:
                    of = at + steps[step.of].at
                    other, size = struct.unpack_from("=II", data, of)
                    parts, ends[of] = _apart(find, text, data[at + other : at + other + size])
                else:
                    again = () if step.op is Op.PATH else _again(text, names.get(at, ()))
                    parts = (*ends.get(span, ()), *again, *find(text))
                if parts:
                    if step.op in _WALKED:
                        names.setdefault(at, set()).update(_names(text, parts))
                    text = cover(text, parts)
                    text = (walked(text) if step.op in _WALKED else text)[:length]  # a last NUL may be missing
                    made[at + start : at + start + length] = text.ljust(length, b"\0")
                    struct.pack_into("=II", made, span, start, len(text))
    return bytes(made)


def _shown(op: Op, text: bytes) -> bytes:
    """A walked path as it is shown (`native/paths.h`), a list with its last NUL, which is missing where it is cut."""
    if op is Op.TEXT or (op is Op.TEXTS and text.endswith(b"\0")):
        return text
    if op is Op.TEXTS:
        return text + b"\0"
    return b"/".join(reversed(text.removesuffix(b"\0").split(b"\0"))) or b"/"


def _apart(find: Callable[[bytes], Parts], directory: bytes, path: bytes) -> tuple[Parts, Parts]:
    """What is found in a directory and a path that are shown as one."""
    between = b"" if directory == b"/" or path.startswith(b"/") or not path else b"/"
    whole = path if directory == b"/" and path.startswith(b"/") else directory + between + path
    border = len(whole) - len(path)
    found = find(whole)
    first = tuple((start, min(end, len(directory))) for start, end in found if start < len(directory))
    last = tuple((max(start - border, 0), end - border) for start, end in found if end > border)
    return first if directory != b"/" else (), last


def _names(path: bytes, parts: Parts) -> Iterator[_Name]:
    """The names of a path that have a part within them."""
    for start, end in parts:
        if b"/" not in path[start:end]:
            first, last = path.rfind(b"/", 0, start) + 1, path.find(b"/", end)
            yield path[first : last if last >= 0 else None], start - first, end - first


def _again(text: bytes, names: Iterable[_Name]) -> Iterator[tuple[int, int]]:
    """The parts of these names, where the text has them between slashes or by themselves."""
    edges = (b"", b"/", b"\0")
    for name, start, end in names:
        place = text.find(name)
        while place >= 0:
            behind = place + len(name)
            if text[max(0, place - 1) : place] in edges and text[behind : behind + 1] in edges:
                yield place + start, place + end
            place = text.find(name, place + 1)
