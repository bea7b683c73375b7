"""Mode Apply changes what trouble asks for that was seen, and nothing else: the rest waits for a person's word."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from probetuner.change import decide
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.facts.fact import Fact
from probetuner.model.mode import Mode
from probetuner.model.policy import Allowance, Policy
from probetuner.tuning import propose
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName
from support.facts import READINESS, answered, counted, pod, ready, remember, started
from support.stage import Stage, Step
from support.stories import crash_loop, oom_loop, quiet, slow_starters
from support.workloads import LIVENESS, container, deployment

APPROVE = "probetuner.dev/approve"

TROUBLES = frozenset(
    {
        "liveness-kill-under-pressure",
        "liveness-kill-during-startup",
        "liveness-kill-by-dependency",
        "liveness-kill-of-lockup",
        "liveness-kill-unexplained",
        "lockup-without-liveness",
        "probe-timeout-too-short",
        "probe-runtime-errors",
        "unready-for-good",
        "readiness-flapping",
        "probe-never-succeeds",
        "probe-errors",
        "crash",
        "oom-killed",
        "cpu-throttled",
        "zombies",
        "single-replica-readiness",
        "detection-too-slow",
        "grace-too-long",
    }
)
"""What is seen to hurt. Whoever adds a finding says here, or below, which kind it is of."""

HTTP = {"httpGet": {"path": "/1", "port": 80}}
EVERYTHING = Policy(allow=frozenset(Allowance))


def both_quiet() -> Iterator[Fact]:
    for of in (pod("web-a"), pod("web-b")):
        yield started(0, of=of)
        yield ready(2, of=of)
        for n in range(30):
            yield counted(10 * n, 10 * n + 10, ok=1, of=of)
            yield counted(10 * n, 10 * n + 10, ok=1, probe=READINESS, of=of)


def written(facts: Callable[[], Iterable[Fact]] = both_quiet, **probes: Any) -> Stage:
    """A workload with these probes, to which that happens."""
    return Stage(live=deployment(container(**probes)), history=remember(facts()), policy=EVERYTHING, now=1000)


def sluggish() -> Iterator[Fact]:
    """Containers that are ready after two seconds, and whose liveness probe waits for two minutes."""
    for of in (pod("web-a"), pod("web-b")):
        yield started(0, of=of)
        yield ready(2, of=of)
        yield counted(0, 5, ok=1, probe=READINESS, of=of)
        for n in range(12, 30):
            yield counted(10 * n, 10 * n + 10, ok=1, of=of)


def seen_once() -> Iterator[Fact]:
    yield started(0)


def late_under_load() -> Iterator[Fact]:
    """Answers of 0.1 s, and for some minutes of half a second and more."""
    for of in (pod("web-a"), pod("web-b")):
        yield started(0, of=of)
        for n in range(60):
            yield counted(10 * n, 10 * n + 10, ok=1, of=of)
            yield answered(10 * n + 10, buckets={7 if 30 <= n < 50 else 4: 1}, of=of)


def unseen() -> Iterator[Fact]:
    yield from ()


SHELL = {"exec": {"command": ["sh", "-c", "redis-cli ping | cat"]}}
UNTROUBLED: dict[str, Callable[[], Stage]] = {
    "exec-without-reaper": partial(written, livenessProbe=SHELL),
    "liveness-before-readiness": partial(
        written, seen_once, livenessProbe=HTTP, readinessProbe={**HTTP, "failureThreshold": 9}
    ),
    "startup-delay-too-long": partial(
        written, sluggish, livenessProbe={**HTTP, "initialDelaySeconds": 120}, readinessProbe=HTTP
    ),
    "timeout-exceeds-period": partial(written, livenessProbe={**HTTP, "timeoutSeconds": 30}),
    "port-not-declared": partial(written, livenessProbe={"httpGet": {"path": "/1", "port": "web"}}),
    "host-in-probe": partial(written, livenessProbe={"httpGet": {"path": "/1", "port": 80, "host": "db.example"}}),
    "success-threshold-ignored": partial(written, livenessProbe={**HTTP, "successThreshold": 3}),
    "liveness-follows-load": partial(written, late_under_load, livenessProbe=HTTP),
    "insufficient-evidence": partial(written, unseen, livenessProbe=HTTP),
    "healthy": partial(written, livenessProbe=HTTP, readinessProbe=HTTP),
}
"""The findings that are no trouble, each with a workload that has it and no trouble."""

NEVER_ALONE = frozenset(
    {
        "missing-readiness",
        "missing-liveness",
        "node-disturbance",
        "rejected-by-api-server",
        "liveness-as-strict-as-readiness",
        "liveness-asks-readiness",
        "liveness-too-eager",
        "start-not-protected",
        "initial-delay-as-startup-probe",
        "readiness-too-slow",
        "exec-timeout-default",
        "exec-without-exit-code",
    }
)
"""No trouble either; they come beside others, or are made of manifests only and never by the operator."""


def test_every_finding_is_known_to_be_trouble_or_not() -> None:
    """A new finding has to be thought about before this passes again."""
    assert {name.value for name in FindingName} == TROUBLES | UNTROUBLED.keys() | NEVER_ALONE
    assert len(FindingName) == len(TROUBLES) + len(UNTROUBLED) + len(NEVER_ALONE)


@pytest.mark.parametrize("name", sorted(UNTROUBLED))
def test_a_workload_without_trouble_is_left_as_it_is(name: str) -> None:
    """In mode Apply with all allowed, what its manifest shows leads to no patch, now or a day later."""
    stage = UNTROUBLED[name]()

    for later in (0, 3600, 86400):
        stage.now += later
        stage.turn()

    assert name in {finding["name"] for finding in stage.status["findings"]}
    assert stage.sent == []
    assert stage.status["history"] == []


def test_a_single_replica_without_trouble_is_left_as_it_is() -> None:
    """So is a database of one replica with both probes, in a StatefulSet or recreated."""
    for kind in ("StatefulSet", "Deployment"):
        live = deployment(container(livenessProbe=HTTP, readinessProbe=HTTP), replicas=1, kind=kind)
        live["spec"]["strategy"] = {"type": "Recreate"}
        stage = Stage(live=live, history=remember(both_quiet()), policy=EVERYTHING, now=1000)

        stage.turn()

        assert stage.sent == []
        assert stage.status["recommendation"]["summary"] == "none"
        assert "single-replica-readiness" in {finding["name"] for finding in stage.status["findings"]}


@pytest.mark.parametrize("name", list(FindingName))
def test_only_trouble_has_its_advice_applied(name: FindingName, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a finding asks for, and however sure and grave it is: without trouble it is not sent."""
    only_finding(monkeypatch, name)
    stage = Stage(policy=EVERYTHING, history=remember(quiet()))

    stage.turn()

    assert stage.status["recommendation"]["summary"] == "raise-timeout"
    if name in TROUBLES:
        assert [change["summary"] for change in stage.status["history"]] == ["raise-timeout"]
        assert len(stage.sent) == 1
    else:
        assert stage.sent == []
        assert stage.condition("Applied")["reason"] == "NoTroubleSeen"


