"""Maintenance windows: the times of the week in which a workload may be changed.

A window is written in local time, as people agree on it, and in a named zone, as `spec.timeZone` of a CronJob is; its
length is counted in real minutes, so the nights of a clock change are neither longer nor shorter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from probetuner.model.fields import objects, text, texts
from probetuner.model.problem import InvalidObjectError

MOST_MINUTES = 1440
_DAYS_AHEAD = 8


class Weekday(StrEnum):
    """The days as they are written, from the first of `datetime.weekday()` on."""

    MONDAY = "Mon"
    TUESDAY = "Tue"
    WEDNESDAY = "Wed"
    THURSDAY = "Thu"
    FRIDAY = "Fri"
    SATURDAY = "Sat"
    SUNDAY = "Sun"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """A time that begins at `start` (local time in `zone`) on each of `days` and lasts `duration_minutes`."""

    days: frozenset[Weekday] = frozenset(Weekday)
    start: time
    duration_minutes: int
    zone: ZoneInfo

    def is_open(self, now: float) -> bool:
        """Whether *now* (epoch seconds) is within it; its last moment no longer is."""
        return any(opens <= now < opens + 60.0 * self.duration_minutes for opens in self._openings(now))

    def opens_next(self, now: float) -> float:
        """When it begins for the first time after *now*, in epoch seconds."""
        return min(opens for opens in self._openings(now) if opens > now)

    def _openings(self, now: float) -> Iterator[float]:
        """Its beginnings from the day before to the same weekday of the next week."""
        today = datetime.fromtimestamp(now, tz=self.zone).date()
        for offset in range(-1, _DAYS_AHEAD + 1):
            day = today + timedelta(days=offset)
            if _WEEK[day.weekday()] in self.days:
                yield self._opening(day)

    def _opening(self, day: date) -> float:
        return datetime.combine(day, self.start, tzinfo=self.zone).timestamp()


def opens_next(windows: Sequence[MaintenanceWindow], now: float) -> float | None:
    """None while a change may be made, be it because there are no windows; else when the next one opens.

    Times are epoch seconds.
    """
    if not windows or any(window.is_open(now) for window in windows):
        return None
    return min(window.opens_next(now) for window in windows)


def parse_windows(raw: Mapping[str, Any], place: str) -> tuple[MaintenanceWindow, ...]:
    """Read the field maintenanceWindows of *raw*. Raises InvalidObjectError."""
    listed = objects(raw, "maintenanceWindows", place)
    return tuple(_parse(window, f"{place}.maintenanceWindows[{index}]") for index, window in enumerate(listed))


def _parse(raw: Mapping[str, Any], place: str) -> MaintenanceWindow:
    days = texts(raw, "days", place) or tuple(Weekday)
    if not set(days) <= set(Weekday):
        raise InvalidObjectError(f"{place}.days", f"is {list(days)!r}; allowed are {', '.join(Weekday)}")
    minutes = raw.get("durationMinutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 < minutes <= MOST_MINUTES:
        raise InvalidObjectError(f"{place}.durationMinutes", f"is {minutes!r}, not a whole number to {MOST_MINUTES}")
    return MaintenanceWindow(
        days=frozenset(Weekday(day) for day in days),
        start=_parse_start(text(raw, "start", place), f"{place}.start"),
        duration_minutes=minutes,
        zone=_parse_zone(text(raw, "timeZone", place) or "UTC", f"{place}.timeZone"),
    )


def _parse_start(word: str, place: str) -> time:
    try:
        return datetime.strptime(word, "%H:%M").time()  # noqa: DTZ007 - only the time of day is read
    except ValueError:
        raise InvalidObjectError(place, f"is {word!r}, not a time of day such as 22:00") from None


def _parse_zone(name: str, place: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a directory of zones, such as Europe, is an OSError
        raise InvalidObjectError(place, f"is {name!r}, not a zone of the IANA database such as Europe/Berlin") from None


_WEEK = tuple(Weekday)
