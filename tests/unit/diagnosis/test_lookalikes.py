"""Findings keep silent on what only looks like their trouble, and say what their figures are."""

from dataclasses import replace

import pytest

from gym.manifest import CONTAINER
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.finding import Finding
from probetuner.diagnosis.load import busy_kills
from probetuner.diagnosis.starting import liveness_kills
from probetuner.facts.fact import (
    Fact,
    FailureCause,
    NodeDisturbed,
    PodEnding,
    ReadinessChanged,
)
from probetuner.model.probe import Exec, TcpSocket
from support.application import App, Spell
from support.facts import CONTAINER as WEB
from support.facts import (
    LIVENESS,
    READINESS,
    T0,
    counted,
    ending,
    exited,
    failed,
    killed,
    pod,
    ready,
    remember,
    started,
    unready,
)
from support.scene import DEPENDENT, READYZ, WORK, Scene, asks
from support.scene import T0 as SCENE_T0
from support.workloads import Json, container, workload

OFTEN = asks(READYZ, period_seconds=5)
SHELL = Exec(command=("sh", "-c", "redis-cli ping && (redis-cli info > /tmp/info &)"))
HTTP = {"httpGet": {"path": "/livez", "port": 8080}}
READY = {"httpGet": {"path": "/readyz", "port": 8080}}


def judged(*facts: Fact, **probes: Json) -> dict[str, Finding]:
    """What is found in these facts about a Deployment of two."""
    subject = workload(container(WEB, **(probes or {"livenessProbe": HTTP})), replicas=2)
    return {finding.name.value: finding for finding in diagnose(cases(subject, remember(facts)))}


def flips(index: int, times: tuple[float, ...], scene: Scene, *, by_probe: bool) -> list[Fact]:
    return [
        ReadinessChanged(
            at=SCENE_T0 + at + late, pod=scene.pod(index), container=CONTAINER, ready=bool(late), by_probe=by_probe
        )
        for at in times
        for late in (0.0, 4.0)
    ]


def test_a_node_that_was_away_is_not_the_probes_doing() -> None:
    """Pods of a lost node flip together without a failed probe: the node's trouble, no flapping, nothing to do."""
    scene = Scene(liveness=asks(), readiness=OFTEN)
    away = [
        NodeDisturbed(at=SCENE_T0 + 100, pod=scene.pod(index), container=CONTAINER, reason="NodeNotReady")
        for index in (0, 1)
    ]
    fell = [*flips(0, (101.0, 140.0, 180.0), scene, by_probe=False), *flips(1, (101.0,), scene, by_probe=False)]
    said = replace(scene, extra=(*away, *fell)).judge()

    assert "node-disturbance" in said.names
    assert "readiness-flapping" not in said.names
    assert said.actions == {"none"}


def test_a_kubelet_restart_without_flips_is_nothing() -> None:
    """A kubelet that came back and changed no flag is worth no finding."""
    scene = Scene(liveness=asks(), readiness=OFTEN)
    back = NodeDisturbed(at=SCENE_T0 + 100, pod=scene.pod(), container=CONTAINER, reason="KubeletRestarted")
    said = replace(scene, extra=(back,)).judge()

    assert "node-disturbance" not in said.names
    assert "healthy" in said.names


def test_pods_that_go_away_do_not_flap() -> None:
    """Unready spells of pods that are being deleted, as in a rollout, are no flaps."""
    facts: list[Fact] = []
    for number, name in enumerate("abcd"):
        of = pod(f"web-{name}")
        at = 60.0 * number
        facts += [started(at, of=of), ready(at + 5, of=of), ending(at + 50, of=of), unready(at + 51, of=of)]
        facts += [ready(at + 52, of=of), exited(at + 55, of=of, code=0)]

    assert "readiness-flapping" not in judged(*facts, readinessProbe=READY)


def test_flaps_are_counted_and_timed() -> None:
    """Three short spells of one pod are repeated; the evidence has their number, length and cause."""
    facts: list[Fact] = [started(0), ready(3)]
    for at in (60, 120, 180):
        facts += [failed(at, probe=READINESS, cause=FailureCause.HTTP_STATUS), unready(at), ready(at + 10)]
    said = judged(*facts, readinessProbe=READY)["readiness-flapping"]

    assert said.samples == 3
    assert any("30 s" in sentence for sentence in said.evidence)
    assert any("http-status" in sentence for sentence in said.evidence)


