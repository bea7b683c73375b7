"""The count that a report begins with, and what watching adds to one look, by what they promise."""

from dataclasses import replace

import pytest

from probetuner.report.gain import gained, write_gain
from probetuner.report.page import write_html
from probetuner.report.report import Report, WorkloadReport
from probetuner.report.summary import summary_of, write_summary
from support.dumps import REFUSED, TIMED_OUT, Dump, Pod, failing, killing
from unit.report.reports import REPORTS, of_recordings

QUIET = Dump(pods=[Pod()])
KILLED = Dump(
    pods=[Pod(restarts=4, since=-60.0)],
    events=[killing(4, first=-3000.0), failing(TIMED_OUT, 12, first=-3000.0)],
)
MISDIRECTED = Dump(
    probes={"livenessProbe": {"httpGet": {"path": "/", "port": 81}}, "readinessProbe": {"httpGet": {"port": 8080}}},
    pods=[Pod(restarts=9, since=-20.0)],
    events=[killing(9, first=-3000.0), failing(REFUSED.replace("8080", "81"), 27, first=-3000.0)],
)
"""Liveness asks a port where nobody listens, while readiness passes: nine kills, and none of them cured anything."""


@pytest.mark.parametrize("name", REPORTS)
def test_no_kill_is_counted_twice(name: str) -> None:
    """What cured nothing and what is not explained are kills by probes, and those are restarts."""
    for one in REPORTS[name]().workloads:
        for container in one.containers:
            restarts = container.restarts
            assert 0 <= restarts.in_vain + sum(restarts.unexplained.values()) <= restarts.killed <= restarts.total


def test_restarts_by_a_wrong_question_cured_nothing() -> None:
    """However few of them are remembered, all of them were in vain; kills that nothing explains may have cured."""
    summary = summary_of(Report(workloads=(KILLED.judge(), MISDIRECTED.judge())))

    assert (summary.total.restarts, summary.total.by_probes) == (13, 13)
    assert (summary.total.in_vain, summary.total.unexplained) == (9, 4)
    assert [tally.in_vain for _, tally in summary.workloads] == [9, 0]


def test_the_worst_workloads_come_first_and_twenty_at_most() -> None:
    """More than twenty workloads are counted in a last line."""
    lines = write_summary(Report(workloads=(MISDIRECTED.judge(),) * 25)).splitlines()

    assert lines[0] == "225 restarts, 225 by probes: 225 cured nothing, 0 not explained"
    assert lines[-2:] == ["and 5 workloads more", ""]
    assert len(lines) == 1 + 1 + 20 + 2


def test_who_never_restarted_is_told_so() -> None:
    """A dump of a quiet workload begins with that; a report of manifests has no count."""
    assert write_summary(Report(workloads=(QUIET.judge(),))) == "no restarts\n\n"
    assert write_summary(REPORTS["hostile"]()) == ""


def test_a_watch_that_adds_nothing_is_told_so() -> None:
    """The same judgement before and after is no gain."""
    same = of_recordings().workloads

    assert gained(same, same) == ()
    assert write_gain(Report(workloads=same, gained=())).endswith("  nothing\n")


def test_what_only_watching_found_is_new_and_what_was_not_known_is_known() -> None:
    """Findings, restarts and confidence are compared by container."""
    (gain,) = gained((QUIET.judge(),), (MISDIRECTED.judge(),))
    told = write_gain(Report(workloads=(), gained=(gain,)))

    assert "probe-never-succeeds" in {finding.name.value for finding in gain.new}
    assert "Deployment/shop/web/app: new: probe-never-succeeds" in told
    assert "Deployment/shop/web/app: known now: one look was not enough evidence" in told
    assert "Deployment/shop/web/app: restarts: 0 before, 9 now" in told


def test_the_page_says_both_too() -> None:
    """It begins with the same count, and ends with what was gained; of manifests it says neither."""
    gains = gained((QUIET.judge(),), (MISDIRECTED.judge(),))
    page = write_html(Report(workloads=(MISDIRECTED.judge(),), gained=gains))
    of_files = write_html(REPORTS["hostile"]())

    assert "<p>9 restarts, 9 by probes: 9 cured nothing, 0 not explained</p>" in page
    assert "<li>Deployment/shop/web/app: restarts: 0 before, 9 now</li>" in page
    assert "by probes" not in of_files
    assert "no restarts" not in of_files
    assert "What watching added" not in of_files


def test_kills_that_are_explained_now_are_told() -> None:
    """What one look could not explain, and watching could, is the reason to watch."""
    (gain,) = gained((KILLED.judge(),), (MISDIRECTED.judge(),))

    assert gain.unexplained == (4, 0)
    assert "kills not explained: 4 before, 0 now" in write_gain(Report(workloads=(), gained=(gain,)))
    assert "no longer found: liveness-kill-unexplained" in write_gain(Report(workloads=(), gained=(gain,)))


@pytest.mark.parametrize(("before", "told"), [(0.5, True), (0.97, False)])
def test_confidence_that_changed_is_told_with_both(*, before: float, told: bool) -> None:
    """A point or two is no news."""
    after = _unexplained(0.99)
    gains = gained((_unexplained(before),), (after,))
    text = write_gain(Report(workloads=(after,), gained=gains))

    assert ("surer: liveness-kill-unexplained, 50% before, 99% now" in text) is told
    assert bool(gains) is told


def _unexplained(confidence: float) -> WorkloadReport:
    """The report about unexplained kills, as sure as that."""
    report = KILLED.judge()
    (container,) = report.containers
    findings = tuple(replace(finding, confidence=confidence) for finding in container.findings)
    return replace(report, containers=(replace(container, findings=findings),))
