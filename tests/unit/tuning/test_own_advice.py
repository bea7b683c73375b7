"""What is recommended stands its own check: written into the manifest, it makes no static finding that is new."""

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.change.patch import patch_of
from probetuner.cli.inputs import read_recording
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.facts.fact import Fact
from probetuner.history.record import WorkloadHistory
from probetuner.model.policy import Allowance, Policy, Range
from probetuner.model.probe import FIELD_OF, ProbeType
from probetuner.model.workload import parse_workload
from probetuner.report.judge import judge
from probetuner.tuning.recommend import recommend
from support.facts import remember
from support.stories import flapping, killed_under_load, slow_starters
from support.strategic_merge import apply
from support.trouble import months_of_trouble
from support.workloads import Json, container, deployment
from unit.cli.commands import RECORDINGS

OPINIONS = frozenset({FindingName.LIVENESS_ASKS_READINESS})
"""What a path is called says less than what was seen: silence for good, in which only a restart helps."""


def static(manifest: Json) -> list[Finding]:
    """What is found about a manifest alone."""
    written = replace(parse_workload(manifest), uid="")
    return list(diagnose(cases(written, WorkloadHistory(), exposed=True)))


def brought(live: Json, patch: Json) -> set[tuple[str, FindingName]]:
    """What is found about the manifest with the patch, and was not without it.

    Info is a matter of taste, which what was seen outweighs, but for an attempt that outlasts its period.
    """
    before = {(finding.container, finding.name) for finding in static(live)}
    return {
        (finding.container, finding.name)
        for finding in static(apply(json.loads(json.dumps(patch)), live))
        if finding.severity is not Severity.INFO or finding.name is FindingName.TIMEOUT_EXCEEDS_PERIOD
        if finding.name not in OPINIONS
    } - before


def last_seen(recording: Path) -> dict[str, Json]:
    """All objects by kind and name, as they were at the end of the recording."""
    with gzip.open(recording / "watch.ndjson.gz") as lines:
        objects = [json.loads(line)["object"] for line in lines]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}


@pytest.mark.slow
@pytest.mark.parametrize("recording", sorted(path.parent.name for path in RECORDINGS.glob("*/meta.json")))
def test_no_advice_from_a_recording_makes_a_finding(recording: str) -> None:
    """Whatever was recorded of a real kubelet."""
    objects = last_seen(RECORDINGS / recording)

    for subject in read_recording(RECORDINGS / recording, pytest.fail):
        ref = subject.workload.ref
        assert brought(objects[f"{ref.kind}/{ref.name}"], dict(judge(subject).patch)) == set()


numbers = st.sampled_from((1, 2, 3, 5, 7, 10, 15, 30, 60, 120))
failures = st.integers(1, 12)


def probes(path: str) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {"httpGet": st.just({"path": path, "port": 80})},
        optional={
            "initialDelaySeconds": numbers,
            "periodSeconds": numbers,
            "timeoutSeconds": numbers,
            "failureThreshold": failures,
        },
    )


def workloads() -> st.SearchStrategy[Json]:
    """One container with any of the three probes, which may ask the same or not."""
    asked = st.sampled_from(("/1", "/other")).flatmap(probes)
    kinds = {f"{kind}Probe": asked for kind in ("liveness", "readiness", "startup")}
    some: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({}, optional=kinds)
    return st.builds(lambda found, replicas: deployment(container(**found), replicas=replicas), some, st.integers(1, 4))


STORIES: tuple[Callable[[], Iterable[Fact]], ...] = (
    killed_under_load,
    slow_starters,
    flapping,
    *(partial(months_of_trouble, 3, period=10, between=900, seed=seed) for seed in range(4)),
)
bounds = st.dictionaries(
    st.tuples(st.sampled_from(ProbeType), st.sampled_from(sorted(FIELD_OF))),
    st.builds(lambda most: Range(most=most), st.integers(1, 60)),
    max_size=3,
)


def advised(live: Json, history: WorkloadHistory, policy: Policy) -> Json:
    """The patch that an operator would show for it; each action that changes a probe names one that changes."""
    workload = parse_workload(live)
    known = cases(workload, history, objectives=policy.objectives, exposed=True)
    advice = recommend(known, diagnose(known), policy)
    if advice is None:
        return {}
    for action in advice.actions:
        if action.needs not in {None, Allowance.REAPER}:
            assert action.probe is not None
    return dict(patch_of(workload, advice) or {})


@pytest.mark.slow
@given(live=workloads(), story=st.sampled_from(STORIES))
def test_no_advice_for_any_probes_makes_a_finding(live: Json, story: Callable[[], Iterable[Fact]]) -> None:
    """Whatever the numbers of the probes are."""
    patch = advised(live, remember(story()), Policy(allow=frozenset(Allowance)))

    assert brought(live, patch) == set()


@pytest.mark.slow
@given(live=workloads(), story=st.sampled_from(STORIES), bounds=bounds)
def test_no_bounds_leave_a_timeout_longer_than_the_period(
    live: Json, story: Callable[[], Iterable[Fact]], bounds: dict[tuple[ProbeType, str], Range]
) -> None:
    """Whatever a policy's bounds leave of what would be recommended."""
    patch = advised(live, remember(story()), Policy(allow=frozenset(Allowance), bounds=bounds))

    assert FindingName.TIMEOUT_EXCEEDS_PERIOD not in {name for _, name in brought(live, patch)}
