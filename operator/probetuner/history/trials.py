"""Folding the attempts at candidate endpoints, each beside what else went on in its pod at that time.

The kubelet tells of a probe's failure a few seconds later in events and up to a scrape's interval later in counters, so
an attempt is judged half a minute after it was made. Attempts at a container that was not up, or was being ended, say
nothing about the endpoint and are dropped.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace

from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS, EndpointTried
from probetuner.history import bounds, filing
from probetuner.history.life import Life
from probetuner.history.record import READY_FLAG_FELL, ContainerHistory, FailureRun, RunEnding
from probetuner.history.trial import NO_LATENCY, Answers, Attempt, Trial, Trouble
from probetuner.model.probe import ProbeType

_WAIT_SECONDS = 30.0
_UP_SECONDS = 60.0
"""A container of which no probe has told yet that it is up is taken to be after this time."""
_BEFORE_SECONDS = 10.0
"""An event tells of a failed attempt when it ends, and the trouble began at some time since the one before."""
_OPEN_SECONDS = 60.0
_SAME_TROUBLE_SECONDS = 60.0
_DISTURBED_SECONDS = 60.0
_THROTTLED_SHARE = 0.25


def tried(entry: ContainerHistory, fact: EndpointTried) -> ContainerHistory:
    """Add an attempt, and judge those that have waited long enough."""
    trial = entry.trials.get(fact.endpoint)
    if trial is None and len(entry.trials) >= bounds.ENDPOINTS:
        return entry
    waiting = sorted((*(trial or Trial()).waiting, _attempt(fact)), key=lambda attempt: attempt.at)
    surplus = max(0, len(waiting) - bounds.WAITING_ATTEMPTS)
    due = max(surplus, sum(attempt.at <= fact.at - _WAIT_SECONDS for attempt in waiting))
    judged = replace(trial or Trial(), waiting=tuple(waiting[due:]))
    for attempt in waiting[:due]:
        judged = _judged(entry, judged, attempt, later=waiting)
    return replace(entry, trials={**entry.trials, fact.endpoint: judged})


def _attempt(fact: EndpointTried) -> Attempt:
    return Attempt(
        at=fact.at,
        pod_uid=fact.pod.uid,
        seconds=fact.seconds,
        cause=fact.cause,
        client_error=fact.client_error,
        elsewhere=fact.elsewhere,
        services_out=fact.services_out,
    )


def _judged(entry: ContainerHistory, trial: Trial, attempt: Attempt, *, later: Iterable[Attempt]) -> Trial:
    if not _counts(entry, attempt):
        return trial
    answer = _answer(attempt)
    services = _services_out(attempt, later)
    failing = _probe_failed(entry, attempt)
    counted = replace(
        _filed(trial, answer, troubled=failing or _throttled(entry, attempt), outage=bool(services)),
        client_errors=trial.client_errors + attempt.client_error,
        elsewhere=trial.elsewhere + attempt.elsewhere,
        troubles=_with_trouble(trial.troubles, attempt) if failing else trial.troubles,
        services=_with_services(trial, services, answer),
    )
    return _aged(counted) if counted.all.attempts > bounds.ENDPOINT_ATTEMPTS else counted


def _filed(trial: Trial, answer: Answers, *, troubled: bool, outage: bool) -> Trial:
    if troubled:
        return replace(trial, troubled=trial.troubled.plus(answer))
    if outage:
        return replace(trial, outage=trial.outage.plus(answer))
    return replace(trial, calm=trial.calm.plus(answer))


def _counts(entry: ContainerHistory, attempt: Attempt) -> bool:
    life = filing.life_at(entry, attempt.pod_uid, attempt.at)
    if life is None or not _runs(life, attempt.at) or _node_disturbed(entry, attempt):
        return False
    up_at = life.started_at + _UP_SECONDS if life.answered_at is None else life.answered_at
    return attempt.cause is None or up_at <= attempt.at


def _runs(life: Life, at: float) -> bool:
    ends = (life.ended_at, life.kill_announced_at, life.ending_at)
    return life.started_at <= at and all(end is None or at + filing.GRAIN_SECONDS < end for end in ends)


def _node_disturbed(entry: ContainerHistory, attempt: Attempt) -> bool:
    return any(
        known.pod_uid == attempt.pod_uid
        and known.reason != READY_FLAG_FELL
        and abs(known.at - attempt.at) <= _DISTURBED_SECONDS
        for known in entry.disturbances
    )


def _answer(attempt: Attempt) -> Answers:
    if attempt.cause is not None:
        return Answers(causes={attempt.cause: 1})
    latency = list(NO_LATENCY)
    latency[bisect_left(LATENCY_BOUNDS_SECONDS, attempt.seconds)] = 1
    return Answers(succeeded=1, latency=tuple(latency))


def _services_out(attempt: Attempt, later: Iterable[Attempt]) -> frozenset[str]:
    """The Services that were out then; for a failure also those that turned out to be soon after.

    What a backend no longer does shows at once in whoever calls it, and in its own readiness some attempts later.
    """
    if attempt.cause is None:
        return frozenset(attempt.services_out)
    soon = [other for other in later if 0.0 <= other.at - attempt.at <= _WAIT_SECONDS]
    return frozenset(service for other in (attempt, *soon) for service in other.services_out)


def _probe_failed(entry: ContainerHistory, attempt: Attempt) -> bool:
    return any(
        run.pod_uid == attempt.pod_uid and run.probe is not ProbeType.STARTUP and _covers(run, attempt.at)
        for run in entry.runs
    )


def _covers(run: FailureRun, at: float) -> bool:
    """Whether the run went on then; one whose end nobody told is taken to be over a minute after its last failure."""
    end = run.last_at + _OPEN_SECONDS if run.ending is RunEnding.OPEN or run.ended_at is None else run.ended_at
    return run.started_at - _BEFORE_SECONDS <= at <= end


def _throttled(entry: ContainerHistory, attempt: Attempt) -> bool:
    return any(
        minute.started_at <= attempt.at < minute.started_at + 60.0
        and minute.cpu_throttled > _THROTTLED_SHARE * minute.cpu_periods
        for minute in entry.minutes
    )


def _with_trouble(troubles: tuple[Trouble, ...], attempt: Attempt) -> tuple[Trouble, ...]:
    old = next(
        (
            known
            for known in troubles
            if known.pod_uid == attempt.pod_uid and attempt.at - known.last_at <= _SAME_TROUBLE_SECONDS
        ),
        None,
    )
    known = old or Trouble(pod_uid=attempt.pod_uid, began_at=attempt.at, last_at=attempt.at)
    longer = replace(
        known,
        last_at=max(known.last_at, attempt.at),
        succeeded=known.succeeded + (attempt.cause is None),
        failed=known.failed + (attempt.cause is not None),
    )
    return (*(trouble for trouble in troubles if trouble is not old), longer)[-bounds.TROUBLES :]


def _with_services(trial: Trial, out: frozenset[str], answer: Answers) -> dict[str, Answers]:
    services = dict(trial.services)
    for name in sorted(out):
        if name in services or len(services) < bounds.SERVICES:
            services[name] = services.get(name, Answers()).plus(answer)
    return services


def _aged(trial: Trial) -> Trial:
    return replace(
        trial,
        calm=trial.calm.halved(),
        outage=trial.outage.halved(),
        troubled=trial.troubled.halved(),
        client_errors=trial.client_errors // 2,
        elsewhere=trial.elsewhere // 2,
        services={name: answers.halved() for name, answers in trial.services.items()},
    )
