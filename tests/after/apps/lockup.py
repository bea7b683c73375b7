"""Answers at once until 60 to 90 s after its start, and from then on never."""

import random
import threading
import time

from after.apps.serving import serve

LOCKS_UP_AT = time.monotonic() + random.uniform(60, 90)


def answer(_: str) -> int:
    """Answer, or never come back."""
    if time.monotonic() > LOCKS_UP_AT:
        threading.Event().wait()
    return 200


if __name__ == "__main__":
    serve(answer, one_at_a_time=True)
