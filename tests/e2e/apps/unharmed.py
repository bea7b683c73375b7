"""A ledger that keeps what it is told in memory, and those who use it; nothing is wrong with any of them.

unharmed.py serve            recovers for two seconds, as a database does, and then answers HTTP on port 5432
unharmed.py ask              asks it on this machine whether it answers, as pg_isready does: exit code 0 if so
unharmed.py fill ROWS        tells it so many rows
unharmed.py visit SECONDS LEDGER[,LEDGER…] REDIS   uses all of them, once a second, and says how that went
"""

import json
import socket
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, REDIS_PORT = 5432, 6379
RECOVERY_SECONDS = 2
rows: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Takes rows, and says how many there are."""

    def do_GET(self) -> None:
        """Say how many rows there are."""
        self._answer()

    def do_POST(self) -> None:
        """Take one row for each line."""
        told = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        rows.extend(told.splitlines())
        self._answer()

    def _answer(self) -> None:
        body = str(len(rows)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def tell(host: str, told: str | None = None) -> str:
    """Tell a ledger these lines, or only ask it."""
    data = None if told is None else told.encode()
    with urllib.request.urlopen(f"http://{host}:{PORT}/", data=data, timeout=10) as answer:
        said: str = answer.read().decode()
        return said


def ping(host: str) -> None:
    """Use a Redis."""
    with socket.create_connection((host, REDIS_PORT), timeout=10) as connection:
        connection.sendall(b"INCR visits\r\n")
        if not connection.recv(64).startswith(b":"):
            raise OSError("no number")


def visit(seconds: float, ledgers: list[str], redis: str) -> None:
    """Use all of them once a second for so long."""
    answered, failed = 0, []
    end = time.monotonic() + seconds
    print("visiting", flush=True)
    while time.monotonic() < end:
        for host in (*ledgers, redis):
            try:
                ping(host) if host == redis else tell(host, "visit")
            except OSError as problem:
                failed.append(f"{host}: {problem}")
            else:
                answered += 1
        time.sleep(1)
    print(json.dumps({"answered": answered, "failed": failed}), flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            time.sleep(RECOVERY_SECONDS)
            ThreadingHTTPServer(("", PORT), Handler).serve_forever()
        case ["ask"]:
            tell("127.0.0.1")
        case ["fill", count]:
            print(tell("127.0.0.1", "row\n" * int(count)))
        case ["visit", seconds, ledgers, redis]:
            visit(float(seconds), ledgers.split(","), redis)
