"""Which endpoints are fit to be asked by a liveness probe, which by a readiness probe, and which by neither.

Judged by how each one answered when it was tried beside the probes, never by its path. Liveness may ask only what
answers as long as the process is not stuck: it must not wait in the queue that pressure makes, must not ask another
service, and must not go on answering for a process that is stuck. What nobody has seen in trouble yet is not known.
"""

from dataclasses import dataclass
from enum import StrEnum

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.flaws import BROKEN, UNFIT_FOR_LIVENESS, Tried, called_services, first_flaw, is_absent
from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.history.trial import Answers, Trial, at_least
from probetuner.model.candidate import Candidate
from probetuner.model.endpoint import endpoints_of, name_of
from probetuner.model.policy import Policy
from probetuner.model.probe import TcpSocket

ENOUGH_ATTEMPTS = 30
ENOUGH_IN_TROUBLE = 10
"""Of which none, or hardly any, may fail: then three failures in a row are rare."""


class Fitness(StrEnum):
    """Whether an endpoint is fit for a type of probe."""

    FIT = "Fit"
    UNFIT = "Unfit"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the trial of an endpoint has shown so far; the two sentences say why.

    `calls` names the Services without which it does not answer. `works` is whether it answered often enough, and
    reliably while nothing was amiss; `absent` whether the server is up and does not serve it.
    """

    candidate: Candidate
    trial: Trial
    liveness: Fitness
    liveness_reason: str
    readiness: Fitness
    readiness_reason: str
    calls: tuple[str, ...] = ()
    works: bool = False
    absent: bool = False

    @property
    def name(self) -> str:
        """What the endpoint is called."""
        return name_of(self.candidate.handler)


def judge_endpoints(case: Case, policy: Policy) -> tuple[Judgement, ...]:
    """Judge every endpoint of a container that the user lets be tried."""
    return tuple(
        judge(Tried(case=case, candidate=candidate, trial=case.history.trials.get(name_of(candidate.handler), Trial())))
        for candidate in endpoints_of(case.workload, case.container, policy)
    )


def judge(tried: Tried) -> Judgement:
    """Judge one endpoint."""
    broken = first_flaw(tried, BROKEN)
    flaw = broken or first_flaw(tried, UNFIT_FOR_LIVENESS)
    missing = _missing(tried.trial)
    enough = tried.trial.all.attempts >= ENOUGH_ATTEMPTS
    return Judgement(
        candidate=tried.candidate,
        trial=tried.trial,
        liveness=_fitness(flaw, known=missing is None),
        liveness_reason=flaw or missing or _praise(tried.trial),
        readiness=_fitness(broken, known=enough),
        readiness_reason=broken or _for_readiness(tried, enough=enough),
        calls=called_services(tried.trial),
        works=flaw is None and enough,
        absent=is_absent(tried.trial),
    )


def _fitness(flaw: str | None, *, known: bool) -> Fitness:
    if flaw is not None:
        return Fitness.UNFIT
    return Fitness.FIT if known else Fitness.UNKNOWN


def _missing(trial: Trial) -> str | None:
    """What has to be seen before liveness may ask it."""
    attempts, troubled = trial.all.attempts, trial.troubled.attempts
    if attempts < ENOUGH_ATTEMPTS:
        return _too_few(trial)
    if troubled < ENOUGH_IN_TROUBLE:
        return (
            "answers well, but was not seen in trouble yet: "
            f"{at_least(troubled)} of {ENOUGH_IN_TROUBLE} attempts at least while a probe failed"
        )
    return None


def _too_few(trial: Trial) -> str:
    return f"not tried often enough yet: {at_least(trial.all.attempts)} of {ENOUGH_ATTEMPTS} attempts at least"


def _praise(trial: Trial) -> str:
    troubled, calm = trial.troubled, trial.calm
    return (
        f"it answered {_nearly_all(troubled)} of at least {at_least(troubled.attempts)} attempts while a probe failed, "
        f"and {_nearly_all(calm)} of at least {at_least(calm.attempts)} in calm, {_speed(trial.all)}"
    )


def _for_readiness(tried: Tried, *, enough: bool) -> str:
    if not enough:
        return (
            f"not tried often enough yet, {at_least(tried.trial.all.attempts)} of {ENOUGH_ATTEMPTS} attempts at least"
        )
    services = called_services(tried.trial)
    if services:
        return f"it follows the Service {' and '.join(services)}: without it all replicas leave at once"
    if isinstance(tried.candidate.handler, TcpSocket):
        return "it answers reliably, but says only that the port is open"
    return "it answers reliably"


def _nearly_all(answers: Answers) -> str:
    return "all" if not answers.failed else "nearly all"


def _speed(answers: Answers) -> str:
    """The bound below which 99 of 100 answers were."""
    seen, needed = 0, 0.99 * answers.succeeded
    for bound, count in zip(LATENCY_BOUNDS_SECONDS, answers.latency, strict=False):
        seen += count
        if seen >= needed:
            return f"99 % within {bound:g} s"
    return f"some in over {LATENCY_BOUNDS_SECONDS[-1]:g} s"
