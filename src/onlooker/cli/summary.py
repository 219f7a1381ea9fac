"""The last words: what was seen, what was lost, the verdict."""

from collections.abc import Mapping

from ..events import EVENTS


def summary(
    shown: Mapping[str, int],
    lost: Mapping[tuple[str, str], int],
    cut: int,
    seconds: float,
    *,
    written: bool = True,
    read: bool = True,
) -> str:
    """Three lines. `written`: whether the output took all that it was given; `read`: whether its reader stayed.

    >>> print(summary({"open": 3, "exec": 1}, {}, 0, 1.5))
    4 events in 1.5 s: 1 exec, 3 open
    lost: nothing
    complete
    """
    kinds = [f"{shown[name]} {name}" for name in EVENTS if shown.get(name) and name != "lost"]
    total = sum(count for name, count in shown.items() if name != "lost")
    seen = f"{total} event{'' if total == 1 else 's'} in {seconds:.1f} s"
    gone = ", ".join(f"{count} {of} ({reason})" for (of, reason), count in lost.items())
    first = ": ".join(filter(None, (seen, ", ".join(kinds))))
    return "\n".join((first, f"lost: {gone or 'nothing'}", verdict(lost, cut, written=written, read=read)))


def verdict(lost: Mapping[tuple[str, str], int], cut: int, *, written: bool = True, read: bool = True) -> str:
    """One line: "complete", or what is missing.

    >>> verdict({("open", "ring full"): 45}, 0)
    'incomplete: 45 events are missing; a larger --buffer-size or a narrower --filter may help'
    """
    missing = sum(lost.values())
    gaps = [] if written else ["the output was not written to its end"]
    if missing:
        gaps.append(f"{missing} event{' is' if missing == 1 else 's are'} missing")
    said = (
        ["incomplete: " + gaps[0], *gaps[1:]]
        if gaps
        else ["complete" if read else "complete until the output's reader had gone"]
    )
    if cut:
        said.append(f"{cut} event{' has' if cut == 1 else 's have'} a field that is not whole (marked: cut)")
    if missing:
        said.append("a larger --buffer-size or a narrower --filter may help")
    return "; ".join(said)
