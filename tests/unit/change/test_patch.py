"""Patches: they lead from the present probes to the wanted ones and back, write no more, and are recognised."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.change.patch import build_patch, holds, merged_pod
from probetuner.model.probe import HANDLER_FIELDS, Probe, ProbeType, parse_probe
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import Workload, parse_workload
from probetuner.tuning.recommendation import Probes
from support.strategic_merge import apply
from support.workloads import LIVENESS, Json, container, deployment, workload

quick = settings(max_examples=60)

UNKNOWN = ("protocol", "somethingNew", "mode")
"""Fields that this version does not know."""

ports = st.integers(1, 65535) | st.sampled_from(["http", "metrics"])
paths = st.sampled_from(["/", "/1", "/healthz?full=1"])
names = st.sampled_from(["Host", "X-Probe"])
headers = st.lists(st.fixed_dictionaries({"name": names, "value": st.sampled_from(["a", "b"])}), max_size=2)
optional = {
    "path": paths,
    "scheme": st.sampled_from(["HTTP", "HTTPS"]),
    "host": st.just("10.0.0.1"),
    "httpHeaders": headers,
    "protocol": st.just("H2C"),
}
handlers = st.one_of(
    st.fixed_dictionaries({"httpGet": st.fixed_dictionaries({"port": ports}, optional=optional)}),
    st.fixed_dictionaries({"tcpSocket": st.fixed_dictionaries({"port": ports}, optional={"host": st.just("db")})}),
    st.fixed_dictionaries({"exec": st.fixed_dictionaries({"command": st.lists(paths, min_size=1, max_size=3)})}),
    st.fixed_dictionaries(
        {"grpc": st.fixed_dictionaries({"port": st.integers(1, 65535)}, optional={"service": st.just("s")})}
    ),
)
numbers = st.fixed_dictionaries(
    {},
    optional={
        "initialDelaySeconds": st.sampled_from([0, 5, 30]),
        "periodSeconds": st.sampled_from([0, 5, 10]),
        "timeoutSeconds": st.sampled_from([0, 1, 5]),
        "failureThreshold": st.sampled_from([0, 3, 6]),
        "terminationGracePeriodSeconds": st.sampled_from([5, 20]),
        "somethingNew": st.just({"mode": "X"}),
    },
)
probes = st.builds(lambda handler, values: {**handler, **values}, handlers, numbers)
patient = st.builds(
    lambda probe: {name: value for name, value in probe.items() if name != "terminationGracePeriodSeconds"}, probes
)
containers = st.fixed_dictionaries(
    {}, optional={"livenessProbe": probes, "readinessProbe": patient, "startupProbe": probes}
)
pods = st.lists(containers, min_size=1, max_size=3)


def live_of(pod: list[Json], *, sidecar: bool = False) -> Json:
    raw = deployment(*(container(f"c{index}", **fields) for index, fields in enumerate(pod)))
    if sidecar:
        spec = raw["spec"]["template"]["spec"]
        spec["initContainers"] = [{**spec["containers"].pop(), "restartPolicy": "Always"}]
    return raw


def probes_of(loaded: Workload) -> dict[str, Probes]:
    return {c.name: Probes(liveness=c.liveness, readiness=c.readiness, startup=c.startup) for c in loaded.containers}


def same_shape(old: list[Json], new: list[Json]) -> list[Json]:
    """As many containers as there are, so that only their probes differ."""
    return [*new, *old[len(new) :]][: len(old)]


@given(pods, pods, st.booleans())
@quick
def test_a_patch_leads_there_and_its_undo_back(old: list[Json], new: list[Json], sidecar: bool) -> None:  # noqa: FBT001 - drawn
    """The server makes the wanted probes of it, and the old ones again; each is recognised exactly where it stands."""
    before = live_of(old, sidecar=sidecar)
    wanted = probes_of(parse_workload(live_of(same_shape(old, new), sidecar=sidecar)))
    present = probes_of(parse_workload(before))
    patch = build_patch(parse_workload(before), old=present, new=wanted)
    undo = build_patch(parse_workload(before), old=wanted, new=present)
    if patch is None or undo is None:
        assert (patch, undo, present) == (None, None, wanted)
        return

    after = apply(patch, before)
    back = apply(undo, after)

    pods = [raw["spec"]["template"]["spec"] for raw in (before, after)]
    assert merged_pod(pods[0], patch) == pods[1]
    assert probes_of(parse_workload(after)) == wanted
    assert probes_of(parse_workload(back)) == present
    assert [holds(patch, parse_workload(raw)) for raw in (before, after, back)] == [False, True, False]
    assert [holds(undo, parse_workload(raw)) for raw in (before, after, back)] == [True, False, True]


@given(pods, pods)
@quick
def test_a_patch_holds_exactly_where_it_would_change_nothing(live: list[Json], new: list[Json]) -> None:
    """Whatever stands on the workload, a patch counts as carried if and only if the server would change no probe."""
    elsewhere = live_of([{"livenessProbe": LIVENESS}] * len(live))
    target = probes_of(parse_workload(live_of(same_shape(live, new))))
    patch = build_patch(parse_workload(elsewhere), old=probes_of(parse_workload(elsewhere)), new=target)
    if patch is None:
        return
    present = live_of(live)

    try:
        unchanged = probes_of(parse_workload(apply(patch, present))) == probes_of(parse_workload(present))
    except InvalidObjectError:  # the server would refuse it, for a probe with two handlers
        unchanged = False

    assert holds(patch, parse_workload(present)) == unchanged


@given(probes, probes)
@quick
def test_only_leaves_that_differ_are_written(old: Json, new: Json) -> None:
    """Nothing is written that is so already, so that no owner of another field is disturbed."""
    before = live_of([{"livenessProbe": old}])
    target = {"c0": Probes(liveness=parse_probe(new, place="new"))}
    patch = build_patch(parse_workload(before), old=probes_of(parse_workload(before)), new=target)
    if patch is None:
        return
    (entry,) = patch["spec"]["template"]["spec"]["containers"]

    for leaf in leaves(entry["livenessProbe"]):
        if leaf[-1] not in UNKNOWN and (leaf[0] in old or leaf[0] not in HANDLER_FIELDS):
            without = copy.deepcopy(patch)
            drop(without["spec"]["template"]["spec"]["containers"][0]["livenessProbe"], leaf)
            assert not reaches(without, before, target)


def reaches(patch: Json, before: Json, target: dict[str, Probes]) -> bool:
    try:
        return probes_of(parse_workload(apply(patch, before))) == target
    except InvalidObjectError:
        return False


def leaves(body: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the values that are not maps."""
    if not isinstance(body, dict):
        yield path
        return
    for name, value in body.items():
        yield from leaves(value, (*path, name))


