"""Asks a running agent how it is."""

import http.client
from urllib.parse import urlsplit

import msgspec

from ..counted import counted
from ..errors import OnlookerError, UsageError
from .config import DEFAULT_LISTEN

DEFAULT_URL = f"http://{DEFAULT_LISTEN}/healthz"
ASK_SECONDS = 5.0
MOST_BYTES = 1 << 20


class SinkHealth(msgspec.Struct, frozen=True):
    """As the agent says it."""

    sink: str
    alive: bool
    connected: bool
    failure: str = ""
    lost: int = 0
    waiting: int = 0


class Health(msgspec.Struct, frozen=True):
    """As the agent says it."""

    healthy: bool
    answers: bool
    lost: int = 0
    sinks: tuple[SinkHealth, ...] = ()


class NoAnswerError(OnlookerError):
    """Nobody answers, or not as an agent does."""

    hint = "see whether it runs: systemctl status onlooker"


def ask(url: str) -> Health:
    """Raises NoAnswerError, and UsageError for what is no such URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme != "http":
        raise UsageError(f"not a URL of an agent: {url!r:.100}", f"--url {DEFAULT_URL}")
    connection = http.client.HTTPConnection(host, port or 80, timeout=ASK_SECONDS)
    try:
        connection.request("GET", parts.path if parts.path not in ("", "/") else "/healthz")
        body = connection.getresponse().read(MOST_BYTES)
    except ConnectionRefusedError as error:
        raise NoAnswerError(f"no agent answers at {url}: nothing listens there") from error
    except TimeoutError as error:
        raise NoAnswerError(f"no agent answers at {url}: no answer in {ASK_SECONDS:.0f} seconds") from error
    except OSError as error:
        raise NoAnswerError(f"no agent answers at {url}: {error.strerror or error or type(error).__name__}") from error
    except (http.client.HTTPException, ValueError) as error:
        raise _of_another(url) from error
    finally:
        connection.close()
    try:
        return msgspec.json.decode(body, type=Health)
    except ValueError as error:
        raise _of_another(url) from error


def _of_another(url: str) -> NoAnswerError:
    error = NoAnswerError(f"something else answers at {url}, which is no agent of onlooker")
    error.hint = "say where the agent listens: --config FILE, or --url URL"
    return error


def lines_of(found: Health) -> list[str]:
    """In words."""
    if not found.answers:
        return ["unhealthy: its loop does not answer"]
    said = [f"{'healthy' if found.healthy else 'unhealthy'}; {counted(found.lost, 'event')} lost before the sinks"]
    for each in found.sinks:
        how = "connected" if each.connected else f"not reached: {each.failure or 'not yet'}"
        dead = "" if each.alive else "; its threads have ended"
        waits = f"{counted(each.waiting, 'message')} {'waits' if each.waiting == 1 else 'wait'}"
        said.append(f"{each.sink}: {how}; {waits}; {counted(each.lost, 'event')} lost{dead}")
    return said
