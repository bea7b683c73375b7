"""Times as Kubernetes writes them."""

from datetime import UTC, datetime


def to_text(at: float) -> str:
    """Epoch seconds as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: object) -> float | None:
    """Epoch seconds of an RFC 3339 time; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed.timestamp() if parsed.tzinfo is not None else None
