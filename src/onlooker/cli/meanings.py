"""What else people type: the options of strace, bcc, bpftrace, perf and others, and ours that do the same."""

from collections.abc import Sequence

# what to type -> what people type for it
_MEANINGS = {
    "--output-format json": "--json -j --jsonl --ndjson",
    "--output-format table": "--table --columns",
    "--output-format text": "--text --plain",
    "--output-format FORMAT": "--format --fmt -F",
    "--output FILE": "--output-file --out-file --file --log-file --logfile -w",
    "--events LIST": "--event --trace --type --types --kind --kinds --syscall --syscalls --probe",
    "--filter NAME": "-n --name --names-of --comm --command --process-name --program",
    "--pid LIST": "--pids --process --processes --attach-pid --tgid",
    "--uid LIST": "--users --username --uids",
    "--names": "-U --print-uid --usernames --user-names",
    "--where EXPR": "--expr --expression --query --match --condition --grep --regex",
    "--exclude EXPR": "--ignore --without --not --skip",
    "--hide LIST": "--no-noise --hide-noise",
    "--path PATH": "--dir --directory --under --files --watch-path -P",
    "--writes": "--write --write-only --modified --changes",
    "--success": "--successful --succeeded --ok",
    "--arg TEXT": "--args --argv --argument",
    "--failed": "-x -Z --errors --error --fails --failures --failed-only --only-failed",
    "--count N": "-c --limit --max-events --number --events-max --lines",
    "--duration TIME": "-d --time --timeout --seconds --for --until",
    "--threads": "-t --thread --tasks --lwp",
    "--first": "--unique --uniq --once --dedup --distinct",
    "--rate N": "--ratelimit --rate-limit --throttle --sample",
    "--quiet": "--silent -s --no-verbose",
    "--log-level debug": "--verbose -v --debug -vv",
    "--buffer-size SIZE": "-b --buffer-pages --perf-buffer --mmap-pages -m",
    "--max-args-bytes SIZE": "--max-args --string-limit --strsize",
    "--no-resolve": "--raw-paths --no-paths",
    "--attach METHOD": "--method --backend --hook",
}

# what a command that follows another does by itself
FOLLOWING = ("--follow", "--follow-forks", "--fork", "--forks", "--children", "--descendants", "--run", "--exec")

# what stands for a value where its name in the help would be unclear: FILE is also the recording that is asked
EXAMPLES = {"output": "result.txt", "since": "2h", "until": "2026-01-31"}

# what another command does, or another option, which does not look like it
ELSEWHERE = {
    ("collect", "--aside"): "onlooker query LAKE --aside lists them, "
    "onlooker collect --retry-aside --lake LAKE takes them up",
    ("collect", "--complete"): "onlooker query LAKE --complete",
}

KNOWN = {word: meant for meant, words in _MEANINGS.items() for word in words.split()}


def meaning(typed: str, options: Sequence[str]) -> str:
    """What to type instead of an option that is not there, or ""; `options`: those that are.

    >>> meaning("--json", ["--output-format"]), meaning("--json", []), meaning("--jsn", ["--output-format"])
    ('--output-format json', '', '')
    """
    found = KNOWN.get(typed, "")
    return found if found.partition(" ")[0] in options else ""
