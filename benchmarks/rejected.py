"""What an open costs that an expression rejects, beside one that is reported and one that a filter by name rejects."""

from .added import compare
from .monitors import onlooker
from .results import Column, Table
from .running import Bench

OPENS = 200_000
TREES = ("/usr", "/etc", "/var", "/home", "/opt", "/root", "/srv", "/mnt")


def measure(bench: Bench) -> Table:
    """In turns. The file is at tmp/… and none of these."""
    only = ("--events", "open", "--filter", bench.comm)
    trees = " and ".join(f"not file under '{each}'" for each in TREES)
    rejected = {
        "a directory": (*only, "--where", "file under '/usr/lib/nowhere'"),
        "a last name": (*only, "--where", "file endswith '.nothing'"),
        "eight directories, negated": (*only, "--where", f"{trees} and file under '/nowhere'"),
        "a name, in the expression": ("--events", "open", "--where", "comm == 'nobody-has-it'"),
        "a user, in the expression": (*only, "--where", "uid == 4000000000"),
        "an error, in the expression": (*only, "--where", "errno == 'EIO'"),
        "flags, in the expression": (*only, "--where", "flags contains 'O_APPEND'"),
        "a user": (*only, "--uid", "4000000000"),
        "a name": ("--events", "open", "--filter", "nobody-has-it"),
    }
    table = Table(
        "An open that is rejected",
        "A program opens and closes a file in a tight loop; the first row is one that is reported.",
        {"bare": Column("alone, ns"), "added": Column("added, ns", ratio=True)},
    )
    watchers = [onlooker(*only, name="reported")]
    watchers += [onlooker(*options, name=f"rejected: {what}") for what, options in rejected.items()]
    compare(bench, table, watchers, OPENS, "open", bench.target)
    return table
