"""Real trouble of which less was seen, by who began late or looked once: silence is right, a wrong word is not."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from probetuner.report.judge import judge
from probetuner.report.report import ContainerReport
from probetuner.sources.dump import gather_objects
from probetuner.sources.gathering import Gathering
from probetuner.sources.manifests import Given, Origin
from probetuner.sources.recording import Record, Recording, Watched

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
FOLDERS = sorted(path.parent.name for path in RECORDINGS.glob("*/truth.yaml"))
_ORIGIN = Origin(place="the recording")
_NO_TROUBLE = {"healthy", "none"}
"""Who has not seen the trouble cannot tell of it."""


@cache
def records_of(folder: str) -> tuple[Record, ...]:
    """All that was recorded: read once for all that is made of it."""
    return tuple(Recording(RECORDINGS / folder).records())


@cache
def truth_of(folder: str) -> Mapping[str, Any]:
    truth: Mapping[str, Any] = yaml.safe_load((RECORDINGS / folder / "truth.yaml").read_text())
    return truth


def at_share(folder: str, share: float) -> float:
    """The time at which that share of the recording had passed."""
    times = [record.at for record in records_of(folder)]
    return times[0] + share * (times[-1] - times[0])


def there_at(records: Iterable[Record], moment: float) -> list[Mapping[str, Any]]:
    """The objects that a list gave at that moment."""
    there: dict[tuple[str, str], Mapping[str, Any]] = {}
    for record in records:
        if isinstance(record, Watched) and record.at <= moment:
            key = (record.object["kind"], record.object["metadata"]["name"])
            there.pop(key, None)
            if record.change != "DELETED":
                there[key] = record.object
    return list(there.values())


def dumped(folder: str, share: float) -> ContainerReport:
    """What `analyze` makes of `kubectl get -o json` at that time."""
    objects = there_at(records_of(folder), at_share(folder, share))
    given = [Given(object=content, origin=_ORIGIN) for content in objects]
    return report(folder, gather_objects(given, tell=pytest.fail))


def looked_at(folder: str, share: float) -> ContainerReport:
    """What `analyze` makes of a cluster at that time: of its lists and one answer of each kubelet."""
    moment = at_share(folder, share)
    records = [record for record in records_of(folder) if record.at <= moment]
    given = [Given(object=content, origin=_ORIGIN) for content in there_at(records, moment)]
    scrapes = {(record.node, record.path): record for record in records if not isinstance(record, Watched)}
    return report(folder, gather_objects(given, tell=pytest.fail, scrapes=scrapes.values()))


def watched_late(folder: str, share: float, *, scrape_seconds: float = 0.0) -> ContainerReport:
    """What is made of it by who begins at that time: with a list, and from then on with whatever comes.

    Of each kubelet's paths no more than one answer is taken in so many seconds.
    """
    since = at_share(folder, share)
    gathering = Gathering(watched_since=since)
    scraped: dict[tuple[str, str], float] = {}
    for record in begun_at(records_of(folder), since):
        if isinstance(record, Watched):
            gathering.define(record.object, _ORIGIN)
            gathering.remember(gathering.watch(record.object, record.change, at=record.at))
        elif record.at - scraped.get((record.node, record.path), since - scrape_seconds) >= scrape_seconds:
            scraped[record.node, record.path] = record.at
            gathering.remember(gathering.scrape(record))
    return report(folder, gathering)


def begun_at(records: Sequence[Record], since: float) -> Iterator[Record]:
    for content in there_at(records, since):
        yield Watched(at=since, change="ADDED", object=content)
    yield from (record for record in records if record.at > since)


def report(folder: str, gathering: Gathering) -> ContainerReport:
    truth = truth_of(folder)
    (subject,) = (
        s for s in gathering.subjects() if f"{s.workload.ref.kind}/{s.workload.ref.name}" == truth["workload"]
    )
    (container,) = (c for c in judge(subject).containers if c.container.name == truth["container"])
    return container


def said(found: ContainerReport) -> set[str]:
    """The names of the findings and of the actions."""
    return {finding.name.value for finding in found.findings} | {action.name.value for action in found.actions}


def plainly_wrong(folder: str) -> set[str]:
    forbidden = truth_of(folder)["forbid"]
    return {*forbidden["findings"], *forbidden["actions"]} - _NO_TROUBLE


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.2, 0.4, 0.6])
@pytest.mark.parametrize("folder", FOLDERS)
def test_who_begins_late_says_nothing_plainly_wrong(folder: str, share: float) -> None:
    """What came before is unknown, and not taken for what it was not: a container's first life least of all."""
    assert not plainly_wrong(folder) & said(watched_late(folder, share))


@pytest.mark.parametrize("folder", FOLDERS)
def test_who_may_not_scrape_says_nothing_plainly_wrong(folder: str) -> None:
    """Without a kubelet's counters no success is seen but by the pods' status: that is no proof of failure."""
    assert not plainly_wrong(folder) & said(watched_late(folder, 0.0, scrape_seconds=math.inf))


