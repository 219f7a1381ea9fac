"""One table of all kernels and all files of tests; below it, each failure and each reason to skip."""

from collections import Counter
from collections.abc import Sequence

from .machine import Outcome

NOT_RUN = "-"


def cell(outcomes: Counter[str]) -> str:
    """What came of one file on one kernel.

    >>> cell(Counter(passed=20, failed=2, skipped=1))
    '20 passed, 2 FAILED, 1 skipped'
    """
    words = {"passed": "passed", "failed": "FAILED", "skipped": "skipped"}
    return ", ".join(f"{outcomes[name]} {word}" for name, word in words.items() if outcomes[name]) or NOT_RUN


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each file, a column for each kernel."""
    counts = [_by_file(outcome) for outcome in outcomes]
    files = sorted({file for count in counts for file in count})
    rows = [["", *(outcome.release or outcome.kernel for outcome in outcomes)]]
    rows += [[file, *(cell(count.get(file, Counter())) for count in counts)] for file in files]
    rows.append(["all", *(cell(total(outcome)) for outcome in outcomes)])
    rows.append(["", *(f"{outcome.left_out} variants left out" * bool(outcome.left_out) for outcome in outcomes)])
    rows.append(["", *(f"in {outcome.seconds:.0f} s" for outcome in outcomes)])
    rows.append(["", *("NOT FINISHED" if outcome.failure else "" for outcome in outcomes)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(line for line in lines if line)


def details(outcome: Outcome) -> str:
    """What failed, and what was skipped, on one kernel; empty where nothing was."""
    lines = [outcome.failure] if outcome.failure else []
    for test in outcome.tests:
        if test["outcome"] == "failed":
            lines += [f"FAILED {test['test']}", *(f"    {line}" for line in test["message"].splitlines())]
    skipped = Counter((_file(test["test"]), test["message"]) for test in outcome.tests if test["outcome"] == "skipped")
    lines += [f"skipped {count} of {file}: {reason}" for (file, reason), count in skipped.items()]
    title = f"{outcome.kernel} ({outcome.release or 'it did not come up'}):"
    return "\n".join([title, *(f"  {line}" for line in lines)]) if lines else ""


def succeeded(outcome: Outcome) -> bool:
    """Whether all tests were run, and none failed."""
    return not outcome.failure and bool(outcome.tests) and all(test["outcome"] != "failed" for test in outcome.tests)


def total(outcome: Outcome) -> Counter[str]:
    """Of all files."""
    return sum(_by_file(outcome).values(), Counter())


def _by_file(outcome: Outcome) -> dict[str, Counter[str]]:
    """A test counts once: it has failed if its setup, its call or its teardown has."""
    worst: dict[str, str] = {}
    for test in outcome.tests:
        if worst.get(test["test"]) != "failed":
            worst[test["test"]] = test["outcome"]
    counts: dict[str, Counter[str]] = {}
    for name, how in worst.items():
        counts.setdefault(_file(name), Counter())[how] += 1
    return counts


def _file(test: str) -> str:
    return test.partition("::")[0].rpartition("/")[2].removeprefix("test_").removesuffix(".py")
