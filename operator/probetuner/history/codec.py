"""The saved form of a history: JSON, packed, versioned, and never larger than its bound.

msgspec reads the very values that the core works with and checks every type on the way in. What has its default is not
written, so a default belongs to the saved form: one that changes asks for a new version.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from typing import Any, cast

import msgspec

from probetuner.history.packing import PackingError, pack, unpack
from probetuner.history.record import ContainerHistory, WorkloadHistory

VERSION = 2
"""The version of the saved form that this code writes, and the newest that it reads."""

_PACKED_SINCE = 2

UPGRADES: dict[int, Callable[[Any], Any]] = {1: lambda form: form}
"""What makes a saved form (as JSON values) that of the next version, by the version that it begins from.

A field that is new and has a default needs no new version: what was saved without it is read as it is.
"""

MOST_BYTES = 64 * 1024
"""Of JSON, before it is packed: small beside what etcd takes for one object (1.5 MB). Packed it is within the
maxLength of the ProbeHistory's schema, even where nothing of it gets smaller."""


_MOST_NUMBER = 2**53
"""No count and no time comes near it; beyond it whole numbers and floats are no longer the same."""


class SavedHistoryError(ValueError):
    """A saved history cannot be read; the text says why, in a sentence."""


class NewerHistoryError(SavedHistoryError):
    """A saved history is in a form that only newer versions know; it is theirs and must stay."""


def encode(history: WorkloadHistory, *, most_bytes: int = MOST_BYTES) -> str:
    """Write the history; what does not fit into *most_bytes* of JSON is forgotten, the oldest first.

    Figures per minute and counts of processes are most of the bulk and of use for an hour only, so they go before
    lives, runs and spells; so do trials of endpoints, which can be made again.
    """
    write = _Writer()
    if len(write(history)) > most_bytes:
        history = (
            _longest_that_fits(history, _figures_since, write, most_bytes)
            or _longest_that_fits(history, _since, write, most_bytes)
            or _newest_entries(history, write, most_bytes)
        )
    return pack(write(history))


def decode(state: str, *, version: int) -> WorkloadHistory:
    """Read what `encode` wrote, in this version or an older one.

    Raises NewerHistoryError when it is of a newer version, SavedHistoryError when it is not a history.
    """
    if version > VERSION:
        raise NewerHistoryError(f"it is in form {version}, from a newer probetuner; this one reads up to {VERSION}")
    try:
        history = _decoded(state, version=version)
    except (PackingError, msgspec.DecodeError, UnicodeError, RecursionError, LookupError, TypeError) as problem:
        raise SavedHistoryError(f"it is not a history: {problem}") from None
    if any(abs(number) > _MOST_NUMBER for number in _numbers(history)):
        raise SavedHistoryError("it is not a history: it holds a number that nothing was ever counted up to")
    return history


def _decoded(state: str, *, version: int) -> WorkloadHistory:
    text = state if version < _PACKED_SINCE else unpack(state)
    if version == VERSION:
        return msgspec.json.decode(text, type=WorkloadHistory)
    content = msgspec.json.decode(text)
    for older in range(version, VERSION):
        content = UPGRADES[older](content)
    return msgspec.convert(content, type=WorkloadHistory)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _numbers(item)
    elif is_dataclass(value):
        for name, _ in _defaults(cast("Hashable", type(value))):
            yield from _numbers(getattr(value, name))


class _Writer:
    """Writes histories without the fields that have their defaults, most of what there is: reading puts them back.

    What it has written once is kept for the next time: the longest that fits is sought among parts of one history.
    """

    def __init__(self) -> None:
        self._written: dict[int, msgspec.Raw] = {}

    def __call__(self, history: WorkloadHistory) -> bytes:
        containers = [
            {name: self._each(content) for name, content in _told(entry).items()} for entry in history.containers
        ]
        return msgspec.json.encode({**_told(history), "containers": containers})

    def _each(self, content: Any) -> Any:
        return [self._one(item) for item in content] if isinstance(content, tuple) else _without_defaults(content)

    def _one(self, item: Any) -> msgspec.Raw:
        if id(item) not in self._written:
            self._written[id(item)] = msgspec.Raw(msgspec.json.encode(_without_defaults(item)))
        return self._written[id(item)]


