"""Random bytes over HTTP, one request's work at a time, with endpoints of three kinds beside the work.

`/` and `/N` wait for their turn and work 0.1 s. `/healthz` is answered at once. `/health` asks the Service hasher.
"""

import os
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORK_SECONDS, PATIENCE_SECONDS = 0.1, 0.5
TURN = threading.Lock()
HASHER = f"http://{os.environ.get('HASHER_SERVICE_HOST', 'localhost')}/"


class Handler(BaseHTTPRequestHandler):
    """Answers GET."""

    timeout = 2

    def do_GET(self) -> None:
        """Answer by the path."""
        wanted = self.path.removeprefix("/") or "0"
        if self.path == "/healthz":
            self._answer(200, b"ok")
        elif self.path == "/health":
            self._answer(200 if _hasher_answers() else 503, b"")
        elif wanted.isascii() and wanted.isdigit():
            with TURN:
                time.sleep(WORK_SECONDS)
            self._answer(200, os.urandom(int(wanted[:4])))
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def _hasher_answers() -> bool:
    try:
        with urllib.request.urlopen(HASHER, timeout=PATIENCE_SECONDS):
            return True
    except OSError:
        return False


class Server(ThreadingHTTPServer):
    """Takes connections as long as there are threads."""

    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Ignore clients that left before their answer."""


if __name__ == "__main__":
    Server(("", 8080), Handler).serve_forever()
