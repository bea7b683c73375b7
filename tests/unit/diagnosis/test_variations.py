"""Stories like the recorded ones in other clothes: other handlers, replicas, probes beside them, ways to stop."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from probetuner.model.probe import Exec, Grpc, Handler, HttpGet, Probe, ProbeType, TcpSocket
from support.application import App, Spell
from support.scene import DEPENDENT, LIVEZ, READYZ, WORK, Scene, asks

REDIS, TCP, GRPC = Exec(command=("redis-cli", "ping")), TcpSocket(port=8080), Grpc(port=8080)
OFTEN = asks(READYZ, period_seconds=5)
TERMS = (None, 0, 143)
TROUBLES = frozenset(
    {
        "liveness-kill-under-pressure",
        "liveness-kill-during-startup",
        "liveness-kill-by-dependency",
        "liveness-kill-of-lockup",
        "lockup-without-liveness",
        "readiness-flapping",
        "probe-never-succeeds",
        "probe-errors",
        "crash",
        "oom-killed",
        "cpu-throttled",
        "zombies",
        "startup-delay-too-long",
        "node-disturbance",
        "healthy",
    }
)
WEAKER = frozenset({"replace-liveness-with-readiness", "raise-timeout", "raise-failure-threshold", "decouple-liveness"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A scene; of all troubles exactly those are found, the actions follow, and none of the others do."""

    name: str
    scene: Scene
    found: frozenset[str]
    follows: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


def story(name: str, scene: Scene, found: str, *, follows: str = "", never: frozenset[str] = frozenset()) -> Story:
    return Story(
        name=name, scene=scene, found=frozenset(found.split()), follows=frozenset(follows.split()), never=never
    )


def load(*spans: tuple[float, float], seconds: float = 2.0) -> tuple[Spell, ...]:
    return tuple(Spell(begin=begin, end=end, mode="slow", seconds=seconds) for begin, end in spans)


def under_load() -> Iterator[Story]:
    never = frozenset({"none", "lower-initial-delay", "remove-readiness", "add-startup-probe", "fix-handler"})
    busy = App(spells=load((15, 270)))
    asked: tuple[tuple[Handler, Probe | None], ...] = (
        (WORK, None),
        (WORK, OFTEN),
        (REDIS, None),
        (GRPC, None),
        (WORK, asks(WORK)),
        (REDIS, asks(TCP)),
    )
    for replicas, (handler, beside), term in zip(
        (1, 2, 3, 2, 2, 1),
        asked,
        TERMS * 2,
        strict=True,
    ):
        scene = Scene(liveness=asks(handler), readiness=beside, replicas=replicas, seconds=360)
        scene = replace(scene, apps=(replace(busy, handles_term=term),))
        yield story(f"load on {handler} x{replicas} term {term}", scene, "liveness-kill-under-pressure", never=never)
    bursts = App(latency=0.1, handles_term=0, spells=load((40, 80), (140, 200), (260, 300)))
    scene = Scene(liveness=asks(WORK), apps=(bursts,), seconds=360)
    yield story("bursts of load", scene, "liveness-kill-under-pressure", never=never)
    mild = App(latency=0.1, handles_term=0, spells=load((60, 150), seconds=0.5))
    yield story("load that the timeout bears", Scene(liveness=asks(WORK), apps=(mild,)), "healthy")
    late = Scene(liveness=asks(WORK, initial_delay_seconds=20), readiness=asks(TCP), apps=(busy,), seconds=360)
    yield story("load before the first liveness probe", late, "liveness-kill-under-pressure", never=never)
    hangs = tuple(Spell(begin=b, end=b + s, mode="hang") for b, s in ((40, 15), (100, 38), (160, 22), (220, 45)))
    scene = Scene(liveness=asks(), apps=(App(spells=hangs),), seconds=420)
    yield story("hangs of which some end by themselves", scene, "liveness-kill-under-pressure", never=never)


