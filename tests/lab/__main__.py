"""`python -m lab`."""

import sys

from lab.cli import app
from lab.errors import LabError
from lab.progress import console

if __name__ == "__main__":
    try:
        app()
    except LabError as error:
        console.print(f"lab: {error}", style="red", markup=False)
        sys.exit(1)
