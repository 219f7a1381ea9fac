"""`onlooker collect`: what the sinks of many machines send, into a lake."""

import argparse
from shlex import quote

from ..counted import counted
from ..errors import PROGRAM, UsageError
from .log import Log
from .messages import add_messages, log_of
from .parser import duration, size
from .shutdown import Shutdown, notify_systemd

EPILOG = """\
examples:
  onlooker collect nats://localhost/onlooker --lake /srv/lake
  onlooker collect kafka://localhost/onlooker --lake s3://bucket/lake
  onlooker query /srv/lake 'SELECT host, count(*) FROM events GROUP BY ALL'
  onlooker collect --retry-aside --lake /srv/lake

Start as many as you like: those of one group share the messages; ?group=NAME of the URL is another group, which gets \
all of them, too. Each message is in the lake once, also where one of them is killed. Options of --lake stand behind a \
?, as in 's3://bucket/lake?region=eu-west-1': docs/lake.md lists them, docs/sinks.md those of URL.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument(
        "url", metavar="URL", nargs="?", help="where the messages are: nats://HOST/SUBJECT, kafka://HOST/TOPIC"
    )
    add = parser.add_argument_group("where they go").add_argument
    add("--lake", metavar="DIR|URL", help="the lake: a directory, s3://BUCKET/PREFIX, or iceberg+http://HOST/TABLE")
    add("--every", metavar="TIME", default="10s", help="commit what there is after this time (default: 10s)")
    add("--size", metavar="SIZE", default="64M", help="or earlier, when so many bytes of records wait (default: 64M)")
    add = parser.add_argument_group("instead of collecting").add_argument
    add("--retry-aside", action="store_true", help="take up messages that were put aside, where they make sense now")
    how = parser.add_argument_group("messages")
    add_messages(how, "errors")
    end = parser.add_argument_group("when to stop (default: at Ctrl-C)")
    end.add_argument("--duration", metavar="TIME", help="stop after this time: seconds, or 200ms, 2m, 1h")


def run(arguments: argparse.Namespace) -> int:
    """Collect until the end. 0, or 1 if the server or the lake could not be used at the end; raises OnlookerError."""
    from ..collect.source import SCHEMES, source_of
    from ..sinks.target import target_of

    log = log_of(arguments)
    seconds = duration(arguments.duration) if arguments.duration is not None else None
    every = duration(arguments.every)
    most = size(arguments.size)
    if arguments.retry_aside:
        return _retry(arguments, log)
    if arguments.url is None:
        raise UsageError("no URL is given", f"{PROGRAM} collect nats://localhost/onlooker --lake /srv/lake")
    target = target_of(arguments.url, schemes=SCHEMES, collects=True)
    if not arguments.lake:
        raise UsageError("no lake is given", f"{PROGRAM} collect {arguments.url} --lake /srv/lake")
    source = source_of(target)
    from ..collect.collector import Collector
    from ..lake import writer_of

    writer = writer_of(arguments.lake)

    def warn(text: str) -> None:
        log("warning", text)

    collector = Collector(source, writer, warn, every=every, most_bytes=most, name=str(target))
    with Shutdown(collector.stop, log.tell):
        log.tell(f"collecting from {target} into {arguments.lake}; Ctrl-C ends it")
        notify_systemd("READY=1")
        try:
            collector.run(seconds)
        finally:
            writer.close()
    _tell(collector.counts, log)
    if collector.failure:
        log("error", f"it ended while {target} or the lake failed: {collector.failure}")
        return 1
    return 0


def _retry(arguments: argparse.Namespace, log: Log) -> int:
    """What was put aside. 0, or 1 if some still makes no sense; raises OnlookerError."""
    command = f"{PROGRAM} collect --retry-aside --lake {quote(arguments.lake or '/srv/lake')}"
    if arguments.url is not None:
        raise UsageError("--retry-aside takes messages from the lake, and no URL", command)
    if not arguments.lake:
        raise UsageError("no lake is given", command)
    from ..collect.retry import Retry
    from ..lake import writer_of
    from ..lake.rows import check_lake

    check_lake(arguments.lake)
    writer = writer_of(arguments.lake, is_new=False)
    retry = Retry(writer)
    try:
        retry.run()
    finally:
        writer.close()
    counts = retry.counts
    said = f"took up {counted(counts['messages'], 'message')} with {counted(counts['records'], 'record')}"
    if counts["duplicates"]:
        said += f"; {counts['duplicates']} had come before"
    if left := counts["left"]:
        makes = "makes" if left == 1 else "make"
        said += f"; {left} still {makes} no sense: {PROGRAM} query {quote(arguments.lake)} --aside"
    log.tell(said)
    return 1 if left else 0


def _tell(counts: dict[str, int], log: Log) -> None:
    records, messages, commits = counts["records"], counts["messages"], counts["commits"]
    said = f"collected {counted(records, 'record')} in {counted(messages, 'message')}, {counted(commits, 'commit')}"
    if counts["duplicates"]:
        said += f"; {counts['duplicates']} had come before"
    if counts["poison"]:
        said += f"; {counts['poison']} made no sense and were put aside"
    log.tell(said)