def drop(body: Json, path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        body = body[name]
    del body[path[-1]]


def test_a_handler_switch_takes_the_old_handler_away() -> None:
    """The API server refuses a probe with two handlers, and applying one field never removes another."""
    old, new = {"exec": {"command": ["check"]}, "periodSeconds": 20}, {"tcpSocket": {"port": 80}, "periodSeconds": 20}
    patch = patch_of(old, new)

    assert patch == {"exec": None, "tcpSocket": {"port": 80}}
    assert holds(whole(patch), workload(container("c0", livenessProbe=new)))


def test_a_changed_path_keeps_what_is_not_known() -> None:
    """Within a handler too, only what differs is written; headers are one list to the server."""
    old = {"httpGet": {"path": "/1", "port": 80, "host": "h", "httpHeaders": [{"name": "A", "value": "1"}], "new": 1}}
    new = {"httpGet": {"path": "/2", "port": 80, "scheme": "HTTP", "new": 1}}

    assert patch_of(old, new) == {"httpGet": {"path": "/2", "host": None, "httpHeaders": None}}


def test_what_is_not_known_comes_back_with_a_probe_that_was_taken_away() -> None:
    """Undoing puts back fields that this version does not know, as it read them."""
    unknown = {**LIVENESS, "somethingNew": {"mode": "X"}}
    before = deployment(container("c0", livenessProbe=unknown))
    loaded = parse_workload(before)
    patch = build_patch(loaded, old=probes_of(loaded), new={"c0": Probes()})
    undo = build_patch(loaded, old={"c0": Probes()}, new=probes_of(loaded))
    assert patch is not None
    assert undo is not None

    back = apply(undo, apply(patch, before))["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]

    assert back.items() >= unknown.items()


def test_a_new_probe_brings_all_its_numbers() -> None:
    """What the server would fill in is written too: a carried patch is told from a like one by its numbers."""
    patch = build_patch(
        workload(container("c0")),
        old={"c0": Probes()},
        new={"c0": Probes(readiness=parse_probe({**LIVENESS, "timeoutSeconds": 5}, place="new"))},
    )

    assert patch is not None
    assert patch["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] == {
        **LIVENESS,
        "initialDelaySeconds": 0,
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_a_readiness_probe_gets_no_grace_period() -> None:
    """The API server forbids terminationGracePeriodSeconds on readiness probes."""
    probe = parse_probe({**LIVENESS, "terminationGracePeriodSeconds": 5}, place="new")
    loaded = workload(container("c0"))

    patch = build_patch(loaded, old={"c0": Probes()}, new={"c0": Probes(readiness=probe)})

    assert "terminationGracePeriodSeconds" not in str(patch)


def test_containers_that_are_not_meant_are_not_written() -> None:
    """A patch names only the containers that change, a sidecar where the API keeps it."""
    raw = live_of([{"livenessProbe": LIVENESS}, {"livenessProbe": LIVENESS}, {"livenessProbe": LIVENESS}], sidecar=True)
    loaded = parse_workload(raw)
    present = probes_of(loaded)
    spec = build_patch(loaded, old=present, new={**present, "c2": Probes()})

    assert spec == {"spec": {"template": {"spec": {"initContainers": [{"name": "c2", "livenessProbe": None}]}}}}


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"spec": None},
        {"spec": {"template": []}},
        {"spec": {"template": {"spec": {"containers": "web"}}}},
        {"spec": {"template": {"spec": {"containers": ["web"]}}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "livenessProbe": 5}]}}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "livenessProbe": {"timeoutSeconds": "x"}}]}}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "gone", "livenessProbe": None}]}}}},
    ],
)
def test_a_patch_that_somebody_edited_holds_nowhere(patch: Json) -> None:
    """The log stands in a status that others can write: nonsense in it is not carried by anything."""
    assert not holds(patch, workload())


def patch_of(old: Json, new: Json) -> Json:
    """What is written to the liveness probe."""
    patch = build_patch(
        workload(container("c0", livenessProbe=old)),
        old={"c0": Probes(liveness=read(old))},
        new={"c0": Probes(liveness=read(new))},
    )
    assert patch is not None
    body: Json = patch["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    return body


def whole(body: Json) -> Json:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c0", ProbeType.LIVENESS.field: body}]}}}}


def read(raw: Json) -> Probe:
    return parse_probe(raw, place="probe")
