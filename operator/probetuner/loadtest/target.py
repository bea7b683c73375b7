"""Finding what a load is sent to: a Service or a workload of this cluster that is named, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probetuner.cluster.api import Api
from probetuner.cluster.errors import NotFoundError
from probetuner.cluster.workloads import PLURALS
from probetuner.facts.owner import owner_of
from probetuner.loadtest.impact import ProbeKey
from probetuner.model.fields import count, objects, text
from probetuner.model.probe import Probe, ProbeType
from probetuner.model.service import parse_service
from probetuner.model.workload import Workload, WorkloadKind, WorkloadRef, parse_workload, section

_KINDS = {
    **dict.fromkeys(("deployment", "deployments", "deploy"), WorkloadKind.DEPLOYMENT),
    **dict.fromkeys(("statefulset", "statefulsets", "sts"), WorkloadKind.STATEFUL_SET),
    **dict.fromkeys(("daemonset", "daemonsets", "ds"), WorkloadKind.DAEMON_SET),
}
_SERVICES = ("service", "services", "svc")


class TargetError(Exception):
    """What was named cannot be loaded; the text is one sentence with the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a person named: a workload by its kind, or, where `kind` is None, a Service."""

    kind: WorkloadKind | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a load goes. `addresses` are HOST:PORT; of pods where no Service leads to them, and `service` is None then.

    `pods` are the names of those that are ready, `nodes` where they run.
    """

    workload: Workload
    service: str | None
    addresses: tuple[str, ...]
    pods: frozenset[str]
    nodes: frozenset[str]

    @property
    def probes(self) -> dict[ProbeKey, Probe]:
        """The probes of the workload's containers."""
        found = ((c.name, kind, c.probe(kind)) for c in self.workload.containers for kind in ProbeType)
        return {ProbeKey(container=name, probe=kind): probe for name, kind, probe in found if probe is not None}

    def __str__(self) -> str:
        through = f"Service {self.service}" if self.service else "its pods directly"
        ref = self.workload.ref
        return f"{ref.kind} {ref.name} in namespace {ref.namespace} ({len(self.pods)} ready, {through})"


def parse_named(word: str) -> Named:
    """Read KIND/NAME. Raises TargetError for anything else, such as a URL."""
    kind, slash, name = word.partition("/")
    kind = kind.lower()
    if slash and name and "/" not in name:
        if kind in _SERVICES:
            return Named(kind=None, name=name)
        if kind in _KINDS:
            return Named(kind=_KINDS[kind], name=name)
    raise TargetError(
        f"{word!r} names nothing that can be loaded; write deployment/NAME, statefulset/NAME, daemonset/NAME or "
        "service/NAME of this cluster"
    )


async def find_target(api: Api, named: Named, *, namespace: str, port: str | None) -> Target:
    """Find what was named, and where it listens. `port` chooses among several, by number or name.

    Raises TargetError, InvalidObjectError and ApiError.
    """
    services = [raw async for raw in api.each(f"/api/v1/namespaces/{namespace}/services")]
    service: Mapping[str, Any] | None
    if named.kind is None:
        service = _only_service(services, named.name)
        workload = await _workload_behind(api, service, namespace)
    else:
        workload = await _workload(api, WorkloadRef(kind=named.kind, namespace=namespace, name=named.name))
        service = _service_of(workload, services)
    pods = [raw async for raw in api.each(f"/api/v1/namespaces/{namespace}/pods") if _is_ready_pod_of(raw, workload)]
    if not pods:
        raise TargetError(f"{workload.ref} has no ready pod: a load would show nothing; look at kubectl get pods")
    if not workload.rollout.complete:
        raise TargetError(f"{workload.ref} is being rolled out, or not all of its pods are available: wait for that")
    if service is None or _is_headless(service):
        number = _container_port(workload, port)
        addresses = tuple(_address(text(section(pod, "status", "Pod"), "podIP", "Pod"), number) for pod in pods)
    else:
        await _refuse_strangers(api, service, pods)
        spec = section(service, "spec", "Service")
        addresses = (_address(text(spec, "clusterIP", "Service"), _service_port(service, port)),)
    return Target(
        workload=workload,
        service=None if service is None or _is_headless(service) else _name(service),
        addresses=addresses,
        pods=frozenset(map(_name, pods)),
        nodes=frozenset(text(section(pod, "spec", "Pod"), "nodeName", "Pod") for pod in pods),
    )


