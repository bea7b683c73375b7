"""What a load shows, in words, as a document and as an exit code."""

import json
from dataclasses import replace
from typing import Any

import pytest

from probetuner.loadtest.figures import Figures
from probetuner.loadtest.impact import Attempts, Impact, Kill, Restart
from probetuner.loadtest.judge import judge, moments_of
from probetuner.loadtest.plan import Plan
from probetuner.loadtest.result import Result, document, sentences
from probetuner.model.workload import WorkloadKind, WorkloadRef
from unit.loadtest.lines import LIVENESS, PROBES, failing, line, steady

PLAN = Plan(urls=("http://10.0.0.1:80/",), concurrency=(10,), requests=1000, seconds=60)
KILL = Kill(at=7.0, pod="web-1", key=LIVENESS, count=2)
GONE = Restart(at=9.0, pod="web-1", container="web", reason="Error")


def result(
    lines: list[Figures] | None = None,
    *,
    ended: str = "complete",
    gone: frozenset[str] = frozenset(),
    **happened: Any,
) -> Result:
    """The result of a load that was answered well, and of what else happened; `gone` are pods that were deleted."""
    lines = steady(seconds=10, answered=20) if lines is None else lines
    impact = Impact(began_at=0.0, ended=gone, **happened)
    steps = list({one.step: one for one in lines}.values())
    return Result(
        ref=WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web"),
        service="web",
        plan=PLAN,
        ended=ended,
        verdict=judge(steps, moments_of(lines), impact, probes=PROBES, replicas=2),
        impact=impact,
        probes=PROBES,
        pods=frozenset({"web-1", "web-2"}),
    )


@pytest.mark.parametrize(
    ("found", "said", "counts"),
    [
        (result(), "No probe failed.", False),
        (result(failures=(failing(5.0),)), "begins to lie at 10 requests at a time: it failed once", True),
        (result(steady(seconds=10, failed=20), failures=(failing(5.0),)), "they told the truth", False),
        (result(kills=(KILL,)), "killed for a probe 2 times, first web-1 after 7 s", True),
        (result(restarts=(GONE,)), "Containers ended once", True),
        (result(ended="kill", kills=(KILL,)), "--no-abort-on-kill", True),
        (result(ended="error-share"), "more than 50% of the requests failed", True),
        (result(ended="interrupted"), "before its time", False),
        (result(steady(seconds=10, failed=2)), "Requests failed: refused 20.", False),
        (result(attempts={LIVENESS: Attempts(succeeded=9, failed=1)}), "1 of 10 attempts of the liveness probe", False),
    ],
)
def test_each_thing_that_happened_is_told(found: Result, said: str, *, counts: bool) -> None:
    """A sentence for each, and exit code 1 for what the load did to the workload and its probes."""
    assert said in " ".join(sentences(found))
    assert found.found_something is counts


def test_the_document_has_every_figure() -> None:
    """It is JSON, under names that do not change, with what the client counted and what the workload suffered."""
    found = json.loads(json.dumps(document(result(failures=(failing(5.0, count=3),), kills=(KILL,), restarts=(GONE,)))))

    (step,) = found["steps"]
    assert (found["kind"], found["target"]["name"], found["ended"]) == ("LoadTest", "web", "complete")
    assert (step["concurrency"], step["answered"], step["failed"], step["seconds"]) == (10, 200, {}, 10.0)
    assert (step["kills"], step["restarts"], step["fewestReady"]) == (2, 1, 2)
    assert step["probes"] == [{"container": "web", "probe": "Liveness", "failed": 3, "whileAnswered": 3}]
    assert found["lies"] == [
        {"container": "web", "probe": "Liveness", "fromConcurrency": 10, "failed": 3, "whileAnswered": 3}
    ]
    assert [kill["count"] for kill in found["kills"]] == [2]
    assert found["knee"] is None


CURVE = [
    line(
        number,
        began_at=10.0 * number,
        at=10.0 * (number + 1),
        concurrency=concurrency,
        answered=answered,
        median=median,
    )
    for number, (concurrency, answered, median) in enumerate([(1, 77, 0.105), (2, 125, 0.122), (5, 159, 0.32)])
]
"""Two servers of 0.1 s each, as docs/loadtest.md has them: 15.9 requests a second, and the probe waits for one."""


def test_liveness_that_asks_what_the_load_asked_is_found_before_it_fails() -> None:
    """By Little's law it waits for its whole timeout when as many are under way as are answered in that time."""
    found = result(CURVE)

    assert "follows-load): from about 16 requests at a time on" in " ".join(sentences(found))
    assert document(found)["livenessFollowsLoad"] == [
        {"container": "web", "probe": "Liveness", "killsFromConcurrency": 15.9}
    ]
    assert not found.found_something


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(result([CURVE[0], replace(CURVE[1], answered=154)]), id="not beyond the knee"),
        pytest.param(replace(result(CURVE), plan=replace(PLAN, urls=("http://10.0.0.1:80/1",))), id="another path"),
    ],
)
def test_nothing_is_said_of_a_queue_that_was_not_seen(found: Result) -> None:
    """Where more requests still got more answers, or others than the probe's, nobody knows."""
    assert document(found)["livenessFollowsLoad"] == []


def test_figures_of_a_busy_client_are_doubted() -> None:
    """Where the client itself used most of a processor, the service may bear more than was measured."""
    busy = Figures(step=0, concurrency=99, began_at=0.0, at=10.0, answered=9, cpu_seconds=9.5)

    assert "At 99 at a time the client itself was busy" in " ".join(sentences(result([busy])))
    assert "busy" not in " ".join(sentences(result([line(at=10.0, answered=9)])))


def test_pods_that_were_replaced_are_told() -> None:
    """A rollout under load makes figures of two versions."""
    assert "2 of the pods were replaced" in " ".join(sentences(result(gone=frozenset({"web-1", "web-2", "other"}))))