def starting() -> Iterator[Story]:
    never = frozenset({"none", "raise-timeout", "lower-initial-delay", "decouple-liveness", "remove-readiness"})
    found, follows = "liveness-kill-during-startup", "add-startup-probe"
    for handler in (LIVEZ, TCP, REDIS, GRPC):
        for starts in ((45.0,), (28.0, 31.0, 60.0, 24.0, 80.0)):
            apps = (App(starts=starts), App(starts=starts[::-1]))
            alone = Scene(liveness=asks(handler), apps=apps)
            beside = replace(alone, readiness=asks(handler, period_seconds=5), replicas=1)
            yield story(f"slow start {starts} {handler}", alone, found, follows=follows, never=never)
            yield story(f"slow start {starts} {handler}, readiness", beside, found, follows=follows, never=never)
    scene = Scene(liveness=asks(), readiness=OFTEN, apps=(App(starts=(50.0, 1.0)),))
    yield story("only the first start is slow", scene, found, follows=follows, never=never)
    short = asks(period_seconds=5, failure_threshold=4)
    scene = Scene(liveness=asks(), readiness=OFTEN, startup=short, apps=(App(starts=(45.0,)),))
    yield story("startup probe too short", scene, found, follows="raise-failure-threshold", never=never)
    lost = Scene(liveness=asks(), apps=(App(starts=(45.0,), handles_term=0),), lost_kills=True)
    yield story("slow start, kills unannounced", lost, found, follows=follows, never=never)


def flapping() -> Iterator[Story]:
    never = WEAKER - {"raise-timeout", "raise-failure-threshold"} | {"none", "add-liveness", "remove-readiness"}
    slow = App(slow=0.15, slow_seconds=1.3, latency=0.15)
    for period, liveness in ((2, asks(TCP)), (1, None), (5, asks(timeout_seconds=5))):
        readiness = asks(READYZ, period_seconds=period, failure_threshold=1)
        scene = Scene(liveness=liveness, readiness=readiness, replicas=3, apps=(slow,))
        yield story(f"slow tail, period {period}", scene, "readiness-flapping", follows="raise-timeout", never=never)
    glitches = tuple(Spell(begin=40 * n + 20, end=40 * n + 28, paths=("/readyz",), of_life=True) for n in range(9))
    readiness = asks(READYZ, period_seconds=3, failure_threshold=1)
    scene = Scene(liveness=asks(), readiness=readiness, apps=(App(spells=glitches),))
    yield story("glitches that say no", scene, "readiness-flapping", never=never | {"raise-timeout"})


def exiting() -> Iterator[Story]:
    never = WEAKER | {"add-startup-probe", "add-liveness", "remove-readiness", "fix-handler", "lower-initial-delay"}
    for code, after in ((0, 20.0), (1, 60.0), (139, 12.0), (143, 25.0)):
        scene = Scene(liveness=asks(), readiness=OFTEN, apps=(App(exits=(after,), exit_code=code),), seconds=360)
        yield story(f"exit {code} after {after}", scene, "crash", never=never)
        yield story(f"exit {code} without liveness", replace(scene, liveness=None, replicas=1), "crash", never=never)
    for after, period in ((2.0, 10), (15.0, 10), (25.0, 20)):
        app = App(starts=(1e9,), exits=(after,))
        scene = Scene(liveness=asks(period_seconds=period), readiness=OFTEN, apps=(app,))
        yield story(f"exit after {after} before it listens", scene, "crash", never=never)
    scene = Scene(liveness=asks(), readiness=OFTEN, apps=(App(exits=(30.0, 1e9)),))
    yield story("one crash and well since", scene, "crash", never=never)
    for spans in ((25.0,), (60.0, 30.0)):
        scene = Scene(liveness=asks(), readiness=OFTEN, replicas=1, apps=(App(exits=spans, oom=True),))
        yield story(f"out of memory after {spans}", scene, "oom-killed", follows="raise-memory", never=never)


