"""Talking to the supervisor of a lab, from outside its namespaces."""

import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.supervisor import CONTROL

_SECONDS_PER_REQUEST = 5.0


def request(state: Path, **words: str) -> dict[str, Any]:
    """Send one request to the supervisor of the lab with this folder and return its reply.

    Raises LabError when the supervisor is not there or does not understand.
    """
    try:
        with _connected(state) as connection, connection.makefile("rw") as lines:
            lines.write(json.dumps(words) + "\n")
            lines.flush()
            reply: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        raise LabError(f"the supervisor of lab {state.name} does not answer ({error})") from error
    if "error" in reply:
        raise LabError(str(reply["error"]))
    return reply


def supervisor_process(state: Path) -> int:
    """Return the supervisor's process id as this process sees it. Raises LabError when it is not there."""
    try:
        with _connected(state) as connection:
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    except OSError as error:
        raise LabError(f"the supervisor of lab {state.name} does not answer ({error})") from error
    process, _, _ = struct.unpack("3i", credentials)
    return int(process)


@contextmanager
def _connected(state: Path) -> Iterator[socket.socket]:
    """Connect through an open folder, since the name of a socket may have no more than 107 bytes."""
    folder = os.open(state, os.O_PATH | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_SECONDS_PER_REQUEST)
            connection.connect(f"/proc/self/fd/{folder}/{CONTROL}")
            yield connection
    finally:
        os.close(folder)
