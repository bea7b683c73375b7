"""The ways in which what is asked of a cluster is not given."""

from enum import StrEnum


class Failure(StrEnum):
    """Why nothing came: the asker may not, nobody was there or answered in time, or the answer is no good."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
