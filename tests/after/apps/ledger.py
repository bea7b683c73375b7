"""What `orders` depends on: from 75 s after its start on it is unwell for 90 s, in the way that its argument names."""

import sys
import time

from after.apps.serving import serve

FROM_SECONDS, FOR_SECONDS = 75, 90
BEGAN = time.monotonic()


def answer(_: str) -> int:
    """Answer, unless unwell: then `answers` says 503 at once, and `hangs` says nothing until it is well."""
    left = BEGAN + FROM_SECONDS + FOR_SECONDS - time.monotonic()
    if not 0 < left < FOR_SECONDS:
        return 200
    if sys.argv[1] == "hangs":
        time.sleep(left)
        return 200
    return 503


if __name__ == "__main__":
    serve(answer)
