"""What the services of all scenarios share: an HTTP server on port 8080 that asks a function for each answer."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

Answer = Callable[[str], int | None]
"""From a path to the status of the answer; None closes the connection without one."""

_SECONDS_OF_SILENCE = 2
_BACKLOG = 128
"""As web frameworks have it; the standard library's five would refuse what should wait."""


class _Threads(ThreadingHTTPServer):
    request_queue_size = _BACKLOG

    def handle_error(self, *_: object) -> None:
        """Ignore clients that left before their answer."""


class _OneThread(HTTPServer):
    request_queue_size = _BACKLOG

    def handle_error(self, *_: object) -> None:
        """Ignore clients that left before their answer."""


def serve(answer: Answer, *, one_at_a_time: bool = False) -> None:
    """Answer GET for ever, each request in a thread of its own, or *one_at_a_time*."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS_OF_SILENCE

        def do_GET(self) -> None:
            status = answer(self.path)
            if status is not None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent: a line for each request would only slow the answers down."""

    (_OneThread if one_at_a_time else _Threads)(("", 8080), Handler).serve_forever()
