"""What facts leave of a load's impact."""

from probetuner.facts.fact import (
    ContainerExited,
    Fact,
    FailureCause,
    KillAnnounced,
    PodEnding,
    PodRef,
    ProbeCounted,
    ProbeFailed,
    ReadinessChanged,
)
from probetuner.loadtest.impact import Attempts, Impact, take_in
from probetuner.model.probe import ProbeType
from unit.loadtest.lines import LIVENESS

POD = PodRef(namespace="shop", name="web-1", uid="1", template_hash="a")
KILLED = KillAnnounced(at=5.0, pod=POD, container="web", probe=ProbeType.LIVENESS)


def after(*facts: Fact) -> Impact:
    """The impact of these facts on a workload under load since second 0."""
    impact = Impact(began_at=0.0)
    for fact in facts:
        impact = take_in(impact, fact)
    return impact


def test_everything_that_a_person_must_know_is_kept() -> None:
    """Failed attempts, kills, ends and readiness, each with its pod."""
    found = after(
        ProbeFailed(at=4.0, pod=POD, container="web", probe=ProbeType.LIVENESS, cause=FailureCause.TIMEOUT, count=3),
        KILLED,
        ContainerExited(at=6.0, pod=POD, container="web", restarts=0, started_at=None, exit_code=137, reason="Error"),
        ReadinessChanged(at=6.0, pod=POD, container="web", ready=False, by_probe=False),
    )

    assert [(failed.key, failed.count) for failed in found.failures] == [(LIVENESS, 3)]
    assert [kill.pod for kill in found.kills] == ["web-1"]
    assert [restart.reason for restart in found.restarts] == ["Error"]
    assert [change.ready for change in found.readiness] == [False]


def test_a_pod_that_is_taken_away_no_longer_counts() -> None:
    """What a container does while its pod is deleted is the deletion's doing."""
    found = after(PodEnding(at=4.0, pod=POD, container="web", reason="Deleted"), KILLED)

    assert found.kills == ()
    assert found.ended == {"web-1"}


def test_counters_of_before_the_load_are_left_out() -> None:
    """A kubelet's first answer tells of the pod's whole life; only what grew while the load ran is the load's."""

    def counted(*, since: float, at: float, succeeded: int, failed: int) -> ProbeCounted:
        return ProbeCounted(
            at=at,
            pod=POD,
            container="web",
            probe=ProbeType.LIVENESS,
            since=since,
            succeeded=succeeded,
            failed=failed,
        )

    found = after(
        counted(since=-9000.0, at=1.0, succeeded=900, failed=90),
        counted(since=1.0, at=11.0, succeeded=8, failed=2),
        counted(since=11.0, at=21.0, succeeded=7, failed=3),
    )

    assert found.attempts == {LIVENESS: Attempts(succeeded=15, failed=5)}


def test_its_size_is_bounded() -> None:
    """However long the kubelet kills, the first ten thousand times are enough."""
    found = Impact(began_at=0.0, kills=after(KILLED).kills * 10_000)

    assert len(take_in(found, KILLED).kills) == 10_000
