"""A target without a fuzzing engine: `python -m tests.fuzz.plain TARGET SECONDS SEED [CASES]`.

Inputs are made and changed as the engine would have it done, only that nobody tells which of them reach new code. The
same seed gives the same inputs. Fails with the input in hexadecimal.
"""

import sys
import time
import traceback
from importlib import import_module
from random import Random

from .sanitized import put_in_place

KEPT = 500


def run(name: str, seconds: float, seed: int, most: int | None = None) -> int:
    """How many cases; raises what the target raises."""
    target = import_module(f"tests.fuzz.{name}")
    rng, kept, cases = Random(seed), [], 0
    deadline = time.monotonic() + seconds
    waiting = target.first()
    while waiting or ((most is None or cases < most) and time.monotonic() < deadline):
        if waiting:
            data = waiting.pop()
        else:
            data = target.changed(rng, rng.choice(kept)) if kept and rng.random() < 0.7 else target.made(rng)
            kept.append(data)
            if len(kept) > KEPT:
                del kept[rng.randrange(KEPT)]
        try:
            target.check(data)
        except BaseException:
            print(f"{name}: input {data.hex()}")
            raise
        cases += 1
    return cases


def main() -> int:
    put_in_place()
    name, seconds, seed, *most = sys.argv[1:]
    try:
        print(run(name, float(seconds), int(seed), *map(int, most)), "cases")
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
