"""What a whole build costs: `make -j2` of C files, by a user of its own, bare and watched."""

import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from .monitors import Monitor, onlooker, peer, strace
from .recording import recorder
from .results import Column, Table
from .running import Bench, BenchmarkError, watched

FILES = 80
FILES_IF_QUICK = 2
USER = 64_923  # nobody else's: what it does is what the monitors are to see
SOURCE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct item_{n} {{ char name[{n} + 8]; int value; struct item_{n} *next; }};
int function_{n}(const char *text)
{{
	struct item_{n} *item = calloc(1, sizeof(*item));
	int value;

	if (!item)
		return -1;
	snprintf(item->name, sizeof(item->name), "%s", text);
	item->value = (int)strlen(item->name) * {n} + getpid();
	value = item->value;
	free(item);
	return value;
}}
"""


def project(directory: Path, files: int) -> Path:
    """A makefile and its sources, for the user."""
    place = directory / "project"
    place.mkdir(exist_ok=True)
    for number in range(files):
        (place / f"file{number}.c").write_text(SOURCE.format(n=number))
    objects = " ".join(f"file{number}.o" for number in range(files))
    (place / "Makefile").write_text(f"library.a: {objects}\n\tar rc $@ $^\n%.o: %.c\n\tcc -O1 -c -o $@ $<\n")
    for each in (place, *place.iterdir()):
        os.chown(each, USER, USER)
    directory.chmod(0o755)
    return place


def build(place: Path, before: tuple[str, ...] = ()) -> float:
    """Build it anew: seconds."""
    for made in (*place.glob("*.o"), *place.glob("*.a")):
        made.unlink()
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(place)}
    began = time.monotonic()
    done = subprocess.run(
        [*before, "make", "-s", "-j2"],
        cwd=place,
        user=USER,
        group=USER,
        extra_groups=(),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise BenchmarkError(f"make failed\n\n{done.stderr}")
    return time.monotonic() - began


def measure(bench: Bench) -> Table:
    """In turns."""
    files = FILES_IF_QUICK if bench.quick else FILES
    table = Table(
        "A build",
        f"make -j2 of {files} small C files, on all cores. Monitors are told to watch the user that builds.",
        {"seconds": Column("seconds", 2), "added": Column("added, %", 1, ratio=True)},
        reference="opensnoop and execsnoop",
    )
    ways: dict[str, list[Monitor]] = {"onlooker, JSON, all default events": [onlooker("--uid", str(USER))]}
    ways["onlooker record, all events"] = [recorder(bench, "--uid", str(USER))]
    snoops = [*peer("opensnoop", "-u", str(USER)), *peer("execsnoop", "-u", str(USER))]
    if len(snoops) == 2:
        ways["opensnoop and execsnoop"] = snoops
    ways |= {each.name: [each] for each in strace("process,open,openat")}
    place = project(bench.directory, files)
    build(place)  # so that every program and header is in memory
    for _ in range(bench.rounds):
        before = build(place)
        for name, monitors in ways.items():
            seconds = _watched_build(bench, place, monitors)
            after = build(place)
            bare, before = (before + after) / 2, after
            table.add("alone", seconds=bare, added=0)
            table.add(name, seconds=seconds, added=100 * (seconds / bare - 1))
    shutil.rmtree(place)
    return table


def _watched_build(bench: Bench, place: Path, monitors: list[Monitor]) -> float:
    if monitors[0].wraps:
        return build(place, monitors[0].command)
    with ExitStack() as stack:
        for monitor in monitors:
            stack.enter_context(watched(bench, monitor, user=USER))
        return build(place)
