"""A wallet whose transfers take two locks in either order: sooner or later all its threads wait for each other.

It goes on hearing SIGTERM, and stops at once when asked to, stuck or not, as servers with a living main thread do.
"""

import os
import random
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from_account, to_account = threading.Lock(), threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Transfers on /transfer, and on /healthz looks at one of the accounts."""

    def do_GET(self) -> None:
        """Do either, and say so."""
        if self.path == "/transfer":
            first, second = random.sample((from_account, to_account), 2)
            with first:
                time.sleep(0.02)
                with second:
                    pass
        else:
            with from_account:
                pass
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=ThreadingHTTPServer(("", 8080), Handler).serve_forever).start()
    while True:
        time.sleep(1)
