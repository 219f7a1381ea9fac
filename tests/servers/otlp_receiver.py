"""A server that takes OpenTelemetry's logs over HTTP, and answers as it is told."""

import gzip
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse


class Receiver:
    """`answers`: what the next requests get: a status, (status, Retry-After), how many are refused of it as -COUNT, or
    a `threading.Event` that is waited for.
    """

    def __init__(self, *answers: object, certificate: tuple[Path, Path] | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[ExportLogsServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.connections: set[int] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.connections.add(self.client_address[1])
                receiver.headers.append(dict(self.headers))
                receiver.paths.append(self.path)
                answer = receiver.answers.pop(0) if receiver.answers else 200
                if isinstance(answer, threading.Event):
                    answer.wait(20)
                    answer = 200
                status, after = answer if isinstance(answer, tuple) else (answer, None)
                refused = -status if isinstance(status, int) and status < 0 else 0
                status = 200 if refused else status
                response = ExportLogsServiceResponse()
                if refused:
                    response.partial_success.rejected_log_records = refused
                    response.partial_success.error_message = "too \x1bold"
                if status == 200:
                    request = ExportLogsServiceRequest()
                    request.ParseFromString(gzip.decompress(body))
                    receiver.requests.append(request)
                data = response.SerializeToString()
                self.send_response(status)
                if after is not None:
                    self.send_header("Retry-After", str(after))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # a client that does not like the certificate

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