@pytest.mark.parametrize("seconds", [20, 25])
@pytest.mark.parametrize("folder", FOLDERS)
def test_who_scrapes_seldom_says_nothing_plainly_wrong(folder: str, seconds: float) -> None:
    """A short life between two scrapes shows no success, and its failures are not those of a start for that."""
    assert not plainly_wrong(folder) & said(watched_late(folder, 0.0, scrape_seconds=seconds))


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_single_look_says_nothing_plainly_wrong(folder: str, share: float) -> None:
    """A dump has no successes, and of many failures only the latest times."""
    assert not plainly_wrong(folder) & said(dumped(folder, share))


@pytest.mark.parametrize("share", [0.25, 0.4, 0.55, 0.7, 0.85, 1.0])
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_single_look_at_a_cluster_says_nothing_plainly_wrong(folder: str, share: float) -> None:
    """Counters tell how often and not when: a pod's successes may be of lives that are gone."""
    assert not plainly_wrong(folder) & said(looked_at(folder, share))


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
@pytest.mark.parametrize("folder", ["02-slow-start-killed", "05-crash-loop", "06-oom-loop", "08-broken-exec-probe"])
def test_what_a_single_look_proves_is_found(folder: str, share: float) -> None:
    """Status and events alone show crashes, kills for memory, attempts that cannot be made, and refused starts."""
    assert set(truth_of(folder)["expect"]["findings"]) <= said(dumped(folder, share))


CUT = {"a dump": dumped, "one look": looked_at}
"""What is left of a recording at its end: the objects, and in a look the kubelet's last counters too."""
STILL_SHOWN = (
    "02-slow-start-killed",
    "04-readiness-flapping-slow-tail",
    "05-crash-loop",
    "06-oom-loop",
    "07-lockup-no-liveness",
    "08-broken-exec-probe",
    "12-wrong-port",
)
"""Recordings whose end alone shows what the whole of it does."""
KILLS = {"01-rng-cascade": 12, "09-dependency-coupled-liveness": 9, "14-lockup-with-liveness": 6}
"""How often liveness killed where only the course shows why: under load, for a dependency, in a lock-up."""


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("folder", STILL_SHOWN)
def test_the_end_of_a_recording_still_shows_its_truth(folder: str, cut: str) -> None:
    """Cut to one look at its end, or to a dump without metrics, it says and advises what the whole recording does."""
    expected = truth_of(folder)["expect"]
    found = CUT[cut](folder, 1.0)

    assert {*expected["findings"], *expected["actions"]} - _NO_TROUBLE <= said(found)


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("folder", KILLS)
def test_the_end_of_a_recording_hides_no_kill(folder: str, cut: str) -> None:
    """Where the end does not show why, all kills are told as what nothing explains, and liveness stays."""
    found = CUT[cut](folder, 1.0)

    assert found.restarts.killed == sum(found.restarts.unexplained.values()) == KILLS[folder]
    assert "liveness-kill-unexplained" in said(found)
    assert found.target.liveness is not None


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_end_of_a_recording_proves_no_health_and_tightens_nothing(folder: str, cut: str) -> None:
    """What came before the look was not seen, and not seen is not seen not."""
    found = CUT[cut](folder, 1.0)

    assert not {"healthy", "liveness-kill-of-lockup", "detection-too-slow", "grace-too-long"} & said(found)
    for before, after in (
        (found.current.liveness, found.target.liveness),
        (found.current.readiness, found.target.readiness),
    ):
        assert before is None or (after is not None and after.detection_seconds >= before.detection_seconds)


def test_counters_of_the_last_look_show_throttling() -> None:
    """They count since the container is there; the events of a dump tell of timeouts alone."""
    assert {"cpu-throttled", "raise-cpu"} <= said(looked_at("11-cpu-throttled", 1.0))
    assert "cpu-throttled" not in said(dumped("11-cpu-throttled", 1.0))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_lock_up_that_began_before_is_found(share: float) -> None:
    """It is why somebody installs an operator: that the replicas had answered shows in their pods' condition."""
    assert "lockup-without-liveness" in said(watched_late("07-lockup-no-liveness", share))


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_a_single_look_finds_a_lock_up(share: float) -> None:
    """Since when the replicas have been out is in their pods' condition, and their silence in the events."""
    assert "lockup-without-liveness" in said(dumped("07-lockup-no-liveness", share))


def test_a_single_look_tells_a_wrong_port_from_a_slow_start() -> None:
    """Nobody listens where liveness asks, while readiness hardly fails: it is the port."""
    assert "probe-never-succeeds" in said(dumped("12-wrong-port", 1.0))
    assert "fix-handler" in said(dumped("12-wrong-port", 1.0))
