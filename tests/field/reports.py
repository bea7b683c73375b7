"""Troubles as people report them, told anew: the same kinds, with workloads, words and numbers of our own."""

from field.case import KILLS, Case
from support.dumps import HTTP, REFUSED, TIMED_OUT, Dump, Json, Pod, Told, failing, killing, status

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OWN_DEADLINE = (
    "config:\n> addr=:7070 conn_timeout=1s rpc_timeout=1s\nestablishing connection\n"
    "health check rpc failed: rpc error: code = DeadlineExceeded desc = context deadline exceeded\n"
)
RUNTIME_AWAY = (
    "rpc error: code = Unknown desc = failed to exec in container: hcs::System::CreateProcess app: "
    "The RPC server is unavailable."
)


def command(*words: str, **numbers: int) -> Json:
    """A probe that runs a program."""
    return {"exec": {"command": list(words)}, **numbers}


def two_containers() -> list[Json]:
    """Two containers of a pod, whose exec probes time out all the time, and nothing restarts."""
    probe = command("sh", "-c", "/opt/ping.sh", timeoutSeconds=5, periodSeconds=10, failureThreshold=5)
    one = Pod(since=-3 * DAY, created=-3 * DAY, ready_since=-3 * DAY + 40)
    said = 'command "sh -c /opt/ping.sh" timed out'
    told = [failing(said, 590, probe=kind, first=-2.9 * DAY, last=-200) for kind in ("Liveness", "Readiness")]
    dump = Dump(kind="StatefulSet", probes={"livenessProbe": probe, "readinessProbe": probe}, pods=(one,), events=told)
    items = dump.items
    for item in items:
        for owner in (item, item.get("spec", {}).get("template", {})):
            spec = owner.get("spec", {})
            if "containers" in spec:
                spec["containers"] = [*spec["containers"], {**spec["containers"][0], "name": "watcher"}]
    for pod in (item for item in items if item["kind"] == "Pod"):
        statuses = pod["status"]["containerStatuses"]
        statuses.append({**statuses[0], "name": "watcher", "containerID": "containerd://watcher"})
    return items


def native_sidecar() -> list[Json]:
    """A sidecar whose startup probe reads a file that nobody writes; the application waits behind it for ever."""
    startup = command("cat", "/run/collector/up", periodSeconds=5)
    sidecar = {"name": "collector", "image": "collector:1", "restartPolicy": "Always", "startupProbe": startup}
    missing = "cat: can't open '/run/collector/up': No such file or directory"
    one = Pod(since=None, created=-14 * MINUTE, restarts=6, ended=(2, -100, -84), ready=False)
    events = (
        failing(missing, 21, probe="Startup", first=-13 * MINUTE, last=-85),
        Told(message="Init container app failed startup probe", reason="Killing", count=7, first=-800, last=-84),
    )
    items = Dump(probes={"readinessProbe": {"tcpSocket": {"port": 8083}}}, pods=(one,), events=events).items
    for item in items:
        if item["kind"] == "Deployment":
            item["spec"]["template"]["spec"]["initContainers"] = [sidecar]
        if item["kind"] == "Pod":
            item["spec"]["initContainers"] = [sidecar]
            (shown,) = item["status"]["containerStatuses"]
            item["status"]["initContainerStatuses"] = [{**shown, "name": "collector"}]
            waiting = {"waiting": {"reason": "PodInitializing"}}
            item["status"]["containerStatuses"] = [{**shown, "restartCount": 0, "state": waiting, "lastState": {}}]
        if item["kind"] == "Event":
            item["involvedObject"]["fieldPath"] = "spec.initContainers{collector}"
            item["message"] = item["message"].replace("container app", "container collector")
    return items


