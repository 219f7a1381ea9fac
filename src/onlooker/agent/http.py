"""The agent's endpoint: /metrics and /healthz, in threads that never make the loop wait."""

import socket
import socketserver
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from ..errors import UsageError
from .config import Metrics
from .desk import Desk
from .state import State

MOST_REQUESTS = 8  # at once; who comes then is sent away
LONGEST_SECONDS = 10.0  # of a request, from its beginning to its end
ANSWER_SECONDS = 2.0  # the loop answers in milliseconds
PAUSE_SECONDS = 0.1
FRESH_SECONDS = 0.1  # for so long, everybody gets the same answer

Page = Callable[[State], bytes]


class Server(ThreadingHTTPServer):
    """Binds at once, and serves once it is started. Raises UsageError where it can't listen there."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, metrics: Metrics, desk: Desk[State], page: Page, content_type: str) -> None:
        self.page = page
        self.content_type = content_type
        self._desk = desk
        self._open: dict[Any, float] = {}  # connections, and when they began
        self._lock = threading.Lock()
        self._fresh: tuple[float, State | None] = (float("-inf"), None)
        self._asking = threading.Lock()
        self._ends = False
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)
        host, port = metrics.address
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            hint = 'name another port: listen = "127.0.0.1:9465"'
            raise UsageError(f"can't listen on {metrics.listen}: {error.strerror or error}", hint) from error

    def start(self) -> None:
        """Serve, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """May be called again."""
        if not self._ends:
            self._ends = True
            if self._thread.ident is not None:
                with suppress(OSError), socket.create_connection(self.server_address[:2], 1):  # type: ignore[arg-type]
                    pass  # it waits for one
                self._thread.join(1)
            self.server_close()

    def state(self) -> State | None:
        """What the loop says; None where it does not."""
        with self._asking:
            at, state = self._fresh
            if time.monotonic() - at > FRESH_SECONDS:
                state = self._desk.ask(ANSWER_SECONDS)
                self._fresh = time.monotonic(), state
            return state

    def _serve(self) -> None:
        while not self._ends:
            self.handle_request()

    def server_bind(self) -> None:
        """Without the look-up of the address's name, which nobody needs and which a dead name server would delay."""
        socketserver.TCPServer.server_bind(self)

    def get_request(self) -> tuple[Any, Any]:
        """Without descriptors, a connection stays in the queue: not to be asked for all the time."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(PAUSE_SECONDS)
            raise

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for it. Who has taken too long gives his room up."""
        now = time.monotonic()
        with self._lock:
            if len(self._open) >= MOST_REQUESTS:
                for each, began in self._open.items():
                    if now - began > LONGEST_SECONDS:
                        with suppress(OSError):
                            each.shutdown(socket.SHUT_RDWR)
                return False
            self._open[request] = now
        return not self._ends

    def shutdown_request(self, request: Any) -> None:
        """It is over."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = LONGEST_SECONDS / 2
    server_version, sys_version = "onlooker", ""

    def do_GET(self) -> None:
        """One of two pages."""
        path = self.path.partition("?")[0]
        if path not in ("/metrics", "/healthz"):
            self._answer(404, b"there are /metrics and /healthz\n", "text/plain; charset=utf-8")
            return
        state = self.server.state()
        if path == "/healthz":
            code, body = health(state)
            self._answer(code, body, "application/json")
        elif state is None:
            self._answer(503, b"the agent does not answer\n", "text/plain; charset=utf-8")
        else:
            self._answer(200, self.server.page(state), self.server.content_type)

    def _answer(self, code: int, body: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Requests are not told."""


def health(state: State | None) -> tuple[int, bytes]:
    """The status code, and JSON. A server that is not reached is no failure: to start anew helps nobody."""
    said: dict[str, Any] = {"healthy": state is not None and state.is_healthy, "answers": state is not None}
    if state is not None:
        said["lost"] = sum(state.stats.lost.values())
        said["sinks"] = [
            {
                "sink": sink.name,
                "alive": sink.is_alive,
                "connected": sink.is_connected,
                "failure": sink.failure,
                "lost": sum(sink.lost.values()),
                "waiting": sink.waiting,
            }
            for sink in state.sinks
        ]
    return 200 if said["healthy"] else 503, msgspec.json.encode(said) + b"\n"
