"""What a real API server makes of saves and deletions that come too late."""

from collections.abc import Iterator

import pytest

from cluster.operator_process import Space, deployment
from lab import Lab
from probetuner.cluster import histories
from probetuner.cluster.api import Api
from probetuner.cluster.connection import connect
from probetuner.cluster.errors import ConflictError, NotFoundError
from probetuner.history.record import ContainerHistory, WorkloadHistory
from probetuner.model.workload import WorkloadKind, WorkloadRef

pytestmark = pytest.mark.cluster


def _history(containers: int) -> WorkloadHistory:
    names = (f"c{number}" for number in range(containers))
    entries = (ContainerHistory(name=name, template_hash="h", first_seen_at=1, last_seen_at=1) for name in names)
    return WorkloadHistory(containers=tuple(entries))


@pytest.fixture
def ref(space: Space) -> WorkloadRef:
    return WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace=space.name, name="web")


@pytest.fixture
def uid(space: Space) -> str:
    """Of a workload that is there: Kubernetes deletes at once what belongs to one that is not."""
    space.apply(deployment("web"))
    return str((space.get("deployment", "web") or {})["metadata"]["uid"])


@pytest.fixture
def api(crds: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(crds.kubeconfig))
    api = Api(connect())
    yield api
    api.close()


async def _containers(api: Api, ref: WorkloadRef, uid: str) -> tuple[int, str]:
    saved = await histories.load(api, ref, uid=uid, now=2.0)
    return len(saved.history.containers), saved.version


async def test_a_save_goes_only_in_place_of_what_was_there(api: Api, ref: WorkloadRef, uid: str) -> None:
    """On nothing where nothing was, then on each version in turn; what is late is refused and changes nothing."""
    first = await histories.save(api, ref, _history(1), uid=uid, now=1.0, version="")
    with pytest.raises(ConflictError):
        await histories.save(api, ref, _history(2), uid=uid, now=1.0, version="")
    second = await histories.save(api, ref, _history(3), uid=uid, now=1.0, version=first)
    with pytest.raises(ConflictError):
        await histories.save(api, ref, _history(4), uid=uid, now=1.0, version=first)

    assert await _containers(api, ref, uid) == (3, second)
    assert second != first


async def test_a_save_does_not_bring_back_what_was_deleted(api: Api, ref: WorkloadRef, uid: str) -> None:
    """Neither a save of a version that is gone, nor one that was begun before the deletion."""
    version = await histories.save(api, ref, _history(1), uid=uid, now=1.0, version="")
    await histories.delete(api, ref)
    with pytest.raises((ConflictError, NotFoundError)):
        await histories.save(api, ref, _history(2), uid=uid, now=1.0, version=version)

    assert await _containers(api, ref, uid) == (0, "")


async def test_a_deletion_does_not_take_what_was_saved_since(api: Api, ref: WorkloadRef, uid: str) -> None:
    """It carries the version that was seen."""
    version = await histories.save(api, ref, _history(1), uid=uid, now=1.0, version="")
    await histories.save(api, ref, _history(5), uid=uid, now=1.0, version=version)
    path = f"/apis/probetuner.dev/v1alpha1/namespaces/{ref.namespace}/probehistories/deployment-web"
    await histories._delete(api, path, version=version)

    assert (await _containers(api, ref, uid))[0] == 5
    await histories.delete(api, ref)
    assert await _containers(api, ref, uid) == (0, "")
