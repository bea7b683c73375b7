"""`analyze --why`: what a judgement rests on, and which settings lost by how much."""

import re

import pytest

from unit.cli.commands import RECORDINGS, probetuner


def why(recording: str) -> str:
    """What is printed below the table."""
    _, _, reasons = probetuner("analyze", RECORDINGS / recording, "--why").stdout.partition("\nwhy ")
    return reasons


def test_each_kill_is_told_with_what_was_seen_around_it() -> None:
    """Yes, no and not known are apart, and so is what the kill is taken to have hit."""
    said = why("01-rng-cascade")

    assert said.startswith("Deployment/")
    assert said.count("it hit one that was busy") == 12
    assert "    yes: it had answered before; answers came late around it" in said
    assert re.search("not known: .*readiness passed before it was gone", said)


def test_confidence_is_told_with_the_weight_of_one_observation() -> None:
    """How many there are, and how sure one of them makes."""
    assert re.search(
        r"under-pressure: 99% sure, from 12 observations; one kill with these signs makes \d\d%", why("01-rng-cascade")
    )


def test_what_lost_is_told_with_how_much_it_costs_more() -> None:
    """Of the present setting always; of the others the next ones, in the unit by which they were chosen."""
    busy, stuck = why("01-rng-cascade"), why("14-lockup-with-liveness")

    assert "liveness, false restarts at worst in what was seen: no probe is chosen, 0.0" in busy
    assert re.search(r"timeout 1 s, 3 failures, as it is: \+13\.0", busy)
    assert re.search(r"liveness, replica-seconds lost in what was seen: .* stays, \d+", stuck)
    assert re.search(r"4 failures: \+\d+", stuck)


def test_who_was_never_killed_has_its_confidence_told_alone() -> None:
    """There is nothing to weigh without kills."""
    said = why("10-healthy").split("\n\nwhy ")

    assert len(said) == 2
    for one in said:
        assert re.fullmatch(r"Deployment/\S+:\n  healthy: \d\d% sure, from \d+ observations", one.rstrip())


def test_reasons_come_only_when_asked_for_and_to_people() -> None:
    """The table is as it was; other formats are refused."""
    assert "\nwhy " not in probetuner("analyze", RECORDINGS / "10-healthy").stdout
    refused = probetuner("analyze", RECORDINGS / "10-healthy", "--why", "-o", "json")
    assert refused.exit_code == 2
    assert "leave -o out" in refused.stderr


@pytest.mark.parametrize("recording", ["09-dependency-coupled-liveness", "02-slow-start-killed"])
def test_other_kills_are_told_by_what_they_hit(recording: str) -> None:
    """A start or a dependency is no load."""
    assert re.search("it hit (a container that was starting|one that waited for what it calls)", why(recording))
