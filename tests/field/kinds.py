"""One thing each: how a replica ended and nothing more, how a probe failed and nothing more."""

from field.case import KILLS, Case
from field.reports import DAY, HOUR, MINUTE, command
from support.dumps import HTTP, REFUSED, TIMED_OUT, Dump, Pod, failing, killing, status

NOT_SERVING = 'service unhealthy (responded with "NOT_SERVING")'


def without_events(code: int, *, reason: str = "Error") -> Dump:
    """Three replicas that ended so three hours ago; events live for one."""
    pods = (
        Pod(
            name=name,
            created=-4 * DAY,
            since=-3 * HOUR,
            restarts=11,
            ended=(code, -8 * HOUR, -3 * HOUR - 10),
            reason=reason,
            ready_since=-3 * HOUR + 30,
        )
        for name in "abc"
    )
    return Dump(pods=tuple(pods))


def killed_together(said: str, kills: int, probe: object = HTTP) -> Dump:
    """Three replicas that say the same no at the same time, to both probes, and are killed for it."""
    pods = (
        Pod(
            name=name,
            created=-5 * DAY,
            since=-35,
            restarts=kills,
            ended=(143, -90, -36),
            ready=False,
            ready_since=-15 * MINUTE,
        )
        for name in "abc"
    )
    events = [
        told
        for name in "abc"
        for told in (
            failing(said, 3 * kills + 1, first=-900, last=-6, pod=name),
            failing(said, 52, probe="Readiness", first=-900, last=-4, pod=name),
            killing(kills, first=-880, last=-37, pod=name),
        )
    ]
    return Dump(probes={"livenessProbe": probe, "readinessProbe": probe}, pods=tuple(pods), events=events)


def misdirected(liveness: object, said: str) -> Dump:
    """Two replicas that are killed over and over for a question that nobody answers, while readiness passes."""
    pods = (
        Pod(name=name, created=-22 * MINUTE, since=-25, restarts=8, ended=(143, -190, -158), ready_since=-20)
        for name in "ab"
    )
    events = [
        told
        for name in "ab"
        for told in (
            failing(said, 25, first=-1300, last=-5, pod=name),
            killing(8, first=-1280, last=-160, pod=name),
        )
    ]
    return Dump(probes={"livenessProbe": liveness, "readinessProbe": HTTP}, pods=tuple(pods), events=events)


def slow_start(delay: int) -> Dump:
    """Refused from the first attempt on and killed some 25 s after that delay, four times; never ready."""
    lasts = delay + 28.0
    probes = {
        "livenessProbe": {**HTTP, "initialDelaySeconds": delay, "periodSeconds": 10},
        "readinessProbe": {**HTTP, "initialDelaySeconds": 20},
    }
    one = Pod(created=-4 * lasts - 300, since=-90, restarts=4, ended=(143, -91 - lasts, -91), ready=False)
    events = (
        failing(REFUSED, 12, first=-4 * lasts, last=-93),
        failing(REFUSED, 190, probe="Readiness", first=-4 * lasts - 250, last=-3),
        killing(4, first=-4 * lasts, last=-93),
    )
    return Dump(probes=probes, pods=(one,), events=events)


def out_for_hours(said: str) -> Dump:
    """One replica of two that has failed readiness for five hours after good days, without liveness."""
    hung = Pod(created=-12 * DAY, since=-12 * DAY, ready=False, ready_since=-5 * HOUR)
    well = Pod(name="b", created=-12 * DAY, since=-12 * DAY, ready_since=-12 * DAY + 9)
    told = failing(said, 1750, probe="Readiness", first=-5 * HOUR, last=-4)
    return Dump(probes={"readinessProbe": HTTP}, pods=(hung, well), events=(told,))


PRESSURE = Dump(
    pods=tuple(
        Pod(name=name, created=-3 * DAY, since=-380, restarts=4, ended=(137, -900, -381), ready_since=-370)
        for name in "abc"
    ),
    events=tuple(
        told
        for name in "abc"
        for told in (
            failing(TIMED_OUT, 15, first=-3000, last=-412, pod=name),
            failing(TIMED_OUT, 39, probe="Readiness", first=-3060, last=-150, pod=name),
            killing(4, first=-2900, last=-411, pod=name),
        )
    ),
)
FLAPPING = Dump(
    pods=tuple(Pod(name=name, created=-3 * DAY, since=-3 * DAY, ready_since=-50) for name in "abc"),
    events=tuple(failing(TIMED_OUT, 135, probe="Readiness", first=-3400, last=-55, pod=name) for name in "abc"),
)
UNKNOWN = frozenset({"crash", "oom-killed", "liveness-kill-during-startup"})

