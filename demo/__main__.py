"""`python -m demo`: both stories, one beside the other, on the lab or on the present kubectl context."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The lab is a tool of the tests and lies with them.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from demo.command import app

    app()
