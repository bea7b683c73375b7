"""The result of a load: what was asked for, what was measured, and what that shows, in words and as a document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.change.times import to_text
from probetuner.loadtest.figures import Figures, Latency
from probetuner.loadtest.following import Follower, followers_of
from probetuner.loadtest.impact import Impact, ProbeKey
from probetuner.loadtest.judge import Lie, StepResult, Verdict
from probetuner.loadtest.plan import Plan
from probetuner.model.probe import Probe
from probetuner.model.workload import WorkloadRef

API_VERSION = "probetuner.dev/v1alpha1"
_BUSY_CLIENT = 0.8
_MOST_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A load that was sent. `ended` is complete, error-share, kill, interrupted or stopped; `service` as in Target."""

    ref: WorkloadRef
    service: str | None
    plan: Plan
    ended: str
    verdict: Verdict
    impact: Impact
    probes: Mapping[ProbeKey, Probe]
    pods: frozenset[str]

    @property
    def found_something(self) -> bool:
        """Whether a probe lied, a container was killed or ended, or too many requests failed to go on."""
        return bool(
            self.verdict.lies or self.impact.kills or self.impact.restarts or self.ended in ("error-share", "kill")
        )


def sentences(result: Result) -> Iterator[str]:
    """What the load shows, for people."""
    yield from _of_ending(result)
    yield from _of_knee(result)
    for follower in _followers(result):
        yield _of_follower(follower)
    for lie in result.verdict.lies:
        yield _of_lie(lie, result)
    if not result.impact.failures:
        yield "No probe failed." if result.probes else "The workload has no probes."
    elif not result.verdict.lies:
        yield "Probes failed only while requests failed too: they told the truth."
    yield from _of_kills(result)
    for key, attempts in sorted(result.verdict.attempts.items()):
        total = attempts.succeeded + attempts.failed
        yield f"By the kubelet's counters {attempts.failed} of {total} attempts of the {_title(key)} failed."
    yield from _of_doubts(result)


def _of_ending(result: Result) -> Iterator[str]:
    match result.ended:
        case "kill":
            yield "The load was ended at the first kill; --no-abort-on-kill goes on after it."
        case "error-share":
            share = result.plan.abort_error_share
            yield f"The load was ended when more than {share:.0%} of the requests failed; see --abort-error-share."
        case "interrupted" | "stopped":
            yield "The load was ended before its time; this is what was measured until then."
    causes: dict[str, int] = {}
    for step in result.verdict.steps:
        for cause, count in step.figures.failed.items():
            causes[cause] = causes.get(cause, 0) + count
    if causes:
        listed = ", ".join(f"{cause} {count}" for cause, count in sorted(causes.items(), key=lambda item: -item[1]))
        yield f"Requests failed: {listed}."


def _of_knee(result: Result) -> Iterator[str]:
    knee = result.verdict.knee
    if knee is None:
        return
    if knee.reached:
        yield (
            f"The knee is at about {knee.concurrency:.1f} requests at a time: {knee.answered_per_second:.1f} are "
            "answered per second, and more at a time only wait longer."
        )
    else:
        yield f"More requests at a time still got more answers ({knee.answered_per_second:.1f}/s): no knee up to here."


def _followers(result: Result) -> list[Follower]:
    return list(followers_of(result.plan.urls, result.verdict.knee, result.probes))


def _of_follower(follower: Follower) -> str:
    probe = follower.probe
    return (
        f"The {_title(follower.key)} asks what this load asked, and waits behind it (liveness-follows-load): from "
        f"about {follower.concurrency:.0f} requests at a time on most answers take over its timeout of "
        f"{probe.timeout_seconds} s, and {probe.failure_threshold} of them in a row kill."
    )


def _of_lie(lie: Lie, result: Result) -> str:
    step = next(step.figures for step in result.verdict.steps if step.figures.concurrency == lie.concurrency)
    probe = result.probes.get(lie.key)
    asked = f" ({probe.handler}, timeout {probe.timeout_seconds} s)" if probe and probe.handler else ""
    took = (
        f", whose median was {seconds(step.latency.p50)} and 99 % {seconds(step.latency.p99)}" if step.latency else ""
    )
    return (
        f"The {_title(lie.key)}{asked} begins to lie at {lie.concurrency} requests at a time: it failed "
        f"{_times(lie.failed)}, {lie.lying} of them while requests were answered{took}."
    )


