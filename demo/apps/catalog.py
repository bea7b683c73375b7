# ruff: noqa: INP001 - a pod runs it by its path; it belongs to no package
"""A service that prepares itself for as many seconds as its argument says before it listens, then answers at once."""

import sys
import time
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


if __name__ == "__main__":
    time.sleep(float(sys.argv[1]))
    Server(("", 8080), Handler).serve_forever()