def locking_up() -> Iterator[Story]:
    never = WEAKER | {"none", "remove-readiness", "add-startup-probe"}
    apps: tuple[App, ...] = (App(locks=(75.0,)), App(locks=(92.0,)))
    for handler in (READYZ, REDIS, GRPC):
        scene = Scene(readiness=asks(handler, period_seconds=5), apps=apps, seconds=360)
        yield story(f"{handler} silent for good", scene, "lockup-without-liveness", follows="add-liveness", never=never)
    kept = (WEAKER - {"raise-failure-threshold"}) | {"remove-readiness", "add-startup-probe", "fix-handler"}
    for handler, beside, replicas, term in (
        (LIVEZ, OFTEN, 2, None),
        (REDIS, None, 1, 0),
        (GRPC, asks(LIVEZ), 2, 143),
        (LIVEZ, None, 1, None),
    ):
        for locks in ((70.0,), (45.0, 105.0, 60.0, 90.0), (150.0,)):
            apps = tuple(App(locks=tuple(at + later for at in locks), handles_term=term) for later in (0, 13))
            scene = Scene(liveness=asks(handler), readiness=beside, replicas=replicas, apps=apps, seconds=420)
            yield story(f"{handler} locks {locks} x{replicas}", scene, "liveness-kill-of-lockup", never=kept)
    scene = Scene(liveness=asks(), readiness=OFTEN, replicas=3, apps=(App(locks=(90.0,)),), apart=(0.3,), seconds=420)
    yield story("replicas of one age lock up together", scene, "liveness-kill-of-lockup", never=kept)
    yield story("lock-ups unannounced", replace(scene, lost_kills=True), "liveness-kill-of-lockup", never=kept)
    for share, seed in ((0.05, 1), (0.1, 1), (0.15, 1), (0.2, 4)):
        apps = (App(locks=(70.0,), slow=share), App(locks=(95.0,), slow=share))
        scene = Scene(liveness=asks(), readiness=OFTEN, apps=apps, seconds=420, seed=seed)
        yield story(f"locks with a slow tail of {share}", scene, "liveness-kill-of-lockup", never=kept)


def depending() -> Iterator[Story]:
    never = frozenset({"none", "add-startup-probe", "raise-timeout", "remove-readiness", "lower-initial-delay"})
    found, follows = "liveness-kill-by-dependency", "decouple-liveness"
    for (replicas, beside, period), span, term in zip(
        ((1, None, 10), (2, OFTEN, 5), (3, asks(DEPENDENT), 10), (3, None, 5), (1, OFTEN, 5), (2, asks(TCP), 10)),
        ((75, 165), (100, 140), (60, 240)) * 2,
        TERMS * 2,
        strict=True,
    ):
        app = App(handles_term=term, spells=(Spell(begin=span[0], end=span[1], paths=("/health",)),))
        scene = Scene(liveness=asks(DEPENDENT, period_seconds=period), readiness=beside, replicas=replicas, apps=(app,))
        yield story(f"dependency away {span} x{replicas}", scene, found, follows=follows, never=never)
        yield story(
            f"dependency away {span}, unannounced", replace(scene, lost_kills=True), found, follows=follows, never=never
        )
    for handler in (Exec(command=("check-db",)), GRPC):
        app = App(spells=(Spell(begin=75, end=165),))
        scene = Scene(liveness=asks(handler), replicas=3, apps=(app,))
        yield story(f"dependency away, {handler}", scene, found, follows=follows, never=never)


