"""Needs 45 s before it listens, then answers at once."""

import time

from after.apps.serving import serve

if __name__ == "__main__":
    time.sleep(45)
    serve(lambda _: 200)
