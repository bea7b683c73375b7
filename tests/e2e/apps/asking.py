"""Asks a Redis every quarter of a second for as long as it is told, each time anew, and tells how that went."""

import json
import socket
import sys
import threading
import time

host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
answered: list[float] = []
failed: list[float | str] = []


def ask() -> None:
    """Ask once, and wait for the answer as long as a patient client does."""
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout=20) as connection:
            connection.sendall(b"PING\r\n")
            said = connection.recv(64)
    except OSError as problem:
        failed.append(str(problem))
    else:
        (answered if said.startswith(b"+PONG") else failed).append(time.monotonic() - began)


print("asking", flush=True)
asking = []
end = time.monotonic() + seconds
while time.monotonic() < end:
    asking.append(threading.Thread(target=ask))
    asking[-1].start()
    time.sleep(0.25)
for one in asking:
    one.join()
print(json.dumps({"answered": len(answered), "slowest": round(max(answered, default=0.0), 1), "failed": len(failed)}))
