"""The mission's rule: where a queue is proved and no hang was seen, the first change takes liveness off what queues."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gym.manifest import CONTAINER
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.facts.feed import Reader
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.model.workload import parse_workload
from probetuner.sources.recording import Recording, Watched
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Recommendation
from support.application import App, Spell
from support.scene import LIVEZ, READYZ, WORK, Judged, Scene, asks

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
SUDDEN = Spell(begin=45, end=165, mode="slow", seconds=3.0, paths=("/work",))
"""A rush that is there at once: no answer comes late before all come too late."""
RNG = Scene(liveness=asks(WORK), apps=(App(spells=(SUDDEN,)),), seconds=700)
"""The service of the mission: two replicas, default liveness on real work, and a process that ignores SIGTERM."""
LEAVES = {"replace-liveness-with-readiness"}
PATIENCE = {"raise-timeout", "raise-failure-threshold"}


def said_over_time(scene: Scene, *, every: int = 5) -> list[Judged]:
    """What would be changed from the first time on at which anything would, as the scene goes on."""
    said = [replace(scene, seconds=float(at)).judge() for at in range(40, int(scene.seconds) + 1, every)]
    changing = [judged.recommendation is not None and not judged.recommendation.changes_nothing for judged in said]
    return said[changing.index(True) :] if True in changing else []


@pytest.mark.slow
@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(RNG, id="no handler for SIGTERM"),
        pytest.param(replace(RNG, apps=(App(spells=(SUDDEN,), handles_term=143),)), id="stops at once"),
        pytest.param(replace(RNG, apps=(App(spells=(SUDDEN,), drains=3.0, handles_term=0),)), id="drains"),
        pytest.param(replace(RNG, replicas=3), id="three replicas"),
        pytest.param(replace(RNG, seed=7), id="another phase of the kubelet"),
    ],
)
def test_the_first_change_takes_liveness_off_what_queues(scene: Scene) -> None:
    """Several replicas fell silent together, and again after the restart: more patience never comes first, or later."""
    said = said_over_time(replace(scene, seconds=300.0))

    assert said
    assert {frozenset(judged.actions) for judged in said} == {frozenset(LEAVES)}
    assert all(judged.target.liveness is None for judged in said)
    assert scene.judge().actions == LEAVES


def test_readiness_asks_what_queues_and_bears_the_load() -> None:
    """It is asked in place of liveness, and gives up later than the load that was seen."""
    readiness = RNG.judge().target.readiness

    assert readiness is not None
    assert readiness.handler == WORK
    assert readiness.borne_seconds >= 90


HUNG = App(locks=(45.0, 1e9))
SLOWLY_UP = App(locks=(120.0, 1e9), starts=(40.0,), silent_start=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(replace(RNG, apps=(HUNG,)), id="both hang at once, and are well again"),
        pytest.param(replace(RNG, apps=(replace(HUNG, handles_term=143, drains=0.3),)), id="and stop when asked to"),
        pytest.param(
            replace(RNG, apps=(SLOWLY_UP,), liveness=asks(WORK, initial_delay_seconds=20)), id="and start slowly"
        ),
        pytest.param(replace(RNG, apps=(App(locks=(45.0, 30.0)),)), id="and hang again, after they had come up"),
        pytest.param(replace(RNG, apps=(App(spells=(SUDDEN,)), App())), id="one replica alone"),
        pytest.param(replace(RNG, replicas=1), id="a single replica"),
        pytest.param(replace(RNG, readiness=asks(READYZ)), id="another endpoint goes on"),
        pytest.param(replace(RNG, cpu_limit=True, counters=False), id="a CPU limit that nobody can see"),
    ],
)
def test_without_proof_of_a_queue_liveness_stays(scene: Scene) -> None:
    """A process that hangs is away for good without liveness: what may be a hang, a start or a limit proves nothing."""
    said = said_over_time(scene, every=20)

    assert all(judged.target.liveness is not None for judged in said)


def test_what_a_rollback_refuted_is_not_proposed_again() -> None:
    """Taking liveness away was tried and made things worse: patience is what is left, and is called a stopgap."""
    found = RNG.cases()
    tried: list[tuple[str, ProbeType, Probe | None]] = [(CONTAINER, ProbeType.LIVENESS, None)]

    assert_is_stopgap(recommend(found, diagnose(found), Policy(), refuted=tried))


def test_more_patience_is_called_a_stopgap() -> None:
    """Where types may not be changed, its reason says so, and which answers make liveness kill again."""
    assert_is_stopgap(replace(RNG, policy=Policy(allow=frozenset({Allowance.THRESHOLDS}))).judge().recommendation)


def assert_is_stopgap(advice: Recommendation | None) -> None:
    assert advice is not None
    chosen = advice.target[CONTAINER].liveness
    assert chosen is not None
    assert {action.name.value for action in advice.actions} <= PATIENCE
    again = f"a stopgap: answers that take over {chosen.timeout_seconds} s for {chosen.borne_seconds} s kill again"
    assert all(action.reason.endswith(again) for action in advice.actions)


def test_outlasting_pauses_is_no_stopgap() -> None:
    """A pause is over by itself, and does not grow as a queue does."""
    pauses = tuple(Spell(begin=at, end=at + 28 + at / 100, mode="pause") for at in (200, 400, 600, 800, 1000))
    paused = App(spells=pauses, handles_term=143)
    hasty = asks(LIVEZ, failure_threshold=2)
    advice = Scene(liveness=hasty, apps=(paused, App()), seconds=1300, grace=60).judge().recommendation

    assert advice is not None
    assert {action.name.value for action in advice.actions} <= PATIENCE
    assert not any("stopgap" in action.reason for action in advice.actions)


def test_so_does_the_first_change_of_the_recorded_story() -> None:
    """A real kubelet's rng: whoever would have changed it at any moment would have taken liveness off."""
    said = list(dict.fromkeys(said_along(RECORDINGS / "01-rng-cascade")))

    assert said == [frozenset(), frozenset(LEAVES)]


def said_along(folder: Path) -> Iterator[frozenset[str]]:
    """The actions that were recommended as the recording went on, after each that told something."""
    recording, history, workload = Recording(folder), WorkloadHistory(), None
    reader = Reader(since=recording.started)
    for record in recording.records():
        if isinstance(record, Watched):
            workload = parse_workload(record.object) if record.object["kind"] == "Deployment" else workload
            facts = reader.watch(record.object, record.change, record.at)
        else:
            facts = reader.scrape(record.node, record.path, record.text, record.at)
        for fact in facts:
            history = observe(history, fact)
        if facts and workload is not None:
            found = cases(workload, history)
            advice = recommend(found, diagnose(found), Policy())
            yield frozenset(action.name.value for action in advice.actions) if advice else frozenset()
