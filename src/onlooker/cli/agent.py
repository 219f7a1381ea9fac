"""`onlooker agent`: onlooker as a service, by a configuration file."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import PROGRAM, ExtraError, UsageError
from .log import Log, show
from .messages import add_messages, log_of
from .parser import one_of

if TYPE_CHECKING:
    from ..agent.state import State

ACTIONS = ("run", "check", "health")
EPILOG = """\
examples:
  onlooker agent --config /etc/onlooker/agent.toml
  onlooker agent check --config /etc/onlooker/agent.toml
  onlooker agent health
  systemctl reload onlooker

It sends what it sees to the sinks of the file, until SIGTERM. SIGHUP reads the file again: filters change without \
a gap. check only reads the file, and says what is wrong. health asks a running agent, and exits with 1 if it is not \
well.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument(
        "action", metavar="ACTION", nargs="?", default="run", help=f"{', '.join(ACTIONS)} (default: run)"
    )
    add = parser.add_argument_group("what to run").add_argument
    add("--config", metavar="FILE", help="the configuration (default: /etc/onlooker/agent.toml)")
    add("--url", metavar="URL", help="of health: where the agent listens (default: as the configuration says)")
    add_messages(parser.add_argument_group("messages"), "errors")


def run(arguments: argparse.Namespace) -> int:
    """Until the end: 0, or 1 if something was lost or is not well; raises OnlookerError."""
    action = one_of("action", arguments.action, ACTIONS)
    log = log_of(arguments)
    if arguments.url is not None and action != "health":
        raise UsageError(f"--url belongs to health, not to {action}", f"{PROGRAM} agent health --url {arguments.url}")
    return {"run": _run, "check": _check, "health": _health}[action](arguments, log)


def _run(arguments: argparse.Namespace, log: Log) -> int:
    from ..agent.config import DEFAULT_FILE, load
    from .agent_session import prepared

    file = arguments.config or DEFAULT_FILE
    config = load(file)
    with prepared(file, config, log) as session:
        return session.exit_code()


def _check(arguments: argparse.Namespace, log: Log) -> int:
    from ..agent.config import DEFAULT_FILE, load
    from ..agent.writable import obstacles
    from ..sinks.transport import module_of
    from .sending import tell_of_secrets

    file = arguments.config or DEFAULT_FILE
    config = load(file)
    for target in config.sinks:
        module_of(target)
    tell_of_secrets(config.sinks, log)
    for target, found in obstacles(config.sinks):
        if found.is_certain:
            raise UsageError(f"{file}: {target}: {found.text}", found.hint)
        log("warning", f"{target}: {found.text} ({found.hint})")
    if config.metrics:
        page_of_metrics()
    chosen = config.watch.monitor(lambda text: log("warning", text)).filter
    sinks = ", ".join(map(str, config.sinks))
    show(f"{file} is right: {', '.join(chosen.events)} to {sinks}\n")
    for note in chosen.notes():
        log("warning", note)
    return 0


def _health(arguments: argparse.Namespace, log: Log) -> int:
    from ..agent.health import DEFAULT_URL, ask, lines_of

    url = arguments.url or DEFAULT_URL
    if arguments.url is None and arguments.config is not None:
        from ..agent.config import load

        metrics = load(arguments.config).metrics
        if metrics is None:
            hint = "add it, so that the agent can be asked"
            raise UsageError(f"{arguments.config} has no table [metrics]", hint)
        url = f"http://{metrics.local}/healthz"
    found = ask(url)
    if log.says("warning"):
        show("".join(f"{line}\n" for line in map(printable, lines_of(found))))
    return 0 if found.healthy else 1


def printable(line: str) -> str:
    """What another process said, for a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def page_of_metrics() -> tuple[Callable[["State"], bytes], str]:
    """What makes the page, and its type. Raises ExtraError."""
    try:
        from ..agent.metrics import CONTENT_TYPE, page
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("prometheus_client"):
            raise ExtraError("the table [metrics]", "prometheus-client", "agent") from error
        raise
    return page, CONTENT_TYPE
