"""Reading fields of untrusted JSON objects: the value in its type, or one sentence on what it is instead."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from probetuner.model.problem import InvalidObjectError

Object = Mapping[str, Any]


def text(raw: Object, name: str, place: str) -> str:
    """A string, empty when absent. Raises InvalidObjectError when it is something else."""
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidObjectError(f"{place}.{name}", "is not a string")
    return value


def count(raw: Object, name: str, place: str, *, default: int = 0) -> int:
    """A whole number of 0 or more, `default` when absent. Raises InvalidObjectError when it is something else."""
    value = raw.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidObjectError(f"{place}.{name}", "is not a whole number of 0 or more")
    return value


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
