"""A service that is well for 20 s and then ends by its own error."""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer


class Handler(BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        """Say that all is well."""
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")


class Server(ThreadingTCPServer):
    """Takes its port again at once after a restart."""

    allow_reuse_address = True


def fail() -> None:
    """End at once, as after an error that nobody caught."""
    print("fatal: an error that nobody caught", file=sys.stderr, flush=True)
    os._exit(1)


if __name__ == "__main__":
    threading.Timer(20, fail).start()
    Server(("", 8080), Handler).serve_forever()
