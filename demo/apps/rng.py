# ruff: noqa: INP001 - a pod runs it by its path; it belongs to no package
"""Random bytes over HTTP, after the rng service of dockercoins: `/N` answers N bytes after 0.1 s of work.

One thread serves one request at a time, so two replicas answer at most 20 requests a second. The variable WORK_SECONDS
sets another time.
"""

import os
import time
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

WORK_SECONDS = float(os.environ.get("WORK_SECONDS", "0.1"))
MOST_BYTES = 1_000_000


class Handler(BaseHTTPRequestHandler):
    """Answers GET / and GET /N. A client that connects and says nothing holds up the others for two seconds at most."""

    timeout = 2

    def do_GET(self) -> None:
        """Answer with as many random bytes as the path asks for."""
        wanted = self.path.removeprefix("/") or "0"
        if not (wanted.isascii() and wanted.isdigit()) or int(wanted[:8]) > MOST_BYTES:
            self.send_error(404)
            return
        time.sleep(WORK_SECONDS)
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", wanted)
        self.end_headers()
        self.wfile.write(os.urandom(int(wanted)))

    def log_message(self, *_: object) -> None:
        """Stay silent: a line for each request would only slow the answers down."""


class Server(TCPServer):
    """A queue as long as web frameworks have it; the standard library's five would refuse what should wait."""

    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """Ignore clients that left before their answer, as a probe that timed out does."""


if __name__ == "__main__":
    Server(("", 8080), Handler).serve_forever()
