"""The client of a load runs from the operator's own image, and from nobody else's who carries the operator's label."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from probetuner.cli import load as loading
from probetuner.cli.load import Asked, load
from probetuner.cli.words import KubeletRoute
from probetuner.cluster.errors import NotFoundError
from probetuner.loadtest.image import INSTALLED_AS, find_image, parse_operator
from probetuner.loadtest.job import Image
from probetuner.loadtest.target import Target, TargetError
from probetuner.model.workload import parse_workload
from support.workloads import deployment

DIGEST = "registry.corp/probetuner:0.1.0@sha256:" + "a" * 64
MINER = "evil.example/miner:1"


def installed(image: str, *, label: str = "probetuner", container: str = "operator") -> dict[str, Any]:
    """A Deployment as the chart makes it."""
    labels = {"app.kubernetes.io/name": label}
    return deployment({"name": container, "image": image, "imagePullPolicy": "Always"}, labels=labels)


class Cluster:
    """Stands for the API server: Deployments by namespace and name; whoever lists them all fails the test."""

    def __init__(self, **found: dict[str, Any]) -> None:
        self.found = dict(_placed(found))

    async def get(self, path: str, **_: Any) -> dict[str, Any]:
        """Read one."""
        place = path.removeprefix("/apis/apps/v1/namespaces/").replace("/deployments/", "/")
        if place not in self.found:
            raise NotFoundError(404, "NotFound", f"deployments.apps {place!r} not found")
        return self.found[place]


def _placed(found: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for written, raw in found.items():
        yield written.replace("__", "/").replace("_", "-"), raw


def found(cluster: Cluster, *, named: str | None = None, operator: str = INSTALLED_AS) -> Any:
    api: Any = cluster
    return asyncio.run(find_image(api, named=named, operator=parse_operator(operator)))


def test_a_stranger_with_the_label_is_not_asked_for_an_image() -> None:
    """Wherever it stands in the cluster, and also where there is no operator at all."""
    stranger = installed(MINER)

    assert found(Cluster(a_tenant__x=stranger, probetuner_system__probetuner=installed(DIGEST))).image == Image(
        name=DIGEST, pull_policy="Always"
    )
    with pytest.raises(TargetError, match="--operator=NAMESPACE/NAME"):
        found(Cluster(a_tenant__x=stranger, a_tenant__probetuner=stranger))


def test_another_operator_is_named_by_namespace_and_name() -> None:
    """A release of another name is found by it, and nowhere else."""
    cluster = Cluster(ops__tuner_probetuner=installed(DIGEST), probetuner_system__probetuner=installed(MINER))

    image = found(cluster, operator="ops/tuner-probetuner")

    assert image.image.name == DIGEST
    assert str(image) == f"image {DIGEST}, that of the operator ops/tuner-probetuner"


@pytest.mark.parametrize("raw", [installed(MINER, label="other"), installed(MINER, container="app"), deployment()])
def test_what_is_no_operator_gives_no_image(raw: dict[str, Any]) -> None:
    """A Deployment of that name that the chart did not make is refused."""
    with pytest.raises(TargetError, match="no operator of probetuner's chart"):
        found(Cluster(probetuner_system__probetuner=raw))


@pytest.mark.parametrize("written", ["", "probetuner", "/probetuner", "ops/", "a/b/c"])
def test_an_operator_is_a_namespace_and_a_name(written: str) -> None:
    """Anything else is told, before any cluster is asked."""
    with pytest.raises(TargetError, match="write --operator=NAMESPACE/NAME"):
        parse_operator(written)


def test_the_question_names_the_image_and_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its digest, and nothing is made before the answer is yes."""
    asked: list[str] = []
    cluster = Cluster(probetuner_system__probetuner=installed(DIGEST))
    target = Target(
        workload=parse_workload(deployment()),
        service="web",
        addresses=("10.0.0.1:80",),
        pods=frozenset({"web-0"}),
        nodes=frozenset(),
    )

    async def find_target(*_: Any, **__: Any) -> Target:
        return target

    def confirm(question: str, **_: Any) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(loading, "Api", lambda _: _Closing(cluster))
    monkeypatch.setattr(loading, "find_target", find_target)
    monkeypatch.setattr("typer.confirm", confirm)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(_kubeconfig(tmp_path)))

    assert load(_asked(), write=lambda _: pytest.fail("nothing was agreed to")) == 2

    assert f"image {DIGEST}, that of the operator {INSTALLED_AS}" in asked[0]
    assert capsys.readouterr().out == ""


class _Closing:
    """An API client that can be closed."""

    def __init__(self, cluster: Cluster) -> None:
        self.get = cluster.get

    def close(self) -> None:
        """Let go of nothing."""


def _asked() -> Asked:
    return Asked(
        target="deployment/web",
        namespace="shop",
        context=None,
        port=None,
        path="/",
        concurrency=(1,),
        requests=1,
        seconds=1,
        timeout_seconds=1.0,
        abort_error_share=1.0,
        abort_on_kill=True,
        image=None,
        kubelets=KubeletRoute.PROXY,
        operator=INSTALLED_AS,
        dry_run=False,
        agreed=False,
    )


def _kubeconfig(folder: Path) -> Path:
    path = folder / "config"
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    clusters = [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]
    config = {"current-context": "c", "contexts": [context], "clusters": clusters, "users": [{"name": "u", "user": {}}]}
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    return path
