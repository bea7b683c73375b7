"""Zombies and CPU throttling: found by figures of the process, and not where those have other reasons."""

from dataclasses import replace

import pytest

from gym.manifest import CONTAINER
from probetuner.facts.fact import (
    CpuThrottled,
    Fact,
    PodRef,
    ProcessesCounted,
)
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Exec, Probe
from support.application import App, Spell
from support.scene import READYZ, WORK, Scene, asks
from support.scene import T0 as SCENE_T0

OFTEN = asks(READYZ, period_seconds=5)
SHELL = Exec(command=("sh", "-c", "redis-cli ping && (redis-cli info > /tmp/info &)"))


def tasks(of: PodRef, *, grows: float, levels_at: float = 1e9, processes_too: bool = False) -> list[Fact]:
    """Samples each ten seconds for five minutes: tasks that grow by so many a second."""
    found: list[Fact] = []
    for at in range(5, 300, 10):
        more = int(grows * min(at, levels_at))
        found.append(
            ProcessesCounted(
                at=SCENE_T0 + at,
                pod=of,
                container=CONTAINER,
                processes=1 + (more if processes_too else 0),
                threads=4 + (2 * more if processes_too else more),
            )
        )
    return found


def throttled(of: PodRef, share: float) -> list[Fact]:
    """CFS periods each ten seconds, so many of them throttled."""
    return [
        CpuThrottled(at=SCENE_T0 + at, pod=of, container=CONTAINER, periods=100, throttled=int(100 * share))
        for at in range(5, 300, 10)
    ]


HANGS = App(spells=(Spell(begin=100, end=132, mode="hang"),), handles_term=143)
"""The load is over as soon as the container is killed."""


def with_tasks(handler: Probe, **how: float | bool) -> Scene:
    scene = Scene(liveness=handler, replicas=1, policy=Policy(allow=frozenset(Allowance)))
    return replace(scene, extra=tuple(tasks(scene.pod(), **how)))  # type: ignore[arg-type]  # passed on as they are


def test_zombies_grow_with_the_runs_of_a_probe_that_leaves_a_child() -> None:
    """One task more per run and no process: zombies, with the growth as the figure and no probe's fault found."""
    said = with_tasks(asks(SHELL, period_seconds=4), grows=0.25).judge()

    assert "zombies" in said.names
    assert said.finding("zombies").samples == 70
    assert "70 or more" in said.finding("zombies").evidence[0]
    assert said.actions == {"share-process-namespace"}


@pytest.mark.parametrize(
    "scene",
    [
        with_tasks(asks(SHELL, period_seconds=4), grows=0.5, levels_at=60.0),
        with_tasks(asks(SHELL, period_seconds=4), grows=0.25, processes_too=True),
        with_tasks(asks(Exec(command=("redis-cli", "ping")), period_seconds=4), grows=0.25),
        with_tasks(asks(), grows=0.25),
        with_tasks(asks(SHELL, period_seconds=4), grows=0.01),
    ],
    ids=["a thread pool", "real processes", "a single-process probe", "no exec probe", "hardly any growth"],
)
def test_other_growth_is_no_zombies(scene: Scene) -> None:
    """A pool that fills and stops, live processes, and probes that cannot leave a child are no zombies."""
    assert "zombies" not in scene.judge().names


def test_throttling_counts_where_probes_time_out() -> None:
    """Throttled in most periods while probes time out: raise the CPU first, and nothing hides it."""
    slow = App(slow=0.4, slow_seconds=1.5)
    scene = Scene(liveness=asks(failure_threshold=6), readiness=OFTEN, apps=(slow,))
    scene = replace(scene, extra=tuple(fact for index in (0, 1) for fact in throttled(scene.pod(index), 0.8)))
    said = scene.judge()

    assert "cpu-throttled" in said.names
    assert "80%" in said.finding("cpu-throttled").evidence[0]
    assert said.recommendation is not None
    assert "raise-cpu" in said.actions
    assert said.target.readiness == scene.readiness


@pytest.mark.parametrize(
    ("app", "share"),
    [(App(), 0.9), (App(slow=0.4), 0.1), (App(paths=("/livez",)), 0.8)],
    ids=["throttled without failures", "failures without throttling", "answers that say no"],
)
def test_throttling_that_explains_nothing_is_not_reported(app: App, share: float) -> None:
    """Throttling without failures, failures without throttling, and failures that no slowness makes."""
    scene = Scene(liveness=asks(), readiness=OFTEN, apps=(app,))
    scene = replace(scene, extra=tuple(fact for index in (0, 1) for fact in throttled(scene.pod(index), share)))

    assert "cpu-throttled" not in scene.judge().names


@pytest.mark.parametrize(
    ("apps", "usual", "found"),
    [
        ((HANGS,), 0.0, "liveness-kill-under-pressure"),
        ((HANGS,), 0.8, "liveness-kill-of-lockup"),
        ((HANGS, App()), 0.0, "liveness-kill-of-lockup"),
        ((HANGS, App(spells=(Spell(begin=105, end=114, mode="hang"),))), 0.0, "liveness-kill-of-lockup"),
        ((replace(HANGS, handles_term=None), App()), 0.0, "liveness-kill-of-lockup"),
    ],
    ids=["all replicas", "as always", "one alone", "another late once", "deaf"],
)
def test_who_is_silent_at_its_limit_is_busy_unless_it_is_alone(apps: tuple[App, ...], usual: float, found: str) -> None:
    """Load makes several replicas run into it at once; one that is stuck in a loop does so by itself."""
    scene = Scene(liveness=asks(WORK), apps=apps, seconds=300)
    shares = [throttled(scene.pod(index), share) for index in (0, 1) for share in (usual, 0.8)]
    facts = [
        fact
        for usually, amid in zip(shares[::2], shares[1::2], strict=True)
        for fact in (*usually[:9], *amid[9:14], *usually[14:])
    ]
    said = replace(scene, extra=tuple(facts)).judge()

    assert said.names & {"liveness-kill-under-pressure", "liveness-kill-of-lockup"} == {found}
    if found == "liveness-kill-under-pressure":
        assert any("ran into the CPU limit" in line for line in said.finding(found).evidence)
