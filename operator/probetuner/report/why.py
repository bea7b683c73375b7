"""Why a container was judged so: what was observed around its kills, how sure that makes, and which settings lost."""

from collections.abc import Iterator, Sequence

from probetuner.change.times import to_text
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding, FindingName
from probetuner.diagnosis.observations import ObservedKill, observed_kills
from probetuner.diagnosis.pressure import weight_of_kill
from probetuner.diagnosis.wording import several
from probetuner.model.policy import Policy
from probetuner.model.probe import Probe
from probetuner.report.printable import printable
from probetuner.report.report import Report
from probetuner.tuning.budget import Budget
from probetuner.tuning.contest import Contest, contests_of
from probetuner.tuning.recommendation import Probes

_MOST_KILLS, _MOST_LOSERS, _UID_CHARACTERS = 20, 5, 8
_ANSWERS = {True: "yes", False: "no", None: "not known"}


def why(case: Case, findings: Sequence[Finding], target: Probes, policy: Policy) -> tuple[str, ...]:
    """What stands behind what is said of a container, a line each. The decision is made once more to see what lost."""
    kills = observed_kills(case)
    return (
        *(_confidence(case, finding) for finding in findings),
        *(line for kill in kills[-_MOST_KILLS:] for line in _kill(kill)),
        *([f"{len(kills) - _MOST_KILLS} earlier kills are left out"] if len(kills) > _MOST_KILLS else []),
        *(
            line
            for contest in contests_of(case, policy, target, Budget())
            for line in _contest(contest, present=case.container.probe(contest.kind), chosen=target.get(contest.kind))
        ),
    )


def _confidence(case: Case, finding: Finding) -> str:
    said = f"{finding.name.value}: {finding.confidence:.0%} sure, from {several(finding.samples, 'observation')}"
    if finding.name is not FindingName.LIVENESS_KILL_UNDER_PRESSURE:
        return said
    return f"{said}; one kill with these signs makes {weight_of_kill(case):.0%}"


def _kill(kill: ObservedKill) -> Iterator[str]:
    yield f"kill at {to_text(kill.at)} in pod {kill.pod_uid[:_UID_CHARACTERS]}: it hit {kill.hit}"
    for answer, word in _ANSWERS.items():
        sentences = [sentence for sentence, seen in kill.observations if seen is answer]
        if sentences:
            yield f"  {word}: {'; '.join(sentences)}"


def _contest(contest: Contest, *, present: Probe | None, chosen: Probe | None) -> Iterator[str]:
    """The setting that was chosen, the present one, and those that came next, by how much they cost more."""
    cost = contest.cost_of(chosen)
    name = contest.kind.value.lower()
    verb = "stays" if chosen == present else "is chosen"
    yield f"{name}, {contest.unit} in what was seen: {_described(chosen)} {verb}, {cost:.1f}"
    others = [one for one in contest.contenders if one.probe not in (chosen, present)]
    lost = [*(one for one in contest.contenders if one.probe == present != chosen), *others[:_MOST_LOSERS]]
    for one in lost:
        is_present = ", as it is" if one.probe == present else ""
        yield f"  {_described(one.probe)}{is_present}: {one.cost - cost:+.1f}"
    if len(others) > _MOST_LOSERS:
        yield f"  and {len(others) - _MOST_LOSERS} more"


def _described(probe: Probe | None) -> str:
    if probe is None:
        return "no probe"
    return (
        f"{printable(str(probe.handler))} each {probe.period_seconds} s, timeout {probe.timeout_seconds} s, "
        f"{probe.failure_threshold} failures"
    )


def write_why(report: Report) -> str:
    """The lines of every container that was asked about; nothing where nobody asked."""
    return "".join(
        f"\nwhy {printable(f'{workload.ref}/{container.name}')}:\n" + "".join(f"  {line}\n" for line in container.why)
        for workload in report.workloads
        for container in workload.containers
        if container.why
    )
