"""Says 503 while it loads its data: for 8 s at its start, for 8 to 22 s now and then; and comes back by itself."""

import itertools
import random
import threading
import time

from after.apps.serving import serve

FIRST_SECONDS, BETWEEN_SECONDS = 8, (20, 35)
RELOADS_SECONDS = (8, 21, 20, 9, 22)
LOADED = threading.Event()


def load() -> None:
    """Load, and load again."""
    time.sleep(FIRST_SECONDS)
    for seconds in itertools.cycle(RELOADS_SECONDS):
        LOADED.set()
        time.sleep(random.uniform(*BETWEEN_SECONDS))
        LOADED.clear()
        time.sleep(seconds)


if __name__ == "__main__":
    threading.Thread(target=load, daemon=True).start()
    serve(lambda _: 200 if LOADED.is_set() else 503)
