"""What makes an endpoint unfit: each flaw is a small function that says it in a sentence, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.lockup import killed_in_lockup
from probetuner.diagnosis.wording import several
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.history.life import Life
from probetuner.history.trial import Answers, Trial
from probetuner.model.candidate import Candidate
from probetuner.model.probe import ProbeType, TcpSocket

_LEAST_FAILURES, _CALM_SHARE, _TROUBLED_SHARE = 2, 0.02, 0.1
_LEAST_ATTEMPTS, _ABSENT_SHARE = 6, 0.8
_OUTAGE_ATTEMPTS, _OUTAGE_SHARE = 6, 0.8
_SLOW_SHARE, _SLOW_SECONDS = 0.05, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An endpoint with its trial and the container it is of."""

    case: Case
    candidate: Candidate
    trial: Trial = field(default_factory=Trial)


Flaw = Callable[[Tried], str | None]


def first_flaw(tried: Tried, flaws: tuple[Flaw, ...]) -> str | None:
    """The first of these that the endpoint has."""
    return next((sentence for flaw in flaws if (sentence := flaw(tried)) is not None), None)


def called_services(trial: Trial) -> tuple[str, ...]:
    """The Services without which the endpoint fails, while it answers with them; several if they were out together."""
    return tuple(name for name, answers in sorted(trial.services.items()) if _fails_with(trial, answers))


def _fails_with(trial: Trial, out: Answers) -> bool:
    attempts, failed = trial.all.attempts - out.attempts, trial.all.failed - out.failed
    return (
        out.attempts >= _OUTAGE_ATTEMPTS
        and out.failed >= _OUTAGE_SHARE * out.attempts
        and attempts >= _OUTAGE_ATTEMPTS
        and failed <= _TROUBLED_SHARE * attempts
    )


def is_absent(trial: Trial) -> bool:
    """Whether the server is up and does not serve it."""
    answers = trial.all
    return (
        answers.attempts >= _LEAST_ATTEMPTS
        and answers.succeeded < (1.0 - _ABSENT_SHARE) * answers.attempts
        and 2 * trial.client_errors > answers.failed
    )


def _is_absent(tried: Tried) -> str | None:
    return "it is not served: the answer is an HTTP status from 400 to 499" if is_absent(tried.trial) else None


def _never_answers(tried: Tried) -> str | None:
    answers = tried.trial.all
    if answers.attempts < _LEAST_ATTEMPTS or answers.succeeded:
        return None
    return f"it never answered as it should: {_causes(answers)}"


def _leads_elsewhere(tried: Tried) -> str | None:
    if not tried.trial.elsewhere:
        return None
    return "it redirects to another host, which the kubelet takes for a success without asking there"


def _fails_by_itself(tried: Tried) -> str | None:
    calm = tried.trial.calm
    if calm.attempts < _LEAST_ATTEMPTS or calm.failed < max(_LEAST_FAILURES, _CALM_SHARE * calm.attempts):
        return None
    return f"it failed in {_share(calm)} of the attempts while no probe failed and no Service was out: {_causes(calm)}"


def _calls_a_service(tried: Tried) -> str | None:
    services = called_services(tried.trial)
    if not services:
        return None
    names, one = " and ".join(services), len(services) == 1
    return (
        f"it calls the Service {names}: it fails only while that has no ready endpoint"
        if one
        else f"it calls one of the Services {names}, which were out together: it fails only then"
    )


def _fails_in_trouble(tried: Tried) -> str | None:
    troubled = tried.trial.troubled
    if troubled.failed < _LEAST_FAILURES or troubled.failed <= _TROUBLED_SHARE * troubled.attempts:
        return None
    return f"it fails when the probes do, in {_share(troubled)} of the attempts at such times: {_causes(troubled)}"


def _is_slow(tried: Tried) -> str | None:
    calm = tried.trial.calm
    slow = sum(count for bound, count in zip(_LOWER_BOUNDS, calm.latency, strict=True) if bound >= _SLOW_SECONDS)
    if slow < _LEAST_FAILURES or slow <= _SLOW_SHARE * calm.succeeded:
        return None
    return f"it is expensive: {slow / calm.succeeded:.0%} of the answers took over {_SLOW_SECONDS:g} s in calm"


def _is_answered_by_the_kernel(tried: Tried) -> str | None:
    if not isinstance(tried.candidate.handler, TcpSocket):
        return None
    return "the kernel accepts connections for a stuck process too, so a connection proves no life"


def _answers_while_stuck(tried: Tried) -> str | None:
    stuck = [life for life in killed_in_lockup(tried.case) if _answered_in(tried.trial, life)]
    if not stuck:
        return None
    return f"it went on answering in {several(len(stuck), 'lock-up')} that only a restart ended"


def _answered_in(trial: Trial, life: Life) -> bool:
    began = life.tally(ProbeType.LIVENESS).first_failed_at or life.started_at
    ended = life.kill_announced_at or life.ended_at or began
    return any(
        trouble.pod_uid == life.pod_uid
        and trouble.began_at <= ended
        and trouble.last_at >= began
        and trouble.succeeded > trouble.failed
        for trouble in trial.troubles
    )


def _share(answers: Answers) -> str:
    """The share of failures, in tenths, so that it seldom changes."""
    return f"{max(0.1, round(answers.failed / answers.attempts, 1)):.0%}"


def _causes(answers: Answers) -> str:
    return ", ".join(sorted(cause.value for cause in answers.causes))


_LOWER_BOUNDS = (0.0, *LATENCY_BOUNDS_SECONDS)
BROKEN: tuple[Flaw, ...] = (_is_absent, _never_answers, _leads_elsewhere, _fails_by_itself)
"""What makes an endpoint unfit for any probe."""

UNFIT_FOR_LIVENESS: tuple[Flaw, ...] = (
    _calls_a_service,
    _is_answered_by_the_kernel,
    _fails_in_trouble,
    _is_slow,
    _answers_while_stuck,
)
"""What makes one that works unfit for liveness."""
