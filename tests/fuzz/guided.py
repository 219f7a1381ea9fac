"""A target under libFuzzer, guided by coverage: `python -m tests.fuzz.guided TARGET [LIBFUZZER'S ARGUMENTS]`.

With a file as the argument it runs that one input: so a finding is looked at again.
"""

import sys
from importlib import import_module
from random import Random

import atheris

from .sanitized import put_in_place

ENGINE_SHARE = 0.3  # of the mutations are the engine's own


def main() -> None:
    put_in_place()
    name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=["onlooker"]):
        target = import_module(f"tests.fuzz.{name}")

    def mutator(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() < ENGINE_SHARE:
            return bytes(atheris.Mutate(data, most))
        return target.changed(rng, data)[:most] if data else target.made(rng)[:most]

    atheris.Setup([sys.argv[0], *arguments], target.check, custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