def test_a_kill_of_what_was_ready_when_first_seen_is_no_slow_start() -> None:
    """Whoever begins to watch in the middle of a restart loop knows of the flag, and of no probe that passed."""
    facts = (started(0, restarts=5), ready(3, by_probe=False, passed=True), killed(3), exited(5, restarts=5))
    unknown = (started(0, restarts=5), killed(3), exited(5, restarts=5))

    assert "liveness-kill-during-startup" in judged(*unknown, livenessProbe=HTTP, readinessProbe=READY)
    assert "liveness-kill-during-startup" not in judged(*facts, livenessProbe=HTTP, readinessProbe=READY)


def test_two_flaps_are_not_repeated_enough() -> None:
    """Two spells are below what is called flapping."""
    facts: list[Fact] = [started(0), ready(3)]
    for at in (60, 120):
        facts += [unready(at), ready(at + 10)]

    assert "readiness-flapping" not in judged(*facts, readinessProbe=READY)


@pytest.mark.parametrize("code", [0, 143, 137])
def test_a_kill_by_the_threshold_is_no_crash(code: int) -> None:
    """However the process ends after it was killed, and whether or not the kill was announced, it did not crash."""
    facts: list[Fact] = [started(0), counted(0, 10, ok=1)]
    facts += [failed(at) for at in (20, 30, 40)]
    facts += [counted(10, 40, bad=3), exited(45, code=code, reason="Completed" if code == 0 else "Error")]

    assert "crash" not in judged(*facts)
    assert "crash" not in judged(*facts[:-1], killed(40), facts[-1])
    assert "oom-killed" not in judged(*facts)


def test_a_kill_with_the_sticky_label_is_not_out_of_memory() -> None:
    """A liveness kill of a container whose child once ran out of memory still says OOMKilled."""
    facts: list[Fact] = [started(0), counted(0, 10, ok=1), *(failed(at) for at in (20, 30, 40)), killed(40)]
    facts.append(exited(45, code=137, reason="OOMKilled"))

    assert "oom-killed" not in judged(*facts)


def test_an_eviction_is_nobodys_fault() -> None:
    """What ends because its pod goes away is no crash and no kill."""
    gone = PodEnding(at=T0 + 99, pod=pod(), container="web", reason="Evicted")
    found = judged(started(0), counted(0, 10, ok=1), gone, exited(100, code=1))

    assert not found.keys() & {"crash", "oom-killed", "liveness-kill-of-lockup", "liveness-kill-under-pressure"}


def test_a_bug_that_answers_no_until_restarted_is_no_dependency() -> None:
    """Replicas that begin to answer 503 at one age, and are well once restarted, share nothing but a bug."""
    bug = Spell(begin=80, end=1e9, of_life=True)
    for apart in ((0.0, 37.0), (0.7,)):
        said = Scene(liveness=asks(), readiness=OFTEN, apps=(App(spells=(bug,)),), apart=apart, seconds=420).judge()
        assert "liveness-kill-by-dependency" not in said.names
        assert "decouple-liveness" not in said.actions


def test_a_dependency_that_readiness_reports_alone_is_right_as_it_is() -> None:
    """Readiness that says no while a dependency is away does what it is for; liveness restarts nothing."""
    app = App(spells=(Spell(begin=100, end=180, paths=("/health",)),))
    said = Scene(liveness=asks(), readiness=asks(DEPENDENT, period_seconds=5), replicas=3, apps=(app,)).judge()

    assert "liveness-kill-by-dependency" not in said.names
    assert said.actions == {"none"}


@pytest.mark.parametrize(
    "spell",
    [
        Spell(begin=100, end=200, mode="hang"),
        Spell(begin=100, end=1e9, mode="503"),
        Spell(begin=330, end=1e9, mode="hang"),
    ],
    ids=["ended by itself", "answers no", "only just begun"],
)
def test_trouble_that_no_restart_is_known_to_end_needs_no_liveness(spell: Spell) -> None:
    """Silence that passes, answers that say no, and silence that just began are no lock-up."""
    said = Scene(readiness=OFTEN, apps=(App(spells=(spell,)),), seconds=360).judge()

    assert "lockup-without-liveness" not in said.names
    assert "add-liveness" not in said.actions


def test_what_fails_at_the_end_is_not_healthy() -> None:
    """A container that is out of its Services right now is not called healthy, whatever went before."""
    said = Scene(liveness=asks(), readiness=OFTEN, apps=(App(spells=(Spell(begin=250, end=1e9, paths=("/readyz",)),)),))

    assert "healthy" not in said.judge().names
    (finding,) = (finding for finding in said.judge().findings if finding.name.value == "insufficient-evidence")
    assert any("still went on" in sentence for sentence in finding.evidence)