def static_pod() -> list[Json]:
    """A static pod whose sandbox the runtime makes anew over and over."""
    one = Pod(since=None, created=-9 * HOUR, restarts=70, ended=(137, -30 * MINUTE, -10 * MINUTE), ready=False)
    events = (
        Told(message="Stopping container app", reason="Killing", count=70, first=-9 * HOUR, last=-10 * MINUTE),
        failing(REFUSED, 840, probe="Readiness", first=-9 * HOUR, last=-10 * MINUTE),
        failing(status(500), 81, first=-9 * HOUR, last=-HOUR),
    )
    items = Dump(pods=(one,), events=events).items[1:]
    for item in items:
        if item["kind"] == "Pod":
            item["metadata"]["ownerReferences"] = [
                {"apiVersion": "v1", "kind": "Node", "name": "node-1", "controller": True}
            ]
    return items


FIRST_LIFE = {
    "livenessProbe": {**HTTP, "initialDelaySeconds": 10, "periodSeconds": 30, "timeoutSeconds": 5},
    "readinessProbe": {**HTTP, "initialDelaySeconds": 10, "periodSeconds": 30, "timeoutSeconds": 5},
}
KILLED_ONCE = Dump(
    probes=FIRST_LIFE,
    pods=(Pod(since=-200, created=-320, restarts=1, ended=(137, -310, -201), ready_since=-185),),
    events=(
        failing(REFUSED, 3, first=-295, last=-235),
        failing(REFUSED, 5, probe="Readiness", first=-297, last=-205),
        killing(1, first=-235, last=-235),
    ),
)
BROKER = {**HTTP, "httpGet": {"path": "/ready", "port": 8080}, "initialDelaySeconds": 600, "periodSeconds": 20}
SLOW_START = frozenset({"liveness-kill-during-startup"})

