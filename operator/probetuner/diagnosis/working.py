"""How long replicas worked: what is counted per hour is counted by that, and not by the hours that passed."""

from collections.abc import Iterator

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.lockup import lasts_seconds, lockups_without_liveness
from probetuner.diagnosis.starting import starting_kills
from probetuner.history.life import Life


@once
def working_seconds(case: Case) -> float:
    """For how long the present template was watched while its replicas, on average, were up and not stuck.

    A replica that nothing restarts gets stuck once, however long it is watched, and one that is not let come up never
    does.
    """
    there = {life.pod_uid for life in case.history.lives if life.ended_at is None and life.ending_at is None}
    stuck = sum(lasts_seconds(case, run) for run in lockups_without_liveness(case) if run.pod_uid in there)
    return max(1.0, case.observed_seconds * _up_share(case) - stuck / max(1, case.replicas))


def _up_share(case: Case) -> float:
    """The share of their time in which containers were known to be up, by the lives that are remembered."""
    spans = tuple(_spans(case))
    there = sum(there for _, there in spans)
    return sum(up for up, _ in spans) / there if there else 1.0


def _spans(case: Case) -> Iterator[tuple[float, float]]:
    """Of each life, for how long it was up, and how long it was from its start until the next one of its pod began."""
    unborn, now = starting_kills(case), case.history.last_seen_at
    pods: dict[str, list[Life]] = {}
    for life in sorted(case.history.lives, key=lambda life: life.started_at):
        pods.setdefault(life.pod_uid, []).append(life)
    for lives in pods.values():
        for life, fresh in zip(lives, (*lives[1:], None), strict=True):
            ended = now if life.ended_at is None else life.ended_at
            until = fresh.started_at if fresh else ended if life.ending else now
            up = 0.0 if life in unborn else ended - (life.answered_at or life.started_at)
            yield max(0.0, up), max(0.0, until - life.started_at)
