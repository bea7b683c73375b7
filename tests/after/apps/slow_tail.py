"""Nearly every third request takes 1.3 s, and the others 0.02 s."""

import random
import time

from after.apps.serving import serve


def answer(_: str) -> int:
    """Take its time, then answer."""
    time.sleep(1.3 if random.random() < 0.3 else 0.02)
    return 200


if __name__ == "__main__":
    serve(answer)
