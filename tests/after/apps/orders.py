"""Serves from memory; `/health` asks the Service whose URL is the argument, and passes on whether that is well."""

import sys
import urllib.request

from after.apps.serving import serve

PATIENCE_SECONDS = 10


def answer(path: str) -> int:
    """Answer by the path."""
    if path == "/health":
        try:
            with urllib.request.urlopen(sys.argv[1], timeout=PATIENCE_SECONDS):
                return 200
        except OSError:
            return 503
    return 200


if __name__ == "__main__":
    serve(answer)
