"""Who began whom, and what failed: `python examples/recording_tree.py build.onlook`.

Needs nothing but onlooker, unless the recording is sealed.
"""

import sys
from collections.abc import Iterator

import onlooker


def lines(path: str) -> Iterator[str]:
    """A line for each process, below the one that began it; an exclamation mark before those that failed."""
    with onlooker.open(path) as recording:
        for root in recording.tree():
            for depth, process in root.walk():
                mark = "!" if process.has_failed else " "
                yield f"{mark} {process.duration_ns / 1e9:8.3f} s {'  ' * depth}{process}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    try:
        print(*lines(sys.argv[1]), sep="\n")
    except onlooker.OnlookerError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
