"""Reading fields of untrusted JSON objects: the value in its type, or one sentence on what it is instead."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from probetuner.model.problem import InvalidObjectError

Object = Mapping[str, Any]

INT32_MAX, INT64_MAX = 2**31 - 1, 2**63 - 1
"""What Kubernetes' own numbers hold: all counts and ports are int32; generations and grace periods are int64."""

_SHOWN_CHARACTERS = 60


def text(raw: Object, name: str, place: str) -> str:
    """A string, empty when absent. Raises InvalidObjectError when it is something else."""
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidObjectError(f"{place}.{name}", "is not a string")
    return value


def count(raw: Object, name: str, place: str, *, default: int = 0, most: int = INT32_MAX) -> int:
    """A whole number from 0 to `most`, `default` when absent. Raises InvalidObjectError when it is something else."""
    value = raw.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidObjectError(f"{place}.{name}", f"is {shown(value)}, not a whole number from 0 to {most}")
    return value


def shown(value: Any) -> str:
    """A value as a sentence can bear it: a number or a word is cut, and a list or an object is only called one."""
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "an object"
    written = repr(value)
    return written if len(written) <= _SHOWN_CHARACTERS else f"{written[:_SHOWN_CHARACTERS]}…"


def objects(raw: Object, name: str, place: str) -> tuple[Object, ...]:
    """A list of objects, empty when absent. Raises InvalidObjectError when it is something else."""
    value = raw.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise InvalidObjectError(f"{place}.{name}", "is not a list of objects")
    return tuple(value)


def texts(raw: Object, name: str, place: str) -> tuple[str, ...]:
    """A list of strings, empty when absent. Raises InvalidObjectError when it is something else."""
    value = raw.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidObjectError(f"{place}.{name}", "is not a list of strings")
    return tuple(value)


def moment(raw: Object, name: str, place: str) -> float | None:
    """An RFC 3339 time in epoch seconds.

    None when absent, and for the zero times that Go and the container runtimes write where there was no such moment
    (year 1; 1970-01-01 as the startedAt of a container that never started). Raises InvalidObjectError otherwise.
    """
    value = text(raw, name, place)
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        seconds = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InvalidObjectError(f"{place}.{name}", "is not an RFC 3339 time") from None
    return seconds if seconds > 0 else None
