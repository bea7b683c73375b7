"""Takes two locks in one order or the other: sooner or later two requests wait for each other, and all for them."""

import random
import threading
import time

from after.apps.serving import serve

LEFT, RIGHT = threading.Lock(), threading.Lock()


def answer(path: str) -> int:
    """Transfer from one side to the other, or look at one of them for a probe."""
    if path == "/healthz":
        with LEFT:
            return 200
    first, second = random.sample((LEFT, RIGHT), 2)
    with first:
        time.sleep(0.01)
        with second:
            return 200


if __name__ == "__main__":
    serve(answer)
