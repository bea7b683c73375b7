"""The one error that the lab raises on purpose, and the way it runs other programs."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO


class LabError(Exception):
    """What went wrong in one sentence for a person, with the next step where there is one."""


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | bytes | BinaryIO | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    Raises LabError with the program's own last words when it fails or is not there.
    """
    words = [str(word) for word in argv]
    text = stdin.encode() if isinstance(stdin, str) else stdin
    fed: dict[str, Any] = {"input": text} if isinstance(text, bytes) else {"stdin": text or subprocess.DEVNULL}
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            words,
            **fed,
            capture_output=True,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{error.filename} is not there, which `{' '.join(words[:4])}` needs") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise LabError(f"`{' '.join(words)}` failed with {done.returncode}: {said[-2000:]}")
    return done.stdout.decode(errors="replace")