def _without_defaults(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _without_defaults(content) for name, content in _told(value).items()}
    if isinstance(value, tuple):
        return [_without_defaults(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _without_defaults(item) for key, item in value.items()}
    return value


def _told(value: object) -> dict[str, Any]:
    """The fields of a dataclass that differ from their defaults."""
    contents = ((name, getattr(value, name), default) for name, default in _defaults(cast("Hashable", type(value))))
    return {name: content for name, content, default in contents if content != default}


@cache
def _defaults(of: Any) -> tuple[tuple[str, Any], ...]:
    """The names of the fields with their defaults; what has none differs from every content."""
    return tuple(
        (each.name, each.default if each.default_factory is MISSING else each.default_factory()) for each in fields(of)
    )


Cut = Callable[[ContainerHistory, float], ContainerHistory]


def _longest_that_fits(history: WorkloadHistory, cut: Cut, write: _Writer, most_bytes: int) -> WorkloadHistory | None:
    """Forget what *cut* takes away up to the earliest time for which the rest fits; None when nothing fits."""
    times = sorted({time for entry in history.containers for time in _times(entry)})
    low, high, best = 0, len(times), None
    while low < high:
        middle = (low + high) // 2
        shorter = replace(history, containers=tuple(cut(entry, times[middle]) for entry in history.containers))
        if len(write(shorter)) <= most_bytes:
            high, best = middle, shorter
        else:
            low = middle + 1
    return best


def _times(entry: ContainerHistory) -> Iterator[float]:
    yield from (life.ended_at for life in entry.lives if life.ended_at is not None)
    yield from (run.last_at for run in entry.runs)
    yield from (spell.started_at for spell in entry.unready)
    yield from (minute.started_at for minute in entry.minutes)
    yield from (disturbance.at for disturbance in entry.disturbances)
    yield from (sample.at for samples in entry.tasks.values() for sample in samples)


def _figures_since(entry: ContainerHistory, cutoff: float) -> ContainerHistory:
    newer = {pod: tuple(sample for sample in samples if sample.at > cutoff) for pod, samples in entry.tasks.items()}
    return replace(
        entry,
        minutes=tuple(minute for minute in entry.minutes if minute.started_at > cutoff),
        tasks={pod: samples for pod, samples in newer.items() if samples},
        trials={endpoint: replace(trial, waiting=()) for endpoint, trial in entry.trials.items()},
    )


def _since(entry: ContainerHistory, cutoff: float) -> ContainerHistory:
    lives = tuple(life for life in entry.lives if life.ended_at is None or life.ended_at > cutoff)
    return replace(
        entry,
        lives=lives,
        runs=tuple(run for run in entry.runs if run.last_at > cutoff),
        unready=tuple(spell for spell in entry.unready if spell.started_at > cutoff),
        minutes=(),
        tasks={},
        trials={},
        disturbances=tuple(disturbance for disturbance in entry.disturbances if disturbance.at > cutoff),
        forgotten=entry.forgotten + len(entry.lives) - len(lives),
    )


def _newest_entries(history: WorkloadHistory, write: _Writer, most_bytes: int) -> WorkloadHistory:
    """Keep of whole containers only that they were seen, and of those as many as fit: there are absurdly many."""
    kept = replace(history, containers=())
    for entry in sorted(history.containers, key=lambda entry: entry.last_seen_at, reverse=True):
        bare = replace(
            _since(entry, entry.last_seen_at),
            lives=(),
            disturbances=(),
            errors={},
            said={},
            rates=(),
            forgotten=entry.forgotten + len(entry.lives),
        )
        more = replace(kept, containers=(bare, *kept.containers))
        if len(write(more)) > most_bytes:
            break
        kept = more
    return kept
