"""What it costs to look for what many rules of Sigma say."""

import time
from itertools import cycle, islice
from pathlib import Path

from onlooker.filters.compile import matcher
from onlooker.records import Batch
from onlooker.rules import RuleSet, load
from onlooker.rules.cost import mixed, nanoseconds

from .results import Column, Table
from .running import Bench

RULES = 200
RATE = 50_000  # events a second
PROGRAMS = [*(f"/prog{number}" for number in range(150)), "/bash", "/curl", "/wget", "/python3", "/perl", "/systemctl"]
COMMANDS = (
    "curl ", "wget ", "base64 -d", "/dev/tcp/", "nc -e", "python -c", "chmod +x", "history -c", "iptables -F",
    "useradd ", "crontab -l", "xmrig", "socat tcp", "ncat ", "rm -rf", "whoami", "scp ", "setfacl", "nohup ", "insmod ",
    "LD_PRELOAD=",
)  # fmt: skip
DIRECTORIES = ("/etc/cron.d/", "/etc/sudoers.d/", "/root/.ssh/", "/etc/profile.d/", "/var/spool/cron/", "/dev/shm/")  # noqa: S108
PROCESS = """\
  program: {{Image|endswith: {programs}}}
  words: {{CommandLine|contains: {commands}}}
  all: {{CommandLine|contains|all: {both}}}
  by: {{CommandLine|startswith: apt}}
  condition: {condition}
"""
FILE = """\
  where: {{TargetFilename|startswith: {directories}}}
  ends: {{TargetFilename|endswith: [.x{number}, .sh{number}]}}
  condition: where and ends
"""


def made(directory: Path, count: int) -> RuleSet:
    """Rules as people write them: 7 of 10 of programs and their arguments, 3 of files; always the same."""
    directory.mkdir()
    programs, commands, directories = cycle(PROGRAMS), cycle(COMMANDS), cycle(DIRECTORIES)
    conditions = cycle(("program and words", "words", "program and all and not by", "program", "program and words"))
    for number in range(count):
        category = "process_creation" if number % 10 < 7 else "file_event"
        detection = (PROCESS if number % 10 < 7 else FILE).format(
            number=number,
            programs=list(islice(programs, 3)),
            commands=[f"{command}{number}" for command in islice(commands, 4)],  # none that another rule has
            both=[f"{command}{number}" for command in islice(commands, 2)],
            directories=list(islice(directories, 2)),
            condition=next(conditions),
        )
        head = f"title: Rule {number}\nlogsource: {{product: linux, category: {category}}}\ndetection:\n"
        (directory / f"rule{number}.yml").write_text(head + detection)
    return load([str(directory)], strict=True)


def measure(bench: Bench) -> Table:
    """On batches that are made, on one core: nothing is watched."""
    count = bench.some(RULES)
    table = Table(
        "Rules",
        f"Processor time to look for what {count} rules of Sigma say, on one core: 7 of 10 are of processes and their "
        "arguments, the others of files. The mix has one exec of ten, and opens, of which one of nine makes its file.",
        {"ns": Column("ns for each event"), "core": Column(f"% of a core at {RATE:,} a second", 1)},
        reference="",
    )
    found = made(bench.directory / "rules", count)
    batches = {"a mix": mixed(), "execs": mixed().select("exec"), "opens": mixed().select("open")}
    for _ in range(bench.rounds):
        for name, batch in batches.items():
            took = nanoseconds(found.rules, batch)
            table.add(name, ns=took, core=took * RATE / 1e7)
        apart = _apart(found, batches["a mix"])
        table.add("a mix, each rule by itself", ns=apart, core=apart * RATE / 1e7)
    return table


def _apart(found: RuleSet, batch: Batch) -> float:
    """With a matcher for each rule."""
    matchers = [matcher(rule.expression) for rule in found.rules]
    began = time.thread_time_ns()
    for each in matchers:
        batch.matching(each)
    return (time.thread_time_ns() - began) / len(batch)
