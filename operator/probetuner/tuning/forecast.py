"""What recommended probes are forecast to do: the past replayed with them."""

from collections.abc import Sequence

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.lockup import killed_in_lockup, lockups_without_liveness
from probetuner.history.life import Life
from probetuner.model.policy import Allowance
from probetuner.tuning.figures import Figures
from probetuner.tuning.recommendation import Probes, Recommendation
from probetuner.tuning.search import Evidence, Forecast


def evidence_of(case: Case) -> Evidence:
    """What candidates for this container are replayed over."""
    return Evidence(
        history=case.history,
        container=case.container,
        grace_seconds=case.workload.grace_seconds,
        stuck=(*killed_in_lockup(case), *_unattended(case)),
    )


def _unattended(case: Case) -> tuple[Life, ...]:
    """The lives that are silent for good with nothing to end them."""
    pods = {run.pod_uid for run in lockups_without_liveness(case)}
    return tuple(life for life in case.history.lives if life.pod_uid in pods and life.ended_at is None)


def forecast(cases: Sequence[Case], recommendation: Recommendation) -> Figures:
    """Replay what was seen with the recommended probes; it costs some tenths of a second for each container changed.

    What nobody knows is taken to have gone well, as it mostly does; a verdict on the real thing follows anyway.
    """
    replayed = [_replay(case, recommendation.target[case.container.name]) for case in cases]
    detections = [each.detection_seconds for each in replayed if each.detection_seconds is not None]
    return Figures(
        observed_seconds=recommendation.before.observed_seconds,
        false_restarts=round(sum(each.mistakes for each in replayed)),
        flaps=round(sum(each.flaps for each in replayed)),
        unready_seconds=sum(each.unready_seconds for each in replayed),
        detection_seconds=max(detections, default=None),
        zombies=_zombies(recommendation),
    )


def _zombies(recommendation: Recommendation) -> int | None:
    """None are left where somebody is to reap them: no cure is taken that is not known to reach how they come."""
    taken = any(action.needs is Allowance.REAPER for action in recommendation.actions)
    return 0 if taken else recommendation.before.zombies


def _replay(case: Case, probes: Probes) -> Forecast:
    return evidence_of(case).forecast(probes)
