"""What the client tells of a load while it sends it: a line of JSON each second, and one at the end of each step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

LONGEST_LINE = 16_384


class Failure(StrEnum):
    """Why a request failed. STATUS stands before the number of an answer from 400 up, as in `status-503`."""

    REFUSED = "refused"
    RESET = "reset"
    TIMEOUT = "timeout"
    STATUS = "status"
    CLIENT = "client"
    """The client's own limits: no free port or file for one more connection."""
    OTHER = "other"


class Ending(StrEnum):
    """Why a load ended."""

    COMPLETE = "complete"
    ERROR_SHARE = "error-share"
    STOPPED = "stopped"


class LineError(ValueError):
    """A line that is none of the client's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds from the beginning of a request to the end of its answer, of those that were answered well."""

    p50: float
    p90: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What became of a step so far. Times are epoch seconds by the clock of the client's node.

    `failed` counts by `Failure`. `unfinished` requests were under way when the step ended. `cpu_seconds` is what the
    client itself used.
    """

    step: int
    concurrency: int
    began_at: float
    at: float
    answered: int
    failed: Mapping[str, int] = field(default_factory=dict)
    unfinished: int = 0
    latency: Latency | None = None
    cpu_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        """How long the step has lasted."""
        return max(0.0, self.at - self.began_at)

    @property
    def failures(self) -> int:
        """How many requests failed."""
        return sum(self.failed.values())

    @property
    def answered_per_second(self) -> float:
        """Requests that were answered well, per second of the step."""
        return self.answered / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the client's: figures of the present step, or, last of all, how the load ended."""

    figures: Figures | None = None
    ended: Ending | None = None


def write_line(line: Line) -> str:
    """The line as the client prints it."""
    return msgspec.json.encode(line).decode()


def read_line(text: str) -> Line:
    """Read a line of the client's. Raises LineError."""
    if len(text) > LONGEST_LINE:
        raise LineError(f"it is {len(text)} characters long")
    try:
        return msgspec.json.decode(text, type=Line)
    except (msgspec.MsgspecError, UnicodeError) as problem:
        raise LineError(str(problem)) from None
