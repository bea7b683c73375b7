"""Works 0.1 s on each request, one at a time, as the rng service of dockercoins does."""

import time

from after.apps.serving import serve


def answer(_: str) -> int:
    """Work, then answer."""
    time.sleep(0.1)
    return 200


if __name__ == "__main__":
    serve(answer, one_at_a_time=True)