def broken() -> Iterator[Story]:
    never = WEAKER | {"none", "add-startup-probe", "lower-initial-delay", "remove-readiness", "add-liveness"}
    found, follows = "probe-never-succeeds", "fix-handler"
    wrong: tuple[Handler, ...] = (HttpGet(port=8081, path="/livez"), HttpGet(port=8080, path="/nope"))
    for handler in (*wrong, TcpSocket(port=9999), Grpc(port=9999)):
        for start in (0.4, 10.0):
            scene = Scene(liveness=asks(handler), readiness=OFTEN, apps=(App(starts=(start,)),))
            yield story(f"liveness {handler}, start {start}", scene, found, follows=follows, never=never)
        scene = Scene(liveness=asks(), readiness=asks(handler))
        yield story(f"readiness {handler}", scene, found, follows=follows, never=never)
    missing = asks(Exec(command=("/usr/local/bin/healthcheck",)))
    for kind in ProbeType:
        field = kind.value.lower()
        probes: dict[str, Probe] = {"liveness": asks(), "readiness": OFTEN, field: missing}
        scene = Scene(**probes, apps=(App(errored=(kind,)),))  # type: ignore[arg-type]  # fields by their names
        yield story(f"{field} cannot be carried out", scene, "probe-errors", follows=follows, never=never)

    hasty = asks(READYZ, period_seconds=5, failure_threshold=6)
    slow = App(starts=(70.0, 20.0, 70.0))
    scene = Scene(liveness=asks(wrong[1]), readiness=OFTEN, startup=hasty, apps=(slow,), replicas=3)
    both = f"{found} liveness-kill-during-startup"
    yield story("starts ended besides", scene, both, follows=f"{follows} raise-failure-threshold")


def delayed() -> Iterator[Story]:
    found, follows = "startup-delay-too-long", "lower-initial-delay"
    never = WEAKER | {"none", "add-startup-probe", "fix-handler"}
    for delay, liveness in ((60, asks(initial_delay_seconds=2, period_seconds=5)), (45, asks(TCP, period_seconds=5))):
        scene = Scene(
            liveness=liveness, readiness=asks(READYZ, initial_delay_seconds=delay), apps=(App(starts=(2.0,)),)
        )
        yield story(f"readiness waits {delay} s", scene, found, follows=follows, never=never)
    for delay, start, name in ((90, 2.0, found), (30, 2.0, "healthy"), (60, 25.0, "healthy")):
        scene = Scene(liveness=asks(initial_delay_seconds=delay), readiness=OFTEN, apps=(App(starts=(start,)),))
        yield story(f"liveness waits {delay} s, start {start}", replace(scene, seconds=420), name)


def well() -> Iterator[Story]:
    for liveness in (asks(), asks(TCP), asks(REDIS), asks(initial_delay_seconds=5)):
        for readiness in (OFTEN, None):
            scene = Scene(liveness=liveness, readiness=readiness, exposed=False, apps=(App(starts=(2.0,)),))
            yield story(f"{liveness.handler} and {readiness}", scene, "healthy", follows="none")
    guarded = asks(period_seconds=2, failure_threshold=30)
    scene = Scene(liveness=asks(), readiness=OFTEN, startup=guarded, apps=(App(starts=(40.0,)),), replicas=3)
    yield story("slow start, guarded", scene, "healthy", follows="none")
    scene = Scene(liveness=asks(), readiness=OFTEN, replicas=3, apps=(App(slow=0.02),))
    yield story("a slow answer now and then", scene, "healthy", follows="none")
    for mode, end in (("503", 108), ("hang", 118)):
        app = App(spells=(Spell(begin=100, end=end, mode=mode),))
        scene = Scene(liveness=asks(), readiness=OFTEN, replicas=3, apps=(app,))
        yield story(f"one glitch of all replicas: {mode}", scene, "healthy", follows="none")


STORIES = [
    *under_load(),
    *starting(),
    *flapping(),
    *exiting(),
    *locking_up(),
    *depending(),
    *broken(),
    *delayed(),
    *well(),
]


@pytest.mark.parametrize("told", STORIES, ids=lambda told: told.name)
def test_a_story_in_other_clothes_is_the_same_story(told: Story) -> None:
    """Of all troubles the true one is found and no other; what must follow does, and what would be wrong does not."""
    judged = told.scene.judge()

    assert judged.names & TROUBLES == told.found
    assert told.follows <= judged.actions
    assert not told.never & judged.actions
