"""A service that is well for 20 s and then takes more memory than its limit."""

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


def grow() -> None:
    """Take memory, and use it, until the kernel says no."""
    taken = []
    while True:
        taken.append(b"x" * 1_000_000)


if __name__ == "__main__":
    threading.Timer(20, grow).start()
    Server(("", 8080), Handler).serve_forever()
