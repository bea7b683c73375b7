"""A maintenance window is open when the people who agreed on it would say so."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.model.problem import InvalidObjectError
from probetuner.model.windows import MaintenanceWindow, Weekday, opens_next, parse_windows

WINDOW = {"days": ["Fri"], "start": "22:00", "durationMinutes": 240, "timeZone": "Europe/Berlin"}
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/New_York"])


def parse(**fields: Any) -> MaintenanceWindow:
    (window,) = parse_windows({"maintenanceWindows": [{**WINDOW, **fields}]}, "spec.apply")
    return window


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("2026-11-20T21:59:59", False),
        ("2026-11-20T22:00:00", True),
        ("2026-11-21T01:59:59", True),
        ("2026-11-21T02:00:00", False),
        ("2026-11-21T22:00:00", False),
    ],
)
def test_it_is_open_from_its_start_for_as_long_as_it_lasts(text: str, *, is_open: bool) -> None:
    """A window of Friday night reaches into Saturday, and is not there on Saturday night."""
    assert parse().is_open(at(text)) is is_open


def test_it_opens_next_in_a_week() -> None:
    """From within a window and from just after it, the next one is that of the week to come."""
    next_friday = at("2026-11-27T22:00:00")

    assert parse().opens_next(at("2026-11-20T22:00:00")) == next_friday
    assert parse().opens_next(at("2026-11-21T02:00:00")) == next_friday


def test_its_start_is_local_and_its_length_is_real() -> None:
    """On the night on which clocks go back it opens at the local time, and stays open for its minutes."""
    window = parse(days=["Sat"], start="23:00")
    opens = at("2026-10-24T23:00:00")

    assert window.is_open(opens)
    assert window.is_open(opens + 240 * 60 - 1)
    assert not window.is_open(opens + 240 * 60)
    assert datetime.fromtimestamp(opens + 240 * 60, tz=ZoneInfo("Europe/Berlin")).hour == 2


def test_a_start_that_the_clock_leaves_out_comes_an_hour_late() -> None:
    """At 02:30 on the night on which clocks go forward it is 03:30: the window opens, once."""
    window = parse(days=["Sun"], start="02:30", durationMinutes=30)

    assert not window.is_open(at("2026-03-29T01:59:59"))
    assert window.is_open(at("2026-03-29T03:30:00"))
    assert not window.is_open(at("2026-03-29T04:00:00"))


def test_without_windows_changes_may_be_made_at_any_time() -> None:
    """No windows never make anything wait; with two it is the sooner of both that is waited for."""
    friday, monday = parse(), parse(days=["Mon"], start="06:00")
    wednesday = at("2026-11-25T12:00:00")

    assert opens_next((), wednesday) is None
    assert opens_next((monday, friday), wednesday) == at("2026-11-27T22:00:00")
    assert opens_next((monday, friday), at("2026-11-27T23:00:00")) is None


def test_no_days_are_every_day() -> None:
    """A window without days opens every day, and one without a zone by the clock of UTC."""
    (window,) = parse_windows({"maintenanceWindows": [{"start": "00:00", "durationMinutes": 1}]}, "spec.apply")

    assert window.days == set(Weekday)
    assert all(window.is_open(at(f"2026-11-{day}T00:00:30", "UTC")) for day in range(16, 23))


@given(
    days=st.sets(st.sampled_from(list(Weekday)), min_size=1),
    start=st.times(),
    minutes=st.integers(1, 1440),
    zone=ZONES,
    moment=MOMENTS,
)
def test_it_is_open_when_it_opens_and_shut_when_it_waits(
    days: set[Weekday], start: Any, minutes: int, zone: str, moment: datetime
) -> None:
    """Whatever the window, the zone and the year: it opens within eight days, is open then, and is shut until then."""
    window = MaintenanceWindow(
        days=frozenset(days),
        start=start.replace(second=0, microsecond=0),
        duration_minutes=minutes,
        zone=ZoneInfo(zone),
    )
    now = moment.timestamp()

    opens = window.opens_next(now)

    assert now < opens <= now + timedelta(days=9).total_seconds()
    assert window.is_open(opens)
    if not window.is_open(now):
        assert opens_next([window], now) == opens
        assert not window.is_open((now + opens) / 2)


def test_zones_are_known_where_the_system_has_none() -> None:
    """An image without a zone database of its own knows the zones of windows all the same."""
    known = "from zoneinfo import TZPATH, ZoneInfo; print(TZPATH, ZoneInfo('Europe/Berlin'))"
    without = {**os.environ, "PYTHONTZPATH": ""}

    done = subprocess.run([sys.executable, "-c", known], env=without, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["()", "Europe/Berlin"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"timeZone": "Europe/Atlantis"}, r"maintenanceWindows\[0\].timeZone is 'Europe/Atlantis'"),
        ({"timeZone": "Europe"}, "not a zone of the IANA database such as Europe/Berlin"),
        ({"timeZone": "../../etc/passwd"}, "timeZone is"),
        ({"start": "10pm"}, "start is '10pm', not a time of day such as 22:00"),
        ({"days": ["Friday"]}, r"days is \['Friday'\]; allowed are Mon, Tue"),
        ({"durationMinutes": 1441}, "durationMinutes is 1441, not a whole number to 1440"),
    ],
)
def test_what_is_no_window_is_named(fields: dict[str, Any], said: str) -> None:
    """The sentence has the place, what stands there, and what would be right."""
    with pytest.raises(InvalidObjectError, match=said):
        parse(**fields)
