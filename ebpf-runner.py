#!/usr/bin/env python3
"""The classic entry: sudo python3 ebpf-runner.py [options]. The same as `onlooker watch [options]`;
onlooker's commands and `--version` work, too, so that what its hints say can be typed.

Works with any python3: it hands over to the project's own environment, which `make build` makes.
"""

import os
import shlex
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ONLOOKER = os.path.join(HERE, ".venv", "bin", "onlooker")


def main():
    """Run the environment's onlooker in place of this process, or this interpreter's if it is installed there."""
    arguments = sys.argv[1:]
    first = arguments[0] if arguments else "-"
    if first.startswith("-") and first not in ("-V", "--version"):
        arguments = ["watch"] + arguments
    problem, goals = "is missing", "build"
    if os.access(ONLOOKER, os.X_OK):
        try:
            os.execv(ONLOOKER, [ONLOOKER] + arguments)
        except OSError as error:  # its interpreter is gone, as when the directory was moved
            problem, goals = f"can't be run: {error.strerror}", "clean build"
    try:
        from onlooker.__main__ import main as onlooker
    except ImportError:
        sys.stderr.write(f"onlooker: not built here: {ONLOOKER} {problem}\n\n")
        sys.stderr.write(f"hint: make -C {shlex.quote(HERE)} {goals}\n")
        return 1
    return onlooker(arguments)


if __name__ == "__main__":
    sys.exit(main())
