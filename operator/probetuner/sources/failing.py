"""The ways in which what is asked of a cluster is not given."""

from enum import StrEnum


class Failure(StrEnum):
    """Why nothing came.

    The asker may not, the answerer does not prove who it is, nobody was there or answered in time, the answer is no
    good, or nobody could ask: there is nothing to show or nowhere to go.
    """

    REFUSED = "refused"
    UNTRUSTED = "untrusted"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    UNASKED = "unasked"
