"""Silence has causes that ask for different cures: a stuck process, a queue, a pause, somebody else who is away."""

from dataclasses import replace

import pytest

from gym import shaping
from gym.pipeline import advise
from gym.score import train
from gym.truth import GymCase
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.flapping import empties_service, flaps
from probetuner.facts.fact import Fact, FailureCause
from probetuner.model.probe import TcpSocket
from support.application import App, Spell
from support.facts import counted, exited, failed, killed, pod, remember, started
from support.scene import DEPENDENT, READYZ, WORK, Scene, asks, deletion
from support.workloads import LIVENESS, container, workload

OFTEN = asks(READYZ, period_seconds=5)
AWAY = tuple(Spell(begin=at, end=at + 60, mode="hang", paths=("/health",)) for at in (75, 300))
HANGING = Scene(liveness=asks(DEPENDENT), readiness=OFTEN, replicas=3, apps=(App(spells=AWAY),), seconds=480)


def pauses(*begins: float, seconds: float = 20) -> tuple[Spell, ...]:
    return tuple(Spell(begin=at, end=at + seconds, mode="hang") for at in begins)


def test_a_probe_that_hangs_with_a_dependency_is_no_pressure_and_no_lockup() -> None:
    """Several replicas fall silent to liveness alone while readiness goes on: liveness gets readiness's question."""
    said = HANGING.judge()

    assert "liveness-kill-by-dependency" in said.names
    assert not said.names & {"liveness-kill-under-pressure", "liveness-kill-of-lockup"}
    assert said.actions == {"decouple-liveness"}
    assert said.target.liveness is not None
    assert said.target.liveness.handler == READYZ
    assert said.target.liveness.borne_seconds >= asks(DEPENDENT).borne_seconds


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", shaping.draw((shaping.dependency,), (), count=6, seed="shape"), ids=lambda case: case.name
)
def test_a_readiness_failure_that_is_only_counted_as_the_kill_came_hides_no_dependency(case: GymCase) -> None:
    """A scrape tells of a container's last attempts together; which of them came before the kill it does not."""
    probes = advise(train(case)).probes

    assert probes.liveness is not None
    assert probes.readiness is not None
    assert probes.liveness.handler == probes.readiness.handler


LATER = tuple(replace(spell, begin=spell.begin + 200, end=spell.end + 200) for spell in AWAY)
LOCKING = (App(spells=LATER, locks=(100.0, 1e9), handles_term=143), App(spells=LATER, handles_term=143))


def test_lockups_beside_a_dependency_hide_it_as_little_as_it_hides_them() -> None:
    """Each kill is judged by itself: a stuck process leaves readiness's question open too."""
    said = replace(HANGING, apps=LOCKING, seconds=900).judge()

    assert said.names >= {"liveness-kill-by-dependency", "liveness-kill-of-lockup"}
    assert "liveness-kill-under-pressure" not in said.names
    assert "decouple-liveness" in said.actions
    assert said.target.liveness is not None
    assert said.target.liveness.handler == READYZ


def test_lockups_hide_no_dependency_that_answers_for_itself() -> None:
    """Liveness gets readiness's question also where the dependency says no and does not hang."""
    away = tuple(replace(spell, mode="503") for spell in LATER)
    said = replace(HANGING, apps=tuple(replace(app, spells=away) for app in LOCKING), seconds=900).judge()

    assert said.names >= {"liveness-kill-by-dependency", "liveness-kill-of-lockup"}
    assert said.target.liveness is not None
    assert said.target.liveness.handler == READYZ


@pytest.mark.parametrize(("seconds", "found"), [(100, True), (15, False)])
def test_a_single_replica_shows_a_dependency_by_the_fresh_container(seconds: int, found: bool) -> None:  # noqa: FBT001
    """There is no other to fall silent with it; a silence that the restart seems to end may be a lock-up."""
    away = tuple(Spell(begin=at, end=at + 20 + seconds, mode="hang", paths=("/health",)) for at in (75, 400))
    scene = replace(HANGING, replicas=1, apps=(App(spells=away, handles_term=143),), seconds=700)
    said = replace(scene, extra=deletion(scene, 143, template="t1")).judge()

    assert ("liveness-kill-by-dependency" in said.names) is found
    if found:
        assert any("the fresh container was silent" in line for line in said.findings[0].evidence)


