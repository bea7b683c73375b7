"""An absurd number is the trouble of the object that it stands in, and of nothing else."""

import json
from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest

from probetuner.change import blocked
from probetuner.change.enrolment import parse_policy_object
from probetuner.cluster.api import Api
from probetuner.controller.serving import Following, serve
from probetuner.controller.sweeping import Sweeper
from probetuner.controller.view import View
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadRef, parse_workload
from support.loops import a_loop
from unit.cli.commands import findings, probetuner
from unit.cli.manifests import BROKEN, deployment, probe

HUGE = 10**400
"""Python reads it, and no float holds it."""
ENDLESS = "9" * 5000 + "%"
"""The API server takes a percentage of any length; Python reads no number of more than 4,300 digits."""


def _with(path: str, value: Any, raw: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The Deployment with that value at the dotted path."""
    changed = deepcopy(dict(raw or deployment(livenessProbe=probe())))
    *way, last = path.split(".")
    spot = changed
    for step in way:
        spot = spot[int(step)] if isinstance(spot, list) else spot.setdefault(step, {})
    spot[last] = value
    return changed


_CONTAINER = "spec.template.spec.containers.0"
_ABSURD = [
    ("spec.strategy.rollingUpdate.maxSurge", ENDLESS),
    ("spec.strategy.rollingUpdate.maxUnavailable", "9" * 400 + "%"),
    ("spec.strategy.rollingUpdate.maxSurge", HUGE),
    ("spec.replicas", HUGE),
    ("spec.replicas", 1e300),
    ("spec.replicas", -1),
    ("spec.template.spec.terminationGracePeriodSeconds", HUGE),
    ("status.replicas", HUGE),
    ("metadata.generation", HUGE),
    (f"{_CONTAINER}.livenessProbe.periodSeconds", HUGE),
    (f"{_CONTAINER}.livenessProbe.httpGet.port", HUGE),
    (f"{_CONTAINER}.ports", [{"containerPort": HUGE}]),
]
_IDS = [f"{number}-{path.rpartition('.')[2]}" for number, (path, _) in enumerate(_ABSURD)]


@pytest.mark.parametrize(("path", "value"), _ABSURD, ids=_IDS)
def test_an_absurd_number_is_named(path: str, value: Any) -> None:
    """The sentence has the workload and the field, and does not repeat thousands of digits."""
    with pytest.raises(InvalidObjectError) as refusal:
        parse_workload(_with(path, value))

    assert "Deployment/shop/web" in str(refusal.value)
    assert path.rpartition(".")[2].removesuffix("s") in str(refusal.value)
    assert len(str(refusal.value)) < 300


def test_a_number_that_the_api_server_takes_is_understood() -> None:
    """A grace period may be any int64, and probes' numbers any int32."""
    raw = _with("spec.template.spec.terminationGracePeriodSeconds", 2**63 - 1)

    assert parse_workload(raw).grace_seconds == 2**31 - 1
    assert parse_workload(_with(f"{_CONTAINER}.livenessProbe.periodSeconds", 2**31 - 1))


@pytest.mark.parametrize(("path", "value"), _ABSURD, ids=_IDS)
def test_an_absurd_document_hides_no_other(tmp_path: Path, path: str, value: Any) -> None:
    """The command line judges every other document, and says in one sentence where the absurd one is."""
    (tmp_path / "a.json").write_text(json.dumps(_with(path, value)))
    (tmp_path / "b.json").write_text(json.dumps(deployment("good", **BROKEN)))
    result = probetuner("analyze", tmp_path, "-o", "json")

    assert "port-not-declared" in findings(json.loads(result.stdout), "Deployment/good", "app")
    assert [line.startswith(f"probetuner: {tmp_path / 'a.json'}") for line in result.stderr.splitlines()] == [True]
    assert result.exit_code == 2


def test_a_document_nested_beyond_reason_hides_no_other(tmp_path: Path) -> None:
    """A value in a value in a value, in place of a name: the sentence about it must not need the whole stack."""
    nested = json.dumps(_with("metadata.uid", "?")).replace('"?"', "[" * 900 + "]" * 900)
    (tmp_path / "a.json").write_text(nested)
    (tmp_path / "b.json").write_text(json.dumps(deployment("good", **BROKEN)))
    result = probetuner("analyze", tmp_path, "-o", "json")

    assert "port-not-declared" in findings(json.loads(result.stdout), "Deployment/good", "app")
    assert result.exit_code in {1, 2}


class _Cluster:
    """An API server with one Deployment, as the sweeper asks it."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw

    async def each(self, path: str, **_: Any) -> AsyncIterator[Mapping[str, Any]]:
        if path == "/api/v1/namespaces":
            yield {"metadata": {"name": "shop"}}
        if path == "/apis/apps/v1/deployments":
            yield {"metadata": self.raw["metadata"]}

    async def get(self, *_: Any, **__: Any) -> dict[str, Any]:
        return dict(self.raw)


async def test_a_sweep_goes_on_past_an_absurd_workload() -> None:
    """What became absurd between two looks is told for that workload; the sweep, and so the operator, goes on."""
    good = _with("metadata", {"name": "web", "namespace": "shop", "uid": "w", "resourceVersion": "1", "generation": 1})
    good["metadata"]["annotations"] = {"probetuner.dev/mode": "Observe"}
    absurd = _with("spec.strategy.rollingUpdate.maxSurge", ENDLESS, good)
    absurd["metadata"] |= {"resourceVersion": "2", "generation": 2}
    following = Following(since=0.0, changed=lambda *_: None, loop=a_loop())
    following.add(serve(good, WorkloadHistory(), at=0.0))
    looked_at: list[WorkloadRef] = []
    cluster = cast("Api", _Cluster(absurd))
    sweeper = Sweeper(cluster, View(default_mode=Mode.OFF), following, look_at=looked_at.append, loop=a_loop())

    await sweeper._count()
    looked_at.clear()
    await sweeper._sweep_served()

    (served,) = following.served.values()
    assert served.problem is not None
    assert "maxSurge" in served.problem
    assert looked_at == [served.workload.ref]


def test_a_fault_in_reading_one_object_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever nobody thought of: it is told with the place, and every other document is judged."""

    def fails_for_web(raw: Mapping[str, Any]) -> Any:
        if raw["metadata"]["name"] == "web":
            raise OverflowError("what nobody thought of")
        return parse_workload(raw)

    monkeypatch.setattr("probetuner.sources.gathering.parse_workload", fails_for_web)
    (tmp_path / "a.json").write_text(json.dumps(deployment("web", **BROKEN)))
    (tmp_path / "b.json").write_text(json.dumps(deployment("good", **BROKEN)))
    result = probetuner("analyze", tmp_path, "-o", "json")

    assert "port-not-declared" in findings(json.loads(result.stdout), "Deployment/good", "app")
    assert f"{tmp_path / 'a.json'}: it could not be read, please report this" in result.stderr
    assert result.exit_code == 2


def test_the_log_of_changes_outlives_an_absurd_workload() -> None:
    """What was changed before can still be kept or undone once the workload is understood again."""
    log = [{"id": "a", "result": "Applied"}]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    policy = parse_policy_object(
        {
            "metadata": {"name": "deployment-web", "namespace": "shop", "uid": "p"},
            "spec": {"targetRef": target},
            "status": {"history": log, "phase": "Verifying"},
        }
    )

    status = blocked.not_understood(policy, "replicas is 1e300; mend it in the workload.", now=0.0)

    assert (status["phase"], status["history"]) == ("Blocked", log)
