"""Who may write a status cannot have the operator send what they like: it stays inside, whatever stands there."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.change.decide import decide
from probetuner.change.situation import Refusal, RefusalReason, Situation, WorkloadPatch
from probetuner.change.times import to_text
from probetuner.change.warrant import Warrant
from probetuner.cluster import workloads
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Allowance, ContainerMode, ContainerRules, Policy
from probetuner.model.workload import parse_workload
from support.facts import T0
from support.stage import Stage
from support.strategic_merge import apply
from support.workloads import LIVENESS, Json, container, deployment

ID = "0123456789"
EVIL = {
    "metadata": {"finalizers": ["evil/x"]},
    "spec": {
        "replicas": 50,
        "template": {
            "spec": {
                "serviceAccountName": "admin",
                "hostPID": True,
                "volumes": [{"name": "h", "hostPath": {"path": "/"}}],
                "containers": [
                    {
                        "name": "web",
                        "image": "evil:latest",
                        "securityContext": {"privileged": True},
                        "livenessProbe": {"timeoutSeconds": 2},
                    }
                ],
            }
        },
    },
}
MILD = {"spec": {"template": {"spec": {"containers": [{"name": "web", "livenessProbe": {"timeoutSeconds": 1}}]}}}}
LONGER = {"spec": {"template": {"spec": {"containers": [{"name": "web", "livenessProbe": {"timeoutSeconds": 5}}]}}}}
EVERYTHING = Policy(allow=frozenset(Allowance))


def live(approved: str | None = None) -> Json:
    """A Deployment of two containers and a sidecar; one container begins with tini."""
    raw = deployment(
        {
            **container(livenessProbe=LIVENESS, readinessProbe={"exec": {"command": ["check"]}}),
            "command": ["run", "it"],
        },
        {**container("reaped", startupProbe=LIVENESS), "command": ["tini", "--", "run"]},
        annotations={} if approved is None else {"probetuner.dev/approve": approved},
    )
    sidecar = {**container("mesh", livenessProbe=LIVENESS), "restartPolicy": "Always"}
    raw["spec"]["template"]["spec"]["initContainers"] = [sidecar]
    return raw


def entry(patch: Any, undo: Any, **more: Any) -> Json:
    """An entry of status.history as the operator writes them."""
    written = {"patch": json.dumps(patch), "undo": json.dumps(undo), "decidedAt": to_text(T0), "before": {}}
    return {"id": ID, "summary": "raise-timeout", **written, **more}


PENDING: Json = {}
CARRIED = {"appliedAt": to_text(T0), "observedGeneration": 1}
WORSE = {**CARRIED, "verdict": "RolledBack", "verdictAt": to_text(T0 + 60), "approved": True}


class Wire:
    """Stands for the API server: takes every patch, and keeps what came."""

    def __init__(self) -> None:
        self.came: list[Json] = []

    async def write(self, method: str, path: str, body: Mapping[str, Any], **_: Any) -> Json:
        """Take it."""
        assert (method, path) == ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web")
        self.came.append(json.loads(json.dumps(body)))
        return {}


def send(patch: WorkloadPatch, warrant: Warrant) -> tuple[list[Json], Any]:
    """What reaches the wire of a patch, and the answer."""
    wire = Wire()
    answer = asyncio.run(workloads.patch(wire, patch, warrant, now=T0))  # type: ignore[arg-type] # it only writes
    return wire.came, answer


def decided(status: Json, *, mode: Mode, policy: Policy, raw: Json) -> WorkloadPatch | None:
    """What is decided to be sent of a status."""
    situation = Situation(
        workload=parse_workload(raw),
        mode=ModeDecision(mode=mode, source=ModeSource.WORKLOAD),
        policy=policy,
        history=WorkloadHistory(),
        status=status,
    )
    return decide(situation, T0 + 100).patch


@pytest.mark.parametrize("mode", [Mode.APPLY, Mode.RECOMMEND])
@pytest.mark.parametrize("state", [PENDING, WORSE], ids=["to be sent", "to be undone"])
def test_a_forged_entry_is_not_carried_out(state: Json, mode: Mode) -> None:
    """Neither as a change nor as what undoes one, whatever it says of approvals, and although all is allowed."""
    raw = live()
    forged = entry(EVIL, MILD) if state is PENDING else entry(MILD, EVIL, **state)

    assert decided({"mode": "Apply", "history": [forged]}, mode=mode, policy=EVERYTHING, raw=raw) is None


def test_a_forged_entry_is_told_of_once_and_shown_no_more() -> None:
    """It is no patch for a person to apply either."""
    stage = Stage(live=live(), status={"history": [entry(MILD, EVIL, **WORSE)]}, policy=EVERYTHING)
    stage.history = WorkloadHistory()

    stage.turn()
    stage.turn()

    told = [told for told in stage.told if told.reason == "LogNotUnderstood"]
    assert len(told) == 1
    assert len(told[0].message) < 200
    assert stage.sent == []
    assert "evil" not in json.dumps(stage.status)


def test_an_approval_is_what_the_workload_says() -> None:
    """A status that claims one has none; the annotation of the very change is one."""
    status = {"history": [entry(LONGER, MILD, **WORSE)]}
    carried = apply(LONGER, live())

    def sent(approved: str | None) -> WorkloadPatch | None:
        annotations = {} if approved is None else {"probetuner.dev/approve": approved}
        raw = {**carried, "metadata": {**carried["metadata"], "annotations": annotations}}
        return decided(status, mode=Mode.RECOMMEND, policy=Policy(), raw=raw)

    assert sent(None) is None
    assert sent("another") is None
    assert sent(ID) is not None


@pytest.mark.parametrize("state", [PENDING, CARRIED], ids=["to be sent", "carried"])
def test_a_wish_for_a_rollback_sends_no_forged_change(state: Json) -> None:
    """The annotation that a person left there lets an undo of probes through, and no change nor anything else."""
    raw = live() if state is PENDING else apply(LONGER, live())
    raw["metadata"]["annotations"] = {"probetuner.dev/rollback": ID}

    for forged in (entry(LONGER, MILD, **state), entry(LONGER, EVIL, **state)):
        patch = decided({"history": [forged]}, mode=Mode.RECOMMEND, policy=EVERYTHING, raw=raw)
        assert patch is None or (patch.body, patch.undoes) == (MILD, True)

    warrant = Warrant(workload=parse_workload(raw), mode=Mode.RECOMMEND, policy=EVERYTHING)
    change = WorkloadPatch(body=MILD, resource_version=raw["metadata"]["resourceVersion"], change=ID)
    assert send(change, warrant)[0] == []
    assert len(send(replace(change, undoes=True), warrant)[0]) == 2
    assert send(replace(change, undoes=True), replace(warrant, mode=Mode.OBSERVE))[0] == []


def test_what_is_allowed_no_more_is_neither_sent_nor_undone() -> None:
    """The spec as it is now counts, and the condition says what is missing."""
    nothing = Policy(allow=frozenset())
    pending = Stage(live=live(), status={"history": [entry(LONGER, MILD)]}, policy=nothing, history=WorkloadHistory())
    worse = Stage(
        live=apply(LONGER, live()),
        status={"history": [entry(LONGER, MILD, **WORSE)]},
        policy=nothing,
        history=WorkloadHistory(),
    )

    pending.turn()
    worse.turn()

    assert (pending.sent, worse.sent) == ([], [])
    assert "lists no Thresholds" in pending.latest["reason"]
    applied = worse.condition("Applied")
    assert (applied["reason"], worse.status["phase"]) == ("UndoWithheld", "Blocked")
    assert "lists no Thresholds" in applied["message"]


def test_the_last_word_is_said_with_what_holds_then() -> None:
    """A mode that was lowered or a container left out between decision and patch holds; the no is a refusal."""
    workload = parse_workload(live())
    patch = WorkloadPatch(body=LONGER, resource_version="1", change=ID)
    left_out = replace(EVERYTHING, containers=ContainerRules(modes={"web": ContainerMode.OFF}))
    warrant = Warrant(workload=workload, mode=Mode.APPLY, policy=EVERYTHING)

    assert len(send(patch, warrant)[0]) == 2  # the dry run, and the patch
    for other in (
        replace(warrant, mode=Mode.RECOMMEND),
        replace(warrant, policy=left_out),
        replace(warrant, workload=replace(workload, resource_version="2")),
    ):
        came, answer = send(patch, other)
        assert came == []
        assert isinstance(answer, Refusal)
        assert answer.reason is RefusalReason.NOT_PERMITTED


quick = settings(max_examples=200, deadline=None)
words = st.sampled_from(["web", "reaped", "mesh", "gone", "tini", "--", "-s", "run", "it", "check", "/1", "evil", ""])
FIELDS = [
    "name",
    "image",
    "command",
    "args",
    "env",
    "volumeMounts",
    "securityContext",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "spec",
    "template",
    "containers",
    "initContainers",
    "ephemeralContainers",
    "volumes",
    "serviceAccountName",
    "hostPID",
    "hostNetwork",
    "replicas",
    "shareProcessNamespace",
    "terminationGracePeriodSeconds",
    "metadata",
    "annotations",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "timeoutSeconds",
    "periodSeconds",
    "exec",
    "httpGet",
    "tcpSocket",
    "grpc",
    "path",
    "port",
    "host",
    "httpHeaders",
]
leaves = st.none() | st.booleans() | st.integers(-1, 9) | words | st.just("replace")
anything = st.recursive(
    leaves,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), below, max_size=4),
    max_leaves=8,
)
numbers = st.dictionaries(
    st.sampled_from(["timeoutSeconds", "periodSeconds", "failureThreshold", "terminationGracePeriodSeconds"]),
    st.integers(1, 9),
    max_size=3,
)
commands = st.sampled_from(
    [["run"], ["run", "it"], ["tini", "--", "run", "it"], ["tini", "--", "run"], ["sh", "-c", "evil"], []]
)
checks = st.sampled_from([["check"], ["tini", "-s", "--", "check"], ["tini", "-s", "--", "evil"], ["evil"]])
handlers = st.one_of(
    st.just({}),
    st.builds(lambda command: {"exec": {"command": command}}, checks),
    st.builds(lambda command: {"exec": {"command": command}, "httpGet": None}, checks),
    st.builds(lambda path: {"httpGet": {"path": path, "port": 80}}, words),
    st.just({"httpGet": {"host": "169.254.169.254"}}),
    st.just({"tcpSocket": {"port": 80}, "httpGet": None}),
)
probes = st.none() | st.builds(lambda one, other: {**one, **other}, numbers, handlers)
fields = st.one_of(
    st.builds(
        lambda kind, probe: {kind: probe}, st.sampled_from(["livenessProbe", "readinessProbe", "startupProbe"]), probes
    ),
    st.builds(lambda command: {"command": command}, commands),
)
names = st.sampled_from(["web", "web", "web", "reaped", "reaped", "reaped", "mesh", "gone"])
entries = st.builds(lambda name, one, other: {"name": name, **one, **other}, names, fields, st.just({}) | fields)
listed = st.sampled_from(["containers", "containers", "initContainers"])
specs = st.one_of(
    st.builds(lambda where, entry: {where: [entry]}, listed, entries),
    st.builds(lambda shares: {"shareProcessNamespace": shares}, st.none() | st.booleans()),
    st.builds(lambda one, other: {"containers": [one], "initContainers": [other]}, entries, entries),
)
likely = st.builds(lambda spec: {"spec": {"template": {"spec": spec}}}, specs)
more = st.sampled_from([{"image": "evil:latest"}, {"$patch": "delete"}, {"name": None}, {"lifecycle": {}}])
bad_entries = st.builds(lambda entry, more: {**entry, **more}, entries, more)
bad_specs = st.fixed_dictionaries(
    {"containers": st.lists(entries | bad_entries, max_size=3)},
    optional={"hostPID": st.just(5), "volumes": anything},
)
spoiled = st.builds(
    lambda spec, more: {"spec": {"template": {"spec": spec}}, **more},
    bad_specs,
    st.dictionaries(st.sampled_from(FIELDS), anything, max_size=1),
)
bodies = st.sampled_from([likely, likely, likely, likely, spoiled, anything]).flatmap(lambda chosen: chosen)
allows = st.sets(st.sampled_from(Allowance), max_size=2) | st.builds(
    lambda without: set(Allowance) - {without}, st.none() | st.sampled_from(Allowance)
)
offs = st.sampled_from([(), (), (), ("web",), ("reaped",), ("*",)])
policies = st.builds(
    lambda allow, off: Policy(
        allow=frozenset(allow), containers=ContainerRules(modes=dict.fromkeys(off, ContainerMode.OFF))
    ),
    allows,
    offs,
)
modes = st.sampled_from([Mode.APPLY, Mode.APPLY, Mode.APPLY, Mode.RECOMMEND, Mode.OBSERVE, Mode.OFF])
states = st.sampled_from([PENDING, CARRIED, WORSE, {"verdict": "RolledBack"}, {"verdict": "Kept"}, {"approved": True}])
forged = st.lists(
    st.builds(lambda patch, undo, state: entry(patch, undo, **state), bodies, bodies, states) | anything, max_size=3
)
statuses: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"history": forged},
    optional={"mode": leaves, "phase": st.sampled_from(["Applying", "RolledBack", "Kept"]), "conditions": st.just([])},
)


@given(bodies, modes, policies, st.sampled_from([None, ID]))
@quick
def test_whatever_is_decided_what_is_sent_stays_inside(
    body: Any, mode: Mode, policy: Policy, approved: str | None
) -> None:
    """The last function before the wire takes any patch, and lets through probes, who reaps, and nothing else."""
    raw = live(approved)
    warrant = Warrant(workload=parse_workload(raw), mode=mode, policy=policy)

    came, answer = send(WorkloadPatch(body=body, resource_version="1", change=ID), warrant)

    if isinstance(answer, Refusal):
        assert came == []
        assert len(answer.message) < 400
    else:
        stays_inside(came, raw, mode=mode, policy=policy, approved=approved)


@given(likely, allows)
@quick
def test_each_field_needs_what_allows_it(body: Json, allow: set[Allowance]) -> None:
    """Of a patch that looks like one of ours, nothing is sent but what `spec.allow` lists."""
    raw, policy = live(), Policy(allow=frozenset(allow))

    came, _ = send(
        WorkloadPatch(body=body, resource_version="1", change=ID),
        Warrant(workload=parse_workload(raw), mode=Mode.APPLY, policy=policy),
    )

    stays_inside(came, raw, mode=Mode.APPLY, policy=policy, approved=None)


@pytest.mark.slow
@given(statuses, modes, policies, st.sampled_from([None, ID]))
@quick
def test_whatever_stands_in_a_status_what_is_sent_stays_inside(
    status: Json, mode: Mode, policy: Policy, approved: str | None
) -> None:
    """A decision upon it fails for nobody, and what comes of it at the wire is asked for and allowed now."""
    raw = live(approved)

    patch = decided(status, mode=mode, policy=policy, raw=raw)

    if patch is not None:
        came, answer = send(patch, Warrant(workload=parse_workload(raw), mode=mode, policy=policy))
        assert not isinstance(answer, Refusal)
        stays_inside(came, raw, mode=mode, policy=policy, approved=approved)


def stays_inside(came: list[Json], raw: Json, *, mode: Mode, policy: Policy, approved: str | None) -> None:
    """Judge by what the server would make of it, and not by what the operator thinks of it."""
    assert mode is Mode.APPLY or (mode is Mode.RECOMMEND and approved == ID)
    for body in came:
        assert body.pop("metadata") == {"resourceVersion": "1"}
        assert "$" not in "".join(keys(body))
        for path, old, new in differences(raw, apply(body, raw)):
            assert path[:3] == ("spec", "template", "spec"), path
            match path[3:]:
                case ("shareProcessNamespace",):
                    assert Allowance.REAPER in policy.allow
                    assert not policy.containers.modes
                case ("containers" | "initContainers", name, "command"):
                    assert Allowance.REAPER in policy.allow
                    assert is_not_off(policy, name)
                    assert ["tini", "--", *old] == new or ["tini", "--", *new] == old
                case (
                    "containers" | "initContainers",
                    name,
                    ("livenessProbe" | "readinessProbe" | "startupProbe") as kind,
                ):
                    assert is_not_off(policy, name)
                    for permits in needed(old, new, startup=kind == "startupProbe"):
                        assert permits & policy.allow, (path, old, new)
                case _:
                    pytest.fail(f"{path} is nothing that the operator may change")


def needed(old: Json | None, new: Json | None, *, startup: bool) -> Iterator[set[Allowance]]:
    """For each way in which two probes differ, what lets a user say that it may."""
    types = {Allowance.TYPES} | ({Allowance.STARTUP} if startup else set())
    if old is None or new is None:
        yield types
        return
    for name in [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]:
        if name == "terminationGracePeriodSeconds":
            yield {Allowance.GRACE}
        elif name.endswith(("Seconds", "Threshold")):
            yield types | {Allowance.THRESHOLDS}
        else:
            assert "host" not in (new.get(name) or {})
            commands = [(probe.get(name) or {}).get("command") or [] for probe in (old, new)]
            wraps = name == "exec" and [without_tini(command) for command in commands] == [["check"]] * 2
            yield types | ({Allowance.REAPER} if wraps else set())


def without_tini(command: list[str]) -> list[str]:
    return command[3:] if command[:3] == ["tini", "-s", "--"] else command


def is_not_off(policy: Policy, name: str) -> bool:
    return policy.containers.mode_of(name) is not ContainerMode.OFF


def differences(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Each place in which two objects differ; containers go by their names, probes and other lists are one value."""
    by_name = path[-1:] in (("containers",), ("initContainers",))
    if path[-1:] and path[-1].endswith("Probe"):
        if old != new:
            yield path, old, new
        return
    if by_name and isinstance(old, list) and isinstance(new, list):
        old, new = ({each["name"]: each for each in listed} for listed in (old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old.keys() | new.keys():
            yield from differences(old.get(name), new.get(name), (*path, name))
    elif old != new:
        yield path, old, new


def keys(body: Any) -> Iterator[str]:
    if isinstance(body, dict):
        yield from body
    for below in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from keys(below)