@pytest.mark.parametrize("name", [FindingName.ZOMBIES, FindingName.SINGLE_REPLICA_READINESS])
def test_what_is_only_worth_knowing_is_no_trouble(name: FindingName, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding of severity info never leads to a change by itself."""
    only_finding(monkeypatch, name, severity=Severity.INFO)
    stage = Stage(policy=EVERYTHING, history=remember(quiet()))

    stage.turn()

    assert stage.sent == []


def only_finding(monkeypatch: pytest.MonkeyPatch, name: FindingName, *, severity: Severity = Severity.CRITICAL) -> None:
    """Have it found, surely, and answered with another timeout."""
    found = Finding(
        name=name, container="web", severity=severity, confidence=0.99, samples=99, evidence=(), explanation="So it is."
    )
    monkeypatch.setattr(decide, "diagnose", lambda _: (found,))
    monkeypatch.setitem(propose._STEPS, name, _wait_longer)


def _wait_longer(proposal: Proposal) -> Proposal:
    liveness = proposal.probes.liveness
    assert liveness is not None
    longer = replace(proposal.probes, liveness=replace(liveness, timeout_seconds=7))
    return proposal.take(ActionName.RAISE_TIMEOUT, "so be it", needs=Allowance.THRESHOLDS, probes=longer)


def mixed() -> Stage:
    """Starts that liveness ends in one container, and a late readiness probe in its neighbour."""
    beside = [replace(fact, container="beside") for fact in sluggish()]
    live = deployment(
        container(livenessProbe=LIVENESS),
        container("beside", livenessProbe={**HTTP, "initialDelaySeconds": 120}, readinessProbe=HTTP),
    )
    return Stage(live=live, history=remember([*slow_starters(), *beside]), now=1000)


def patched(stage: Stage) -> dict[str, set[str]]:
    """Which probes of which containers were patched."""
    entries = stage.sent[-1]["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: set(entry) - {"name"} for entry in entries}


def test_of_mixed_advice_only_what_trouble_asks_for_is_sent() -> None:
    """All of it is recommended; the patch has the part for the trouble, and the Event says what waits for a word."""
    stage = mixed()

    stage.turn()

    summary = stage.status["recommendation"]["summary"]
    assert {"add-startup-probe", "lower-initial-delay"} == set(summary.split(", "))
    assert patched(stage) == {"web": {"startupProbe"}}
    assert stage.latest["summary"] == "add-startup-probe"
    (told,) = (told.message for told in stage.told if told.reason == "Applying")
    assert told.endswith("; only with your approval: lower-initial-delay")


def test_an_approval_applies_all_of_it_in_mode_apply_too() -> None:
    """A person's word is good for what rests on no trouble as well, once."""
    stage = mixed()
    identity = stage.turn(until=Step.DECIDED).status["recommendation"]["id"]
    stage.live["metadata"]["annotations"][APPROVE] = identity

    stage.turn()

    assert patched(stage) == {"web": {"startupProbe"}, "beside": {"livenessProbe"}}
    assert (stage.latest["id"], stage.latest["approved"]) == (identity, True)


def test_why_nothing_is_done_is_said_with_what_to_do() -> None:
    """The condition names the advice and the id to approve; nobody is alarmed, and the approval has it applied once."""
    stage = UNTROUBLED["startup-delay-too-long"]()
    stage.turn()
    identity = stage.status["recommendation"]["id"]

    applied = stage.condition("Applied")
    assert (applied["reason"], applied["status"]) == ("NoTroubleSeen", "False")
    assert "no trouble was seen that asks for lower-initial-delay" in applied["message"]
    assert f"probetuner.dev/approve={identity}" in applied["message"]
    assert stage.status["phase"] == "Recommended"
    assert "Warning" not in {told.tone for told in stage.told}

    stage.live["metadata"]["annotations"][APPROVE] = identity
    stage.turn()

    assert patched(stage) == {"web": {"livenessProbe"}}


def test_what_is_sure_without_trouble_makes_no_trouble_surer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port name that surely does not exist lends nothing to a trouble of the same container that is not sure."""
    unsure = Finding(
        name=FindingName.READINESS_FLAPPING,
        container="web",
        severity=Severity.WARNING,
        confidence=0.4,
        samples=1,
        evidence=(),
        explanation="It may be.",
    )
    sure = replace(unsure, name=FindingName.PORT_NOT_DECLARED, severity=Severity.CRITICAL, confidence=0.99)
    crashes = replace(sure, name=FindingName.CRASH)
    monkeypatch.setattr(decide, "diagnose", lambda _: (sure, crashes, unsure))
    monkeypatch.setitem(propose._STEPS, FindingName.READINESS_FLAPPING, _wait_longer)
    stage = Stage(policy=EVERYTHING, history=remember(quiet()))

    stage.turn()

    assert stage.sent == []
    assert stage.condition("Applied")["reason"] == "LowConfidence"
    assert "confidence is 40%" in stage.condition("Applied")["message"]


@pytest.mark.parametrize("facts", [crash_loop, oom_loop])
def test_trouble_that_no_probe_mends_carries_nothing_else_along(facts: Any) -> None:
    """A crash or a full memory is trouble, and no reason for what the manifest alone shows."""
    stage = written(facts, livenessProbe=HTTP, readinessProbe={**HTTP, "failureThreshold": 9})

    stage.turn()

    assert stage.sent == []


def test_what_trouble_asks_for_but_is_not_allowed_is_said_to_be_so() -> None:
    """Where the policy forbids the cure, that is the reason, and not that there is no trouble."""
    stage = mixed()
    stage.policy = Policy(allow=frozenset({Allowance.THRESHOLDS}))

    stage.turn()

    assert stage.sent == []
    assert stage.condition("Applied")["reason"] == "NotAllowed"
    assert "does not list Startup" in stage.condition("Applied")["message"]


def test_recommend_shows_all_of_it() -> None:
    """In mode Recommend there is no difference: everything is advised, and an approval applies everything."""
    stage = mixed()
    stage.mode = Mode.RECOMMEND
    stage.turn()
    assert stage.condition("Applied")["reason"] == "ModeDoesNotApply"
    stage.live["metadata"]["annotations"][APPROVE] = stage.status["recommendation"]["id"]

    stage.turn()

    assert patched(stage).keys() == {"web", "beside"}
