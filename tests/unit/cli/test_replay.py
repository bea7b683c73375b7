"""`probetuner replay` forecasts what other settings would have made of a recording."""

import gzip
import shutil
from pathlib import Path

import pytest

from unit.cli.commands import RECORDINGS, probetuner


def _lines(*arguments: str | Path) -> dict[str, dict[str, str]]:
    """The lines of the table by what was replayed: the recorded settings, or those that were asked for."""
    header, *lines = probetuner("replay", *arguments).stdout.splitlines()
    columns = header.split()
    rows = [dict(zip(columns, line.split(), strict=True)) for line in lines]
    return {row["PROBES"]: row for row in rows}


def test_settings_that_end_the_trouble_are_seen_to() -> None:
    """More failures before a replica is taken out end the flapping of a recording whose glitches are shorter."""
    lines = _lines(RECORDINGS / "04-readiness-flapping-slow-tail", "--set", "readiness.failureThreshold=5")

    assert int(lines["as-recorded"]["FLAPS"]) > 40
    assert lines["as-set"]["FLAPS"] == "0"


def test_a_probe_can_be_taken_away() -> None:
    """Without a liveness probe nothing kills, and what would have happened instead is owned to be unknown."""
    lines = _lines(RECORDINGS / "14-lockup-with-liveness", "--set", "liveness=none")

    assert lines["as-recorded"]["KILLS"] == "6"
    assert lines["as-set"]["KILLS"] == "0"
    assert lines["as-set"]["UNREADY-SECONDS"].count("..") == 1


def test_a_probe_can_be_added() -> None:
    """A startup probe that the container does not have asks what liveness asks, and holds liveness back."""
    settings = ("--set", "startup.periodSeconds=5", "--set", "startup.failureThreshold=30")
    lines = _lines(RECORDINGS / "02-slow-start-killed", *settings)

    assert lines["as-recorded"]["KILLS"].split("..")[0] >= "12"
    assert lines["as-set"]["KILLS"].split("..")[0] == "0"


@pytest.mark.parametrize(
    "setting",
    ["liveness", "liveness=5", "liveness.timeout=5", "liveness.timeoutSeconds=0", "liveness.timeoutSeconds=x", "a.b=1"],
)
def test_settings_that_mean_nothing_are_refused(setting: str) -> None:
    """A setting that is none ends in a sentence that quotes it, exit code 2."""
    result = probetuner("replay", RECORDINGS / "10-healthy", "--set", setting)

    assert repr(setting) in result.stderr
    assert result.exit_code == 2


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    """A folder without meta data is named, exit code 2."""
    result = probetuner("replay", tmp_path, "--set", "liveness=none")

    assert str(tmp_path / "meta.json") in result.stderr
    assert result.exit_code == 2


def test_a_damaged_recording_is_replayed_so_far(tmp_path: Path) -> None:
    """What could be read is replayed, the damage is told, exit code 2."""
    shutil.copytree(RECORDINGS / "10-healthy", tmp_path / "cut")
    watched = gzip.decompress((tmp_path / "cut" / "watch.ndjson.gz").read_bytes())
    (tmp_path / "cut" / "watch.ndjson.gz").write_bytes(gzip.compress(watched + b"no JSON\n"))
    result = probetuner("replay", tmp_path / "cut", "--set", "liveness=none")

    assert "as-set" in result.stdout
    assert "is not JSON" in result.stderr
    assert result.exit_code == 2