async def _workload(api: Api, ref: WorkloadRef) -> Workload:
    try:
        raw = await api.get(f"/apis/apps/v1/namespaces/{ref.namespace}/{PLURALS[WorkloadKind(ref.kind)]}/{ref.name}")
    except NotFoundError:
        raise TargetError(f"there is no {ref.kind} {ref.name} in namespace {ref.namespace}") from None
    return parse_workload({"kind": str(ref.kind), **raw})


async def _workload_behind(api: Api, raw: Mapping[str, Any], namespace: str) -> Workload:
    service = parse_service(raw)
    found = [
        workload
        for kind, plural in PLURALS.items()
        async for item in api.each(f"/apis/apps/v1/namespaces/{namespace}/{plural}")
        if service.selects(workload := parse_workload({"kind": kind.value, **item}))
    ]
    if len(found) != 1:
        behind = ", ".join(f"{w.ref.kind}/{w.ref.name}".lower() for w in found) or "no workload"
        raise TargetError(
            f"behind Service {service.name} is {behind}: name one workload whose probes are to be watched"
        )
    return found[0]


def _only_service(services: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    found = next((raw for raw in services if _name(raw) == name), None)
    if found is None:
        raise TargetError(f"there is no Service {name} in that namespace")
    if section(found, "spec", "Service").get("type") == "ExternalName":
        raise TargetError(f"Service {name} is an ExternalName, another host: only what runs in this cluster is loaded")
    if not parse_service(found).selector:
        raise TargetError(f"Service {name} selects no pods, so that nobody knows whom it leads to: it is not loaded")
    return found


def _service_of(workload: Workload, services: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one Service in front of a workload; one with an address of its own before a headless one."""
    found = [
        raw
        for raw in services
        if parse_service(raw).selects(workload) and section(raw, "spec", "Service").get("type") != "ExternalName"
    ]
    with_address = [raw for raw in found if not _is_headless(raw)]
    if len(with_address) > 1:
        names = ", ".join(f"service/{_name(raw)}" for raw in with_address)
        raise TargetError(f"several Services lead to {workload.ref}: name one of {names} instead")
    return next(iter(with_address or found), None)


async def _refuse_strangers(api: Api, service: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> None:
    """An EndpointSlice can be written by hand, and name any host in the world."""
    name, namespace = _name(service), text(section(service, "metadata", "Service"), "namespace", "Service")
    known = set(map(_name, pods))
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    async for piece in api.each(path, query=[("labelSelector", f"kubernetes.io/service-name={name}")]):
        for endpoint in objects(piece, "endpoints", "EndpointSlice"):
            if section(endpoint, "conditions", "EndpointSlice").get("ready") is False:
                continue
            pod = text(section(endpoint, "targetRef", "EndpointSlice"), "name", "EndpointSlice")
            if pod not in known:
                where = pod or ", ".join(map(str, endpoint.get("addresses") or ()))
                raise TargetError(f"Service {name} also leads to {where}, which is no ready pod of the named workload")


def _is_ready_pod_of(raw: Mapping[str, Any], workload: Workload) -> bool:
    if section(raw, "metadata", "Pod").get("deletionTimestamp") or owner_of(raw) != workload.ref:
        return False
    conditions = objects(section(raw, "status", "Pod"), "conditions", "Pod")
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _is_headless(service: Mapping[str, Any]) -> bool:
    return section(service, "spec", "Service").get("clusterIP") in (None, "", "None")


def _service_port(service: Mapping[str, Any], wanted: str | None) -> int:
    ports = objects(section(service, "spec", "Service"), "ports", "Service")
    known = [
        (count(port, "port", "Service"), text(port, "name", "Service"))
        for port in ports
        if port.get("protocol") in (None, "TCP")
    ]
    return _one_port(known, wanted, whose=f"Service {_name(service)}")


def _container_port(workload: Workload, wanted: str | None) -> int:
    known = [(port.number, port.name) for container in workload.containers for port in container.ports]
    return _one_port(known, wanted, whose=str(workload.ref))


def _one_port(known: Sequence[tuple[int, str]], wanted: str | None, *, whose: str) -> int:
    chosen = [number for number, name in known if wanted in (None, str(number), name)]
    if len(chosen) != 1:
        listed = ", ".join(f"{number} ({name})" if name else str(number) for number, name in known) or "none"
        asked = "a port" if wanted is None else f"port {wanted}"
        raise TargetError(f"{whose} does not tell which is {asked} to load: choose one with --port; it has {listed}")
    return chosen[0]


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _name(raw: Mapping[str, Any]) -> str:
    return text(section(raw, "metadata", "object"), "name", "object.metadata")