def _of_kills(result: Result) -> Iterator[str]:
    kills, restarts = result.impact.kills, result.impact.restarts
    if kills:
        first = min(kills, key=lambda kill: kill.at)
        after = max(0.0, first.at - result.impact.began_at)
        count = sum(kill.count for kill in kills)
        yield f"The kubelet killed for a probe {_times(count)}, first {first.pod} after {after:.0f} s of load."
    if restarts:
        yield f"Containers ended {_times(len(restarts))} under this load."


def _of_doubts(result: Result) -> Iterator[str]:
    gone = result.impact.ended & result.pods
    if gone:
        yield f"{len(gone)} of the pods were replaced under this load: it met two versions, or a disturbance."
    busy = [step.figures for step in result.verdict.steps if _is_busy(step.figures)]
    if busy:
        yield f"At {busy[0].concurrency} at a time the client itself was busy: the service may bear more than this."


def _is_busy(figures: Figures) -> bool:
    return figures.cpu_seconds > _BUSY_CLIENT * figures.seconds


def _title(key: ProbeKey) -> str:
    return f"{key.probe.value.lower()} probe of {key.container}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def seconds(value: float) -> str:
    """A latency for people."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def document(result: Result) -> dict[str, Any]:
    """The result as JSON has it."""
    verdict = result.verdict
    return {
        "apiVersion": API_VERSION,
        "kind": "LoadTest",
        "target": {
            "kind": str(result.ref.kind),
            "namespace": result.ref.namespace,
            "name": result.ref.name,
            "service": result.service,
            "urls": list(result.plan.urls),
        },
        "ended": result.ended,
        "steps": [_step(step) for step in verdict.steps],
        "knee": None
        if verdict.knee is None
        else {
            "concurrency": round(verdict.knee.concurrency, 2),
            "answeredPerSecond": round(verdict.knee.answered_per_second, 2),
            "reached": verdict.knee.reached,
        },
        "lies": [
            {**_key(lie.key), "fromConcurrency": lie.concurrency, "failed": lie.failed, "whileAnswered": lie.lying}
            for lie in verdict.lies
        ],
        "livenessFollowsLoad": [
            {**_key(follower.key), "killsFromConcurrency": round(follower.concurrency, 1)}
            for follower in _followers(result)
        ],
        "attempts": [
            {**_key(key), "succeeded": attempts.succeeded, "failed": attempts.failed}
            for key, attempts in sorted(verdict.attempts.items())
        ],
        "kills": [
            {"at": to_text(kill.at), "pod": kill.pod, **_key(kill.key), "count": kill.count}
            for kill in result.impact.kills[:_MOST_LISTED]
        ],
        "summary": list(sentences(result)),
    }


def _step(step: StepResult) -> dict[str, Any]:
    figures = step.figures
    return {
        "concurrency": figures.concurrency,
        "beganAt": to_text(figures.began_at),
        "seconds": round(figures.seconds, 3),
        "answered": figures.answered,
        "failed": dict(sorted(figures.failed.items())),
        "unfinished": figures.unfinished,
        "answeredPerSecond": round(figures.answered_per_second, 2),
        "latencySeconds": _latency(figures.latency),
        "probes": [
            {**_key(key), "failed": failing.failed, "whileAnswered": failing.lying}
            for key, failing in sorted(step.probes.items())
        ],
        "kills": step.kills,
        "restarts": step.restarts,
        "fewestReady": step.fewest_ready,
    }


def _latency(latency: Latency | None) -> dict[str, float] | None:
    if latency is None:
        return None
    named = {"p50": latency.p50, "p90": latency.p90, "p99": latency.p99, "max": latency.most}
    return {name: round(value, 4) for name, value in named.items()}


def _key(key: ProbeKey) -> dict[str, str]:
    return {"container": key.container, "probe": key.probe.value}