def test_too_little_says_what_is_missing() -> None:
    """Without a start, without counters, and with too few successes the answer names what it waits for."""
    nothing = judged()["insufficient-evidence"]
    assert "start" in nothing.evidence[0]
    assert nothing.confidence == 0

    no_counters = judged(started(0), ready(2))["insufficient-evidence"]
    assert "counters" in no_counters.evidence[0]

    few = judged(started(0), counted(0, 10, ok=4))["insufficient-evidence"]
    assert "6 more successes of the liveness probe" in few.evidence[0]

    restarted = judged(started(0), counted(0, 200, ok=20), exited(210, code=137), started(211, restarts=1))
    assert "restart" in restarted["insufficient-evidence"].evidence[0]


def test_healthy_needs_every_probe_seen_to_work() -> None:
    """One probe of two that was never seen to succeed leaves the case open."""
    facts: list[Fact] = [started(0), *(counted(10.0 * n, 10.0 * n + 10, ok=1) for n in range(20))]

    assert "healthy" in judged(*facts)
    assert "healthy" not in judged(*facts, livenessProbe=HTTP, readinessProbe=READY)


def test_confidence_grows_with_what_was_seen() -> None:
    """More kills of the same kind make the same finding surer, up to less than certain."""
    sure = []
    for seconds in (200, 300, 420):
        said = Scene(liveness=asks(), apps=(App(locks=(70.0,)), App(locks=(83.0,))), seconds=seconds).judge()
        finding = said.finding("liveness-kill-of-lockup")
        sure.append((finding.samples, finding.confidence))

    assert sure == sorted(sure)
    assert sure[0][0] < sure[-1][0]
    assert sure[0][1] < sure[-1][1] < 1


def test_silent_starts_of_uneven_length_are_neither_load_nor_lockups() -> None:
    """Some come up in the time that liveness gives them and some do not, and then the process is up until it ends."""
    starts = (12.0, 44.0, 21.0, 50.0, 26.0, 39.0, 15.0, 41.0, 24.0)
    uneven = App(starts=starts, silent_start=True, exits=(180.0,), oom=True)
    other = replace(uneven, starts=(23.0, 17.0, 47.0, 20.0, 43.0, 28.0))
    said = Scene(liveness=asks(), readiness=OFTEN, apps=(uneven, other), seconds=1500).judge()

    assert "liveness-kill-during-startup" in said.names
    assert said.names.isdisjoint({"liveness-kill-under-pressure", "liveness-kill-of-lockup"})
    assert "add-startup-probe" in said.actions


def test_a_container_that_is_started_amid_load_is_not_starting_slowly() -> None:
    """It comes up as quickly as ever and is overrun at once: nothing but the load keeps it from answering."""
    rush = tuple(Spell(begin=b, end=b + 170, mode="hang") for b in (120, 420, 720))
    said = Scene(liveness=asks(WORK), apps=(App(spells=rush, handles_term=0),), seconds=1000).judge()

    assert "liveness-kill-under-pressure" in said.names
    assert said.names.isdisjoint({"liveness-kill-during-startup", "liveness-kill-of-lockup"})


def test_kills_whose_events_were_dropped_are_judged_like_the_others() -> None:
    """The kubelet tells of 25 events per pod and then of few: counters show the failures, and nothing their cause."""
    rush = tuple(Spell(begin=b, end=b + 170, mode="hang") for b in range(120, 3600, 300))
    case = Scene(liveness=asks(WORK), apps=(App(spells=rush, handles_term=0),), seconds=3600).cases()[0]
    untold = [life for life in liveness_kills(case) if not life.tally(LIVENESS).causes]

    assert len(untold) > 5
    assert all(life in busy_kills(case) for life in untold)


def test_a_start_that_was_first_seen_late_was_not_slow() -> None:
    """Who began to watch a minute after the start knows of no slow one: a fresh container under load is busy."""
    first: list[Fact] = [
        started(0),
        counted(50, 60, ok=1),
        *(failed(at) for at in (100, 110, 120)),
        killed(121),
        exited(126),
    ]
    again: list[Fact] = [
        *(failed(at) for at in (137, 147, 157)),
        counted(127, 157, bad=3),
        killed(158),
        exited(163, restarts=1),
    ]
    said = judged(*first, started(127, restarts=1), *again, started(164, restarts=2))

    assert said.keys() & {"liveness-kill-under-pressure", "liveness-kill-unexplained"}
    assert "liveness-kill-during-startup" not in said


