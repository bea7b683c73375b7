"""How long replicas worked: what is counted per hour is counted by that, and not by the hours that passed."""

from collections.abc import Sequence

from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.lockup import lasts_seconds, lockups_without_liveness
from probetuner.diagnosis.starting import shows_success, starting_kills
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
    """The share of their time in which containers were known to be up, by the lives that are remembered.

    Of a pod that restarts often only the last of its lives are: it counts for all of its time nevertheless.
    """
    pods: dict[str, list[Life]] = {}
    for life in sorted(case.history.lives, key=lambda life: life.started_at):
        pods.setdefault(life.pod_uid, []).append(life)
    shares = [(_share(case, lives), _there_seconds(case, lives)) for lives in pods.values()]
    there = sum(seconds for _, seconds in shares)
    return sum(share * seconds for share, seconds in shares) / there if there else 1.0


def _share(case: Case, lives: Sequence[Life]) -> float:
    """The share of a pod's time, from the first of these lives on, in which they were up."""
    up = sum(_up_seconds(case, life) for life in lives)
    return up / max(1.0, up, _until(case, lives[-1]) - lives[0].started_at)


def _up_seconds(case: Case, life: Life) -> float:
    """A life that never answered was not up, where anything could have told that it was."""
    if life in starting_kills(case) or (shows_success(case) and life.answered_at is None and not life.was_ready):
        return 0.0
    ended = case.history.last_seen_at if life.ended_at is None else life.ended_at
    return max(0.0, ended - (life.answered_at or life.started_at))


def _there_seconds(case: Case, lives: Sequence[Life]) -> float:
    forgotten = lives[0].restarts > 0
    since = case.history.first_seen_at if forgotten else lives[0].started_at
    return max(0.0, _until(case, lives[-1]) - since)


def _until(case: Case, last: Life) -> float:
    """Until when a pod was surely there: it may be deleted while its container waits for the next start."""
    return case.history.last_seen_at if last.ended_at is None else last.ended_at
