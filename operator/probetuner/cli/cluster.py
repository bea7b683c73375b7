"""The cluster that a command is about, and how to reach it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from probetuner.cli.inputs import Live
from probetuner.cli.progress import each
from probetuner.cli.telling import note
from probetuner.cli.words import KubeletRoute
from probetuner.cluster.connection import Connection, NoClusterError, connect
from probetuner.sources.dump import gather_objects
from probetuner.sources.following import follow
from probetuner.sources.gathering import Gathering, Subject
from probetuner.sources.kubelet import KubeletAccess
from probetuner.sources.live import AUTOSCALERS, DEFINING, NODES, TELLING, LiveCluster, LiveError, Resource, Scope
from probetuner.sources.manifests import Given, Origin, Tell
from probetuner.sources.observation import gather_records
from probetuner.sources.recording import Record
from probetuner.sources.scraping import Direct, NodeMetrics

_RESOURCES = (NODES, *DEFINING, *TELLING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cluster and the part of it that is read."""

    cluster: LiveCluster
    direct: Direct | None
    scope: Scope
    server: str


def find_target(live: Live) -> Target:
    """How to reach the cluster that is meant. Raises NoClusterError."""
    connection = connect(context=live.context)
    namespaces = () if live.all_namespaces else live.namespaces or (connection.namespace,)
    return Target(
        cluster=LiveCluster(connection.client),
        direct=direct_to_kubelets(connection, live.kubelets),
        scope=Scope(namespaces=namespaces, selector=live.selector),
        server=connection.server,
    )


def direct_to_kubelets(connection: Connection, route: KubeletRoute) -> Direct | None:
    """As whom the kubelets of that cluster are asked themselves; None where the API server is to ask them."""
    if route is KubeletRoute.PROXY:
        return None

    async def bearer_token() -> str | None:
        return connection.bearer_token()

    access = KubeletAccess(
        bearer_token=bearer_token,
        certificate_file=connection.certificate_file,
        key_file=connection.key_file,
        authority_file=connection.authority_file,
    )
    what = "the client certificate" if connection.bearer_token() is None else "the bearer token"
    return Direct(access=access, shown=f"{what} of {connection.user}", say=note)


def read_cluster(live: Live, *, watch_seconds: int, inspect: bool, tell: Tell) -> list[Subject]:
    """Look at the cluster once, or for some seconds; what its objects still tell of the past is taken in too."""
    try:
        target = find_target(live)
    except NoClusterError as problem:
        tell(str(problem))
        return []
    metrics = NodeMetrics(target.cluster, target.direct, target.scope, note)
    if watch_seconds:
        gathering = _watched(target, metrics, seconds=watch_seconds, tell=tell)
    else:
        gathering = gather_objects(_listed(target, tell), tell, scrapes=metrics.scrape(), now=time.time())
    # Labels select workloads; whose pods the others are is not known, so they are no answer to a selection.
    subjects = [subject for subject in gathering.subjects() if subject.defined or not live.selector]
    return _inspected(target, subjects, tell) if inspect else subjects


def _inspected(target: Target, subjects: list[Subject], tell: Tell) -> list[Subject]:
    from probetuner.sources.looking import inspect  # noqa: PLC0415 - most runs need no websocket

    looks = each(subjects, "Looking into containers")
    return [replace(one, inspections=inspect(target.cluster, one, tell)) for one in looks]


def _watched(target: Target, metrics: NodeMetrics, *, seconds: int, tell: Tell) -> Gathering:
    records = records_of(target, _RESOURCES, metrics, seconds=seconds, tell=tell)
    came = (record for record in records if record is not None)
    return gather_records(came, watched_since=time.time(), takes_past=True, place=target.server, tell=tell)


def records_of(
    target: Target,
    resources: tuple[Resource, ...],
    metrics: NodeMetrics,
    *,
    seconds: int,
    tell: Tell,
    stop: threading.Event | None = None,
) -> Iterator[Record | None]:
    """What happens in the cluster for that many seconds, or until it is to stop; None where a second brings nothing."""
    note(f"watching {target.server} for {seconds} s, until {time.strftime('%H:%M:%S', _after(seconds))}")
    return follow(target.cluster, resources, target.scope, metrics, seconds=seconds, tell=tell, stop=stop)


def _after(seconds: int) -> time.struct_time:
    return time.localtime(time.time() + seconds)


def _listed(target: Target, tell: Tell) -> Iterator[Given]:
    for resource in _RESOURCES:
        try:
            for raw in target.cluster.each(resource, target.scope):
                yield Given(object=raw, origin=Origin(place=target.server))
        except LiveError as problem:
            (note if problem.refused and resource in (NODES, AUTOSCALERS) else tell)(
                f"{resource.telling} are not known: {problem}"
            )