REPORTS = (
    Case(
        name="the first start is killed, the second one comes up",
        given=KILLED_ONCE,
        found=SLOW_START,
        not_found=frozenset({"crash", "oom-killed", "probe-never-succeeds"}),
        advised=frozenset({"add-startup-probe"}),
        least={"startup_budget": 90},
    ),
    Case(
        name="one-second timeouts for weeks, the kill events have expired",
        given=Dump(
            probes={"livenessProbe": {**HTTP, "initialDelaySeconds": 60}, "readinessProbe": HTTP},
            pods=(Pod(since=-45 * MINUTE, created=-20 * DAY, restarts=97, ended=(0, -9000, -2701), ready_since=-200),),
            events=(
                failing(TIMED_OUT, 64, first=-6 * HOUR, last=-2702),
                failing(TIMED_OUT, 205, probe="Readiness", first=-6 * HOUR, last=-205),
            ),
        ),
        found=frozenset({"liveness-kill-unexplained", "liveness-kill-under-pressure"}),
        not_found=frozenset({"crash", "liveness-kill-during-startup", "probe-never-succeeds"}),
        advised=frozenset({"raise-timeout", "raise-failure-threshold", "replace-liveness-with-readiness"}),
        least={"liveness.timeoutSeconds": 2},
    ),
    Case(
        name="timeouts from the first attempt on, on both replicas",
        given=Dump(
            probes={kind: {**HTTP, "initialDelaySeconds": 10} for kind in ("livenessProbe", "readinessProbe")},
            pods=tuple(
                Pod(name=name, since=None, created=-880, restarts=6, ended=(143, -190, -150), ready=False)
                for name in "ab"
            ),
            events=tuple(
                told
                for name in "ab"
                for told in (
                    failing(TIMED_OUT, 7, probe="Readiness", first=-800, last=-160, pod=name),
                    failing(TIMED_OUT, 6, first=-798, last=-160, pod=name),
                    killing(2, first=-770, last=-160, pod=name),
                )
            ),
        ),
        found=KILLS - {"liveness-kill-by-dependency"},
        not_found=frozenset({"crash", "probe-never-succeeds"}),
        advised=frozenset({"add-startup-probe", "raise-timeout"}),
        least={"startup_budget": 60, "startup.timeoutSeconds": 2},
    ),
    Case(
        name="a recovery of minutes is killed ten times",
        given=Dump(
            kind="StatefulSet",
            probes={
                "livenessProbe": {"tcpSocket": {"port": 9092}, "initialDelaySeconds": 10},
                "readinessProbe": {"tcpSocket": {"port": 9092}, "failureThreshold": 6},
            },
            pods=(
                Pod(since=-39 * DAY, created=-39 * DAY),
                Pod(name="b", since=None, created=-32 * MINUTE, restarts=8, ended=(143, -160, -118), ready=False),
            ),
            events=(
                failing("dial tcp 10.1.1.6:9092: connect: connection refused", 27, first=-1860, last=-121, pod="b"),
                killing(9, first=-1840, last=-121, pod="b"),
            ),
        ),
        where="StatefulSet/web/app",
        found=SLOW_START,
        not_found=frozenset({"crash", "probe-never-succeeds", "oom-killed"}),
        advised=frozenset({"add-startup-probe"}),
        least={"startup_budget": 300},
    ),
    Case(
        name="a start behind a program that cannot connect yet",
        given=Dump(
            kind="StatefulSet",
            probes={
                kind: command("sh", "-c", "/opt/ping.sh", initialDelaySeconds=10, periodSeconds=5, failureThreshold=4)
                for kind in ("livenessProbe", "readinessProbe")
            },
            pods=(Pod(since=-100, created=-190, restarts=1, ended=(137, -180, -121), ready_since=-80),),
            events=(
                failing("Could not connect to Redis at localhost:26379: Connection refused", 4, first=-167, last=-151),
                failing(
                    "Could not connect to Redis at localhost:26379: Connection refused",
                    9,
                    probe="Readiness",
                    first=-168,
                    last=-124,
                ),
                killing(1, first=-151, last=-151),
            ),
        ),
        where="StatefulSet/web/app",
        found=SLOW_START,
        not_found=frozenset({"liveness-kill-by-dependency", "crash", "oom-killed", "probe-never-succeeds"}),
        advised=frozenset({"add-startup-probe"}),
        not_advised=frozenset({"remove-readiness"}),
        least={"startup_budget": 60},
    ),
    *(
        Case(
            name=f"exec probes time out in container {container}, and nothing restarts",
            given=two_containers(),
            where=f"StatefulSet/web/{container}",
            trouble=None,
            not_found=KILLS | {"crash", "probe-never-succeeds", "unready-for-good"},
            says=(("590",), ("timed out", "timeout")) if container == "app" else (),
        )
        for container in ("app", "watcher")
    ),
    Case(
        name="a hung agent says no for hours, its liveness passes",
        given=Dump(
            kind="DaemonSet",
            probes={
                "livenessProbe": command("agent", "-live", timeoutSeconds=10, failureThreshold=6),
                "readinessProbe": command("agent", "-ready", timeoutSeconds=10),
            },
            pods=(
                Pod(since=-20 * HOUR, created=-20 * HOUR, ready_since=-20 * HOUR + 60),
                Pod(name="b", since=-20 * HOUR, created=-20 * HOUR, ready=False),
            ),
            events=(
                failing(
                    "router is not ready: dial unix /run/router.ctl: connect: resource temporarily unavailable",
                    1100,
                    probe="Readiness",
                    first=-7 * HOUR,
                    last=-80,
                    pod="b",
                ),
            ),
        ),
        where="DaemonSet/web/app",
        found=frozenset({"unready-for-good", "lockup-without-liveness"}),
        not_found=KILLS | {"probe-never-succeeds", "readiness-flapping", "probe-timeout-too-short", "crash"},
        not_advised=frozenset({"fix-handler", "raise-timeout", "raise-failure-threshold", "tighten-readiness"}),
        says=(("resource temporarily unavailable",),),
    ),
    Case(
        name="a gRPC program gives up by its own deadline",
        given=Dump(
            probes={
                kind: command("/bin/grpc_health_probe", "-addr=:7070", periodSeconds=5)
                for kind in ("livenessProbe", "readinessProbe")
            },
            pods=(Pod(since=-140, created=-3 * DAY, restarts=540, ended=(137, -560, -520), ready=False),),
            events=(
                failing(OWN_DEADLINE, 2100, first=-3 * DAY, last=-535),
                failing(OWN_DEADLINE, 3900, probe="Readiness", first=-3 * DAY, last=-10),
                killing(539, first=-3 * DAY, last=-540),
            ),
        ),
        found=KILLS - {"liveness-kill-by-dependency"},
        not_found=frozenset(
            {"liveness-kill-by-dependency", "probe-never-succeeds", "crash", "liveness-asks-readiness"}
        ),
        advised=frozenset({"raise-handler-deadline", "raise-cpu", "add-startup-probe"}),
        says=(("rpc_timeout", "rpc-timeout", "DeadlineExceeded"),),
    ),
    Case(
        name="an old kubelet calls a timeout 'errored'",
        given=Dump(
            kind="StatefulSet",
            probes={
                kind: command("rabbitmq-diagnostics", "-q", "check_running", timeoutSeconds=20, periodSeconds=30)
                for kind in ("livenessProbe", "readinessProbe")
            },
            pods=(Pod(since=-530, created=-540, ready=False),),
            events=tuple(
                Told(
                    message=f"{kind} probe errored: rpc error: code = DeadlineExceeded desc = timeout 20s exceeded",
                    count=count,
                    first=-420,
                    last=-30,
                )
                for kind, count in (("Readiness", 10), ("Liveness", 6))
            ),
        ),
        where="StatefulSet/web/app",
        found=frozenset({"probe-errors", "probe-timeout-too-short", "probe-runtime-errors"}),
        not_found=frozenset({"probe-never-succeeds", "crash"}),
        advised=frozenset({"raise-timeout", "raise-cpu", "raise-handler-deadline"}),
        not_advised=frozenset({"fix-handler"}),
        least={"readiness.timeoutSeconds": 21, "liveness.timeoutSeconds": 21},
    ),
    Case(
        name="the runtime can start no process in one pod",
        given=Dump(
            probes={"livenessProbe": command("check", timeoutSeconds=20, periodSeconds=30), "readinessProbe": HTTP},
            pods=tuple(Pod(name=name, since=-9 * DAY, created=-9 * DAY, ready_since=-8 * DAY) for name in "ab"),
            events=(Told(message=f"Liveness probe errored: {RUNTIME_AWAY}", count=1700, first=-15 * HOUR, last=-12),),
        ),
        found=frozenset({"probe-runtime-errors", "probe-errors"}),
        not_found=frozenset({"probe-never-succeeds", "crash"}),
        not_advised=frozenset({"fix-handler", "remove-readiness"}),
        says=(("RPC server is unavailable",),),
    ),
    Case(
        name="answers of four seconds, a timeout of one",
        given=Dump(
            pods=(Pod(since=-500, created=-505, ready=False),),
            probes={"livenessProbe": {"tcpSocket": {"port": 8081}}, "readinessProbe": {**HTTP, "timeoutSeconds": 1}},
            events=(failing(TIMED_OUT, 49, probe="Readiness", first=-490, last=-4),),
        ),
        found=frozenset({"probe-timeout-too-short"}),
        not_found=frozenset({"probe-never-succeeds", "crash", "unready-for-good"}),
        advised=frozenset({"raise-timeout"}),
        not_advised=frozenset({"fix-handler", "remove-readiness"}),
        least={"readiness.timeoutSeconds": 2},
    ),
    Case(
        name="130 readiness timeouts an hour on one pod of three",
        given=Dump(
            probes={
                "livenessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 30, "timeoutSeconds": 5},
                "readinessProbe": {**HTTP, "periodSeconds": 15, "timeoutSeconds": 5},
            },
            pods=(
                Pod(since=-3 * DAY, created=-3 * DAY, ready=False, ready_since=-52),
                *(Pod(name=name, since=-3 * DAY, created=-3 * DAY, ready_since=-420) for name in "bc"),
            ),
            events=(failing(TIMED_OUT, 124, probe="Readiness", first=-58 * MINUTE, last=-20),),
        ),
        found=frozenset({"readiness-flapping", "probe-timeout-too-short"}),
        not_found=KILLS | {"probe-never-succeeds", "crash"},
        advised=frozenset({"raise-timeout", "raise-failure-threshold", "raise-cpu"}),
        not_advised=frozenset({"fix-handler"}),
        least={"readiness.timeoutSeconds": 6},
    ),
    Case(
        name="a static pod whose sandbox is made anew",
        given=static_pod(),
        where="Pod/web-a/app",
        trouble=None,
        not_found=(KILLS - {"liveness-kill-unexplained"}) | {"probe-never-succeeds"},
        not_advised=frozenset({"add-startup-probe", "fix-handler"}),
        says=(("Stopping container",),),
    ),
    Case(
        name="killed for memory beside some refused attempts",
        given=Dump(
            probes={"livenessProbe": {**HTTP, "initialDelaySeconds": 10, "periodSeconds": 30, "timeoutSeconds": 10}},
            pods=(
                Pod(
                    since=None, created=-3 * DAY, restarts=190, ended=(137, -270, -252), reason="OOMKilled", ready=False
                ),
            ),
            events=(failing(REFUSED, 11, first=-2.8 * DAY, last=-258),),
        ),
        found=frozenset({"oom-killed"}),
        not_found=KILLS | {"probe-never-succeeds", "crash"},
        advised=frozenset({"raise-memory"}),
        not_advised=frozenset({"add-startup-probe", "fix-handler"}),
    ),
    Case(
        name="a native sidecar waits for a file that is not there",
        given=native_sidecar(),
        where="Deployment/web/collector",
        found=frozenset({"liveness-kill-during-startup", "probe-never-succeeds", "liveness-kill-unexplained"}),
        not_found=frozenset({"crash", "oom-killed"}),
        advised=frozenset({"fix-handler", "add-startup-probe", "raise-failure-threshold"}),
        least={"startup_budget": 16},
        says=(("/run/collector/up",),),
    ),
    Case(
        name="the application behind a sidecar that never starts",
        given=native_sidecar(),
        trouble=None,
        not_found=KILLS | {"crash", "probe-never-succeeds"},
    ),
    Case(
        name="liveness asks readiness's question through eleven minutes of catching up",
        given=Dump(
            kind="StatefulSet",
            probes={"livenessProbe": BROKER, "readinessProbe": {**BROKER, "initialDelaySeconds": 30}},
            pods=(
                *(Pod(name=name, since=-30 * DAY, created=-30 * DAY, ready_since=-29 * DAY) for name in "ab"),
                Pod(name="c", since=-420, created=-1.1 * DAY, restarts=140, ended=(143, -1090, -421), ready=False),
            ),
            events=(
                failing(status(503), 420, first=-1.08 * DAY, last=-423, pod="c"),
                failing(status(503), 9100, probe="Readiness", first=-1.1 * DAY, last=-5, pod="c"),
                killing(140, first=-1.08 * DAY, last=-423, pod="c"),
            ),
        ),
        where="StatefulSet/web/app",
        found=frozenset({"liveness-kill-during-startup", "liveness-asks-readiness", "liveness-kill-unexplained"}),
        not_found=frozenset({"crash", "probe-never-succeeds"}),
        advised=frozenset(
            {"add-startup-probe", "decouple-liveness", "replace-liveness-with-readiness", "raise-failure-threshold"}
        ),
        least={"startup_budget": 670},
    ),
)