@pytest.mark.parametrize("period_seconds", [5, 20, 30])
@pytest.mark.parametrize("replicas", [1, 3])
def test_load_that_reaches_both_endpoints_is_no_dependency(replicas: int, period_seconds: int) -> None:
    """That readiness was not asked in those seconds, or that nothing was told of its failures, is no answer of it."""
    rushes = tuple(Spell(begin=at, end=at + 250, mode="slow", seconds=4.0) for at in (400, 1200))
    said = Scene(
        liveness=asks(WORK, period_seconds=5),
        readiness=asks(READYZ, period_seconds=period_seconds),
        replicas=replicas,
        apps=(App(handles_term=0, spells=rushes),),
        seconds=2000,
    ).judge()

    assert "liveness-kill-under-pressure" in said.names
    assert "liveness-kill-by-dependency" not in said.names


def test_a_port_that_stays_open_says_nothing_of_the_process() -> None:
    """A TCP readiness probe passes on a stuck process too, so it proves no dependency."""
    said = replace(HANGING, readiness=asks(TcpSocket(port=8080))).judge()

    assert "liveness-kill-by-dependency" not in said.names


def test_one_replica_that_hangs_alone_is_not_waiting_for_a_dependency() -> None:
    """What is away is away for all: silence of a single replica may be a lock-up of what liveness asks."""
    said = replace(HANGING, apps=(App(spells=AWAY), App())).judge()

    assert "liveness-kill-by-dependency" not in said.names


@pytest.mark.parametrize(("alone", "found"), [(True, False), (False, True)])
def test_pauses_of_one_replica_are_no_flapping(alone: bool, found: bool) -> None:  # noqa: FBT001 - a table
    """A replica that is silent by itself is rightly out of its Services; all of them at once is the probe's doing."""
    paused = App(spells=pauses(60, 150, 240, 330))
    scene = Scene(readiness=OFTEN, replicas=3, apps=(paused, App()) if alone else (paused,), seconds=420)

    assert ("readiness-flapping" in scene.judge().names) is found


def test_pauses_that_coincide_by_chance_are_pauses() -> None:
    """Of five replicas two pause at the same time now and then; load would have made the others late too."""
    begins = ((60, 435), (65, 600), (250, 605), (255,), (430,))
    said = Scene(readiness=OFTEN, replicas=5, apps=tuple(App(spells=pauses(*each)) for each in begins), seconds=700)

    assert "readiness-flapping" not in said.judge().names


def test_the_odd_silence_among_many_pauses_is_a_pause() -> None:
    """Two replicas that pause a lot fall silent together once or twice: neither a flap nor an emptied Service."""
    apart = App(spells=pauses(*range(100, 3500, 200))), App(spells=pauses(105, *range(400, 3500, 200)))
    case = Scene(readiness=OFTEN, apps=apart, seconds=3600).cases()[0]

    assert not flaps(case)
    assert not empties_service(case)


def test_pauses_without_late_answers_do_not_cost_liveness() -> None:
    """Silence that passed now and then proves no queue: liveness stays, and becomes more patient."""
    some = tuple(Spell(begin=b, end=b + s, mode="hang") for b, s in ((40, 15), (100, 33), (160, 22), (220, 33)))
    said = Scene(liveness=asks(WORK), apps=(App(spells=some),), seconds=420).judge()

    assert "liveness-kill-under-pressure" in said.names
    assert "replace-liveness-with-readiness" not in said.actions
    assert said.target.liveness is not None
    assert said.target.liveness.detection_seconds > asks(WORK).detection_seconds