KINDS = (
    Case(
        name="three replicas killed by timeouts",
        given=PRESSURE,
        found=frozenset({"liveness-kill-under-pressure", "liveness-kill-unexplained"}),
        not_found=UNKNOWN | {"probe-never-succeeds"},
        advised=frozenset({"raise-timeout", "raise-failure-threshold", "replace-liveness-with-readiness"}),
        least={"liveness.timeoutSeconds": 2},
    ),
    Case(
        name="503 from all replicas at once",
        given=killed_together(status(503), 5),
        found=frozenset({"liveness-kill-by-dependency", "liveness-kill-unexplained", "liveness-asks-readiness"}),
        not_found=frozenset({"liveness-kill-during-startup", "crash", "probe-never-succeeds"}),
        not_advised=frozenset({"add-startup-probe", "raise-timeout", "fix-handler"}),
    ),
    Case(
        name="NOT_SERVING from all replicas at once",
        given=killed_together(NOT_SERVING, 4, {"grpc": {"port": 9090}}),
        found=frozenset({"liveness-kill-by-dependency", "liveness-kill-unexplained", "liveness-asks-readiness"}),
        not_found=frozenset({"liveness-kill-during-startup", "crash", "probe-never-succeeds"}),
        not_advised=frozenset({"add-startup-probe", "raise-timeout"}),
    ),
    *(
        Case(
            name=f"ended with {code}, no events",
            given=without_events(code),
            trouble=None,
            not_found=UNKNOWN,
            says=((f"{code}",), ("SIGTERM", "asked to stop", "nothing is known", "137")),
            never_says=("ends by itself",),
        )
        for code in (143, 0, 137)
    ),
    Case(
        name="killed for memory, no events",
        given=without_events(137, reason="OOMKilled"),
        found=frozenset({"oom-killed"}),
        not_found=KILLS | {"crash"},
        advised=frozenset({"raise-memory"}),
    ),
    Case(
        name="ended with 1, no events",
        given=without_events(1),
        found=frozenset({"crash"}),
        not_found=KILLS,
        not_advised=frozenset({"add-startup-probe"}),
    ),
    Case(
        name="restarts without any trace",
        given=Dump(pods=tuple(Pod(name=n, created=-20 * DAY, since=-20 * DAY, restarts=13) for n in "abc")),
        trouble=None,
        not_found=KILLS | {"crash"},
        says=(("13", "39"),),
    ),
    Case(
        name="ready since minutes after days",
        given=Dump(pods=tuple(Pod(name=n, created=-20 * DAY, since=-20 * DAY, ready_since=-200) for n in "abc")),
        trouble=None,
        not_found=KILLS | {"crash", "probe-never-succeeds"},
    ),
    Case(
        name="nothing to see",
        given=Dump(pods=tuple(Pod(name=n, created=-20 * DAY, since=-20 * DAY) for n in "abc")),
        trouble=False,
        found=frozenset({"insufficient-evidence"}),
        not_found=KILLS | {"crash", "probe-never-succeeds", "readiness-flapping", "probe-timeout-too-short"},
    ),
    Case(
        name="two of five readiness attempts time out",
        given=FLAPPING,
        found=frozenset({"readiness-flapping", "probe-timeout-too-short"}),
        not_found=KILLS | {"crash", "probe-never-succeeds", "unready-for-good"},
        advised=frozenset({"raise-timeout", "raise-failure-threshold"}),
        not_advised=frozenset({"fix-handler"}),
        least={"readiness.timeoutSeconds": 2},
        never_says=("still went on",),
    ),
    Case(
        name="silent for hours, no liveness",
        given=out_for_hours(TIMED_OUT),
        found=frozenset({"lockup-without-liveness", "unready-for-good"}),
        not_found=frozenset({"probe-never-succeeds", "readiness-flapping", "crash"}),
        advised=frozenset({"add-liveness"}),
        not_advised=frozenset({"fix-handler"}),
    ),
    Case(
        name="says 500 for hours, no liveness",
        given=out_for_hours(status(500)),
        found=frozenset({"unready-for-good", "lockup-without-liveness"}),
        not_found=frozenset({"probe-never-succeeds", "readiness-flapping", "probe-timeout-too-short", "crash"}),
        not_advised=frozenset({"fix-handler", "raise-timeout", "raise-failure-threshold", "remove-readiness"}),
    ),
    *(
        Case(
            name=f"liveness asks the wrong {what}",
            given=misdirected(probe, said),
            found=frozenset({"probe-never-succeeds", "liveness-kill-unexplained"}),
            not_found=(KILLS - {"liveness-kill-unexplained"}) | {"crash"},
            advised=frozenset({"fix-handler"}),
            not_advised=frozenset({"add-startup-probe", "raise-timeout"}),
        )
        for what, probe, said in (
            ("path", {"httpGet": {"path": "/helthz", "port": 8080}}, status(404)),
            ("port", {"httpGet": {"path": "/healthz", "port": 8082}}, REFUSED.replace("8080", "8082")),
        )
    ),
    Case(
        name="a startup probe that times out and kills",
        given=Dump(
            probes={"livenessProbe": HTTP, "readinessProbe": HTTP, "startupProbe": {**HTTP, "timeoutSeconds": 1}},
            pods=(Pod(created=-1000, since=-15, restarts=7, ended=(137, -330, -270), ready=False),),
            events=(
                failing(TIMED_OUT, 23, probe="Startup", first=-990, last=-4),
                killing(7, probe="startup", first=-970, last=-300),
            ),
        ),
        found=frozenset({"liveness-kill-during-startup", "probe-timeout-too-short"}),
        not_found=frozenset({"crash", "probe-never-succeeds"}),
        advised=frozenset({"raise-failure-threshold", "raise-timeout", "add-startup-probe"}),
        least={"startup_budget": 60, "startup.timeoutSeconds": 2},
    ),
    Case(
        name="readiness by a program that is never in time",
        given=Dump(
            probes={"readinessProbe": command("sh", "-c", "curl -sf localhost:8080/ready")},
            pods=(Pod(created=-470, since=-470, ready=False),),
            events=(
                failing(
                    'command timed out: "sh -c curl -sf localhost:8080/ready" timed out after 1s',
                    46,
                    probe="Readiness",
                    first=-460,
                    last=-3,
                ),
            ),
        ),
        found=frozenset({"probe-timeout-too-short"}),
        not_found=frozenset({"probe-never-succeeds", "crash"}),
        advised=frozenset({"raise-timeout", "raise-cpu"}),
        not_advised=frozenset({"fix-handler"}),
        least={"readiness.timeoutSeconds": 2},
    ),
    Case(
        name="503 for minutes after a rollout",
        given=Dump(
            probes={"livenessProbe": {"httpGet": {"path": "/livez", "port": 8080}}, "readinessProbe": HTTP},
            pods=(Pod(created=-500, since=-500, ready=False),),
            events=(failing(status(503), 48, probe="Readiness", first=-490, last=-2),),
        ),
        trouble=None,
        found=frozenset({"insufficient-evidence", "unready-for-good"}),
        not_found=frozenset({"probe-never-succeeds", "crash", "readiness-flapping", "probe-timeout-too-short"}),
        not_advised=frozenset({"fix-handler", "raise-timeout", "remove-readiness"}),
        says=(("503",),),
    ),
    Case(
        name="back-off with 143, of the kills no event is left",
        given=Dump(pods=(Pod(created=-5 * HOUR, since=None, restarts=52, ended=(143, -230, -190), ready=False),)),
        trouble=None,
        not_found=frozenset({"crash", "oom-killed"}),
        says=(("143", "SIGTERM"),),
        never_says=("ends by itself",),
    ),
    *(
        Case(
            name=f"a start that is killed {delay} s and some after it began",
            given=slow_start(delay),
            found=frozenset({"liveness-kill-during-startup", "liveness-kill-unexplained"}),
            not_found=frozenset({"crash", "probe-never-succeeds"}),
            advised=frozenset({"add-startup-probe", "raise-failure-threshold"}),
            least={"startup_budget": delay + 26},
        )
        for delay in (50, 280, 580)
    ),
)
