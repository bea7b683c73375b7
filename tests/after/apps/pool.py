"""A front before a small pool. What finds no place is answered 502 or 504 (`answers`), or cut off (`resets`)."""

import random
import sys
import threading
import time

from after.apps.serving import serve

WORKERS, WAITING, WAIT_SECONDS = 2, 4, 2
CONNECTIONS = 8
PLACES = threading.BoundedSemaphore(WORKERS + WAITING)
POOL = threading.BoundedSemaphore(WORKERS)
OPEN = threading.BoundedSemaphore(CONNECTIONS)


def answers(path: str) -> int:
    """Wait for a worker: 502 where too many wait already, 504 where it takes too long."""
    if not PLACES.acquire(blocking=False):
        return 502
    try:
        if not POOL.acquire(timeout=WAIT_SECONDS):
            return 504
        try:
            work(path)
        finally:
            POOL.release()
    finally:
        PLACES.release()
    return 200


def resets(path: str) -> int | None:
    """Serve as many connections as there may be, and close the others."""
    if not OPEN.acquire(blocking=False):
        return None
    try:
        work(path)
    finally:
        OPEN.release()
    return 200


def work(path: str) -> None:
    """Do what users ask for; a probe costs nothing but its place."""
    if path != "/healthz":
        time.sleep(random.uniform(0.8, 2.5))


if __name__ == "__main__":
    serve(answers if sys.argv[1] == "answers" else resets)