def killed_soon(start: int, restarts: int) -> list[Fact]:
    """A life that passes once, fails from then on, and is killed 41 s after its start."""
    return [
        started(start, restarts=restarts),
        counted(start, start + 10, ok=1),
        *(failed(start + after) for after in (20, 30, 40)),
        killed(start + 41),
        exited(start + 42, restarts=restarts, code=143),
    ]


def test_kills_that_follow_each_other_within_a_minute_are_one_trouble() -> None:
    """They are told, and as no lock-up: each fresh container passes once. That it fails again proves no queue."""
    up: list[Fact] = [
        started(0),
        counted(0, 60, ok=6),
        *(failed(at) for at in (70, 80, 90)),
        killed(91),
        exited(92, code=143),
    ]
    relapsed: list[Fact] = [
        started(93, restarts=1),
        *(failed(at) for at in (103, 113)),
        counted(113, 123, ok=1),
        *(failed(at) for at in (133, 143, 153)),
        killed(154),
        exited(155, restarts=1, code=143),
    ]
    chain = [fact for number in range(8) for fact in killed_soon(156 + 43 * number, 2 + number)]
    well: list[Fact] = [started(500, restarts=10), counted(500, 900, ok=40)]
    said = judged(*up, *relapsed, *chain, *well)

    assert said.keys() & {"liveness-kill-under-pressure", "liveness-kill-unexplained"}
    assert "liveness-kill-of-lockup" not in said


def test_lockups_beside_a_queue_are_told_by_who_did_not_hear() -> None:
    """Busy containers end when they are asked to; those that took the whole grace period were stuck: liveness stays."""
    rush = tuple(Spell(begin=b, end=b + 70, mode="slow", seconds=3.0) for b in (100, 700, 1300, 1900))
    app = App(spells=rush, locks=(2900.0, 2900.0, 330.0), handles_term=143)
    said = Scene(liveness=asks(WORK), readiness=OFTEN, apps=(app,), seconds=2600).judge()

    assert {"liveness-kill-under-pressure", "liveness-kill-of-lockup"} <= said.names
    assert "replace-liveness-with-readiness" not in said.actions


def test_a_crash_and_an_unready_start_do_not_make_a_slow_start() -> None:
    """The initial delay of a probe that no life lived to see is not judged by the other's answers alone."""
    app = App(starts=(2.0,), exits=(30.0,))
    said = Scene(liveness=asks(initial_delay_seconds=2), readiness=asks(READYZ, initial_delay_seconds=60), apps=(app,))

    assert "liveness-kill-during-startup" not in said.judge().names


def test_lockups_that_last_longer_than_asked_are_told() -> None:
    """A lax liveness probe and a long grace, each with a stuck process, are over the objective of a minute."""
    lax = Scene(liveness=asks(failure_threshold=9), apps=(App(locks=(60.0,)),), seconds=900, replicas=1)
    assert "detection-too-slow" in lax.judge().names
    assert "detection-too-slow" not in replace(lax, liveness=asks()).judge().names

    slow_end = Scene(liveness=asks(), apps=(App(locks=(60.0,)),), seconds=900, replicas=1, grace=60)
    assert "grace-too-long" in slow_end.judge().names
    assert "grace-too-long" not in replace(slow_end, grace=10).judge().names


def test_slow_detection_of_nothing_is_no_trouble() -> None:
    """A lax liveness probe of a container that never locks up is not called slow."""
    assert "detection-too-slow" not in Scene(liveness=asks(failure_threshold=12)).judge().names


def test_a_busy_server_is_told_with_its_figures() -> None:
    """The kills, the timeout, and what speaks for load stand in the evidence."""
    app = App(spells=(Spell(begin=40, end=330, mode="slow", seconds=2.0),))
    said = Scene(liveness=asks(WORK), apps=(app,), seconds=360).judge().finding("liveness-kill-under-pressure")

    assert said.severity == "critical"
    assert said.evidence[0] == f"{said.samples} liveness kills followed timeouts of 1 s"
    assert any("cured nothing" in sentence for sentence in said.evidence)
    assert any("another replica" in sentence for sentence in said.evidence)


def test_an_open_port_is_no_cure_for_a_stuck_process() -> None:
    """A TCP liveness probe that goes on passing does not make a silent readiness probe flap."""
    apps = (App(locks=(70.0,)),)
    said = Scene(liveness=asks(TcpSocket(port=8080)), readiness=OFTEN, apps=apps, seconds=360).judge()

    assert not said.names & {"readiness-flapping", "healthy", "liveness-kill-of-lockup"}
