"""`python -m kernels [KERNEL…]`: run the kernel tests on these kernels, or on all."""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from . import debian, initramfs, machine, report
from .errors import SetupError

PROJECT = initramfs.PROJECT
LOGS = PROJECT / "build" / "kernels"
INIT = Path(__file__).with_name("init.py")
# the cookbook's commands show the documentation, and need programs that the virtual machines lack
TESTS = "tests/kernel --ignore tests/kernel/test_cookbook.py"
BOOTS = 3
LIMIT_SECONDS = 2400  # for what takes 400 on a machine that has nothing else to do: noise makes it slow, never wrong
# patterns of names in Debian's packages; the modules that the tests need, none of which needs another
IMAGE = r"/vmlinuz"
MODULES = (r"/overlay\.ko", r"/binfmt_misc\.ko", r"/fuse\.ko")
ATTACH = "raw,fexit,tracepoint"  # Debian's kernels can load all of them
RETURN_PROBES = {"sid"}  # and these the newer fprobe (Linux 6.14)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def attach(kernel: str) -> dict[str, str]:
    """What says which methods the kernel must be able to load."""
    return {"ONLOOKER_TESTS_ATTACH": f"{ATTACH},kprobe" if kernel in RETURN_PROBES else ATTACH}


def environment_of(kernel: str, options: argparse.Namespace) -> dict[str, str]:
    """What the tests are to know."""
    variables = {**attach(kernel), "ONLOOKER_TESTS_SLOWER": str(machine.SLOWER)}
    if not options.all:
        variables["ONLOOKER_TESTS_PART"] = str(list(debian.SUITES).index(kernel))
    return variables


def found(tests: list[str], environment: dict[str, str]) -> int:
    """How many tests pytest finds. To ask it here shows a mistake at once, and leaves compiled what the virtual machine
    would take long to compile.
    """
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *tests]
    full = {**os.environ, **environment}
    full.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, cwd=PROJECT, env=full, capture_output=True, text=True)
    said = re.search(r"^(\d+)(?:/\d+)? tests? collected", done.stdout, re.MULTILINE)
    if done.returncode or not said:
        raise SetupError(f"pytest finds no tests:\n{done.stdout[-2000:]}{done.stderr[-2000:]}", shlex.join(command[1:]))
    return int(said[1])


def make_files(made: Path) -> None:
    """What the virtual machines have and this one has not: the first process, and the compiled workloads."""
    init = made / "init"
    init.write_text(f"#!{sys.executable}\n{INIT.read_text()}")
    init.chmod(0o755)
    workloads = made / "workloads"
    workloads.mkdir()
    subprocess.run([sys.executable, PROJECT / "tests/kernel/compile.py", workloads], check=True)


def make_options(made: Path, tests: list[str], environment: dict[str, str]) -> None:
    """What the first process is given."""
    plugins = ["-p", "kernels.reporter", "-p", "no:cacheprovider"]
    spread = ["-n", str(machine.PROCESSORS + 1), "--dist=worksteal"]  # some of them wait
    own = {
        "PATH": f"{Path(sys.executable).parent}:{PATH}",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PROJECT / "tools"),
        "ONLOOKER_WORKLOADS": "/workloads",
        "ONLOOKER_TESTS_DONE": "/done",
    }
    options = {
        "directory": str(PROJECT),
        "arguments": ["-v", "--color=no", *plugins, *spread, *tests],
        "environment": {**own, **environment},
    }
    (made / "options.json").write_text(json.dumps(options))


def run(kernel: str, archive: Path, options: argparse.Namespace, without: int) -> machine.Outcome:
    """One kernel, from its package to its outcome."""
    packages = debian.packages(kernel)
    with tempfile.TemporaryDirectory(prefix="onlooker-") as name:
        files = debian.unpack(packages, [IMAGE, *MODULES], Path(name))
        if IMAGE not in files:
            raise SetupError(f"there is no kernel in {packages[0].parent}", f"rm -r {packages[0].parent}")
        print(f"kernel {kernel}: {packages[0].stem.partition('_')[0]}; log: {LOGS / kernel}.log", flush=True)
        outcome = boot(kernel, files, archive, options)
    outcome.left_out = without
    says = report.cell(report.total(outcome)) + (f"; {outcome.failure}" if outcome.failure else "")
    print(f"kernel {kernel}: {says}, in {outcome.seconds:.0f} s", flush=True)
    return outcome


def boot(kernel: str, files: dict[str, Path], archive: Path, options: argparse.Namespace) -> machine.Outcome:
    """Once, or again for the tests that are left where the emulator may have been at fault."""
    log, outcome = LOGS / f"{kernel}.log", machine.Outcome(kernel)
    for _ in range(BOOTS):
        with tempfile.TemporaryDirectory(prefix="onlooker-") as name:
            made, own = Path(name, "made"), Path(shutil.copy(archive, name))
            made.mkdir()
            Path(made, "done").write_text("\n".join(test["test"] for test in outcome.tests))
            make_options(made, shlex.split(options.tests), environment_of(kernel, options))
            initramfs.add(made, [files[module] for module in MODULES if module in files], own)
            before, outcome = outcome, machine.boot(kernel, files[IMAGE], own, log, options.limit)
        outcome.tests[:0] = before.tests
        outcome.seconds += before.seconds
        if not machine.may_be_the_emulators_fault(outcome, log):
            break
        print(f"kernel {kernel}: {outcome.failure}; what is left once more", flush=True)
    return outcome


def main() -> int:
    """0 if all tests of all kernels passed."""
    parser = argparse.ArgumentParser(prog="kernels", description="Run the kernel tests on other kernels, under QEMU.")
    parser.add_argument("kernels", nargs="*", metavar="KERNEL", help=f"of {', '.join(debian.SUITES)} (default: all)")
    parser.add_argument("--all", action="store_true", help="all variants of each test, which takes long")
    parser.add_argument("--tests", default=TESTS, metavar="ARGUMENTS", help="pytest's arguments")
    parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, metavar="SECONDS", help="for each kernel")
    options = parser.parse_args()
    if unknown := set(options.kernels) - set(debian.SUITES):
        raise SetupError(f"unknown kernel {min(unknown)!r}", f"KERNEL= one of: {' '.join(debian.SUITES)}")
    kernels = options.kernels or list(debian.SUITES)
    LOGS.mkdir(parents=True, exist_ok=True)
    tests = shlex.split(options.tests)
    without = {
        kernel: found(tests, attach(kernel)) - found(tests, environment_of(kernel, options)) for kernel in kernels
    }
    with tempfile.TemporaryDirectory(prefix="onlooker-") as name:
        made, archive = Path(name, "made"), Path(name, "archive")
        made.mkdir()
        make_files(made)
        initramfs.pack(made, archive)
        outcomes = [run(kernel, archive, options, without[kernel]) for kernel in kernels]
    print("", report.table(outcomes), *filter(None, map(report.details, outcomes)), sep="\n\n")
    return int(not all(map(report.succeeded, outcomes)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and the virtual machine with it
    try:
        sys.exit(main())
    except SetupError as error:
        print(f"kernels: {error}\n\nhint: {error.hint}", file=sys.stderr)
        sys.exit(1)