@pytest.mark.parametrize(
    ("causes", "found"),
    [
        ((FailureCause.REFUSED, FailureCause.TIMEOUT, FailureCause.TIMEOUT), False),
        ((FailureCause.REFUSED, FailureCause.REFUSED, FailureCause.TIMEOUT), True),
    ],
)
def test_who_listens_soon_but_is_silent_after_a_kill_under_load_shares_the_load(
    causes: tuple[FailureCause, ...],
    found: bool,  # noqa: FBT001 - a table
) -> None:
    """A busy machine lets the first attempt come before the process listens; that is no slow start."""
    facts: list[Fact] = [started(0), counted(0, 60, ok=6), *(failed(at) for at in (70, 80, 90)), killed(90), exited(95)]
    facts += [
        started(96, restarts=1),
        *(failed(at, cause=cause) for at, cause in zip((98, 108, 118), causes, strict=True)),
    ]
    facts += [killed(118), exited(123, restarts=1), started(124, restarts=2)]

    judged = diagnose(cases(workload(container(livenessProbe=LIVENESS)), remember(facts)))

    assert ("liveness-kill-during-startup" in {finding.name.value for finding in judged}) is found


@pytest.mark.parametrize(("answered_after", "found"), [(10, False), (200, True)])
def test_new_pods_under_load_start_as_quickly_as_those_before(answered_after: int, found: bool) -> None:  # noqa: FBT001 - a table
    """Pods of a changed template that are silent from the start are slow only where starts were known to be."""
    old, new = pod("web-a", template="old"), pod("web-b", template="new")
    facts: list[Fact] = [started(0, of=old), counted(answered_after - 10, answered_after, ok=1, of=old)]
    facts += [exited(295, code=143, of=old), started(300, of=new)]
    facts += [*(failed(at, of=new) for at in (310, 320, 330)), counted(300, 330, bad=3, of=new), killed(330, of=new)]
    facts += [exited(335, of=new), started(336, restarts=1, of=new)]

    judged = diagnose(cases(workload(container(livenessProbe=LIVENESS)), remember(facts)))

    assert ("liveness-kill-during-startup" in {finding.name.value for finding in judged}) is found


def test_kills_by_load_stay_what_they_were_when_the_minutes_around_them_are_forgotten() -> None:
    """Lives are remembered for longer than how slow answers were: of hours of kills only the last can be judged."""
    rushes = range(300, 4 * 3600 - 300, 900)
    slow = tuple(Spell(begin=at - 60, end=at + 90, mode="slow", seconds=0.6) for at in rushes)
    late = tuple(Spell(begin=at, end=at + 30, mode="slow", seconds=3.0) for at in rushes)
    apps = tuple(App(spells=(*late[first::2], *slow)) for first in (0, 1))
    said = Scene(liveness=asks(WORK), readiness=asks(WORK), apps=apps, seconds=4 * 3600.0).judge()

    assert said.finding("liveness-kill-under-pressure").samples == len(rushes)
    assert "liveness-kill-of-lockup" not in said.names


def test_a_tail_of_slow_answers_hides_no_replica_that_is_stuck_for_good() -> None:
    """Some answers are slow at all times: that two of them came around the silence is chance, and no load."""
    apps = tuple(App(slow=0.08, slow_seconds=0.4, locks=(at,)) for at in (700.0, 900.0))
    said = Scene(readiness=asks(WORK, period_seconds=5), apps=apps, seconds=2400).judge()

    assert "lockup-without-liveness" in said.names
    assert "add-liveness" in said.actions


def test_a_rush_that_goes_on_is_no_lockup() -> None:
    """Answers came late before there were none, and late ones are seldom else."""
    rush = (
        Spell(begin=1200, end=1230, mode="slow", seconds=0.5),
        Spell(begin=1230, end=1500, mode="slow", seconds=4.0),
    )
    said = Scene(readiness=asks(WORK, period_seconds=5), apps=(App(spells=rush),), seconds=1450).judge()

    assert "lockup-without-liveness" not in said.names
    assert "add-liveness" not in said.actions
