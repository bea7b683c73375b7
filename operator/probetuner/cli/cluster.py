"""The cluster that a command is about, and how to reach it."""

import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from probetuner.cli.live import Live, Seen
from probetuner.cli.progress import Bar
from probetuner.cli.telling import note
from probetuner.cli.unseen import Unseen
from probetuner.cli.words import KubeletRoute
from probetuner.cluster.connection import Connection, NoClusterError, connect
from probetuner.sources.dump import gather_objects
from probetuner.sources.failing import Failure
from probetuner.sources.following import follow
from probetuner.sources.gathering import Gathering, Subject
from probetuner.sources.kubelet import KubeletAccess
from probetuner.sources.live import DEFINING, NODES, TELLING, LiveCluster, LiveError, Resource, Scope
from probetuner.sources.manifests import Given, Origin, Tell
from probetuner.sources.observation import gather_records
from probetuner.sources.placement import Placement
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


def read_cluster(live: Live, *, watch_seconds: int, inspect: bool, tell: Tell, bar: Bar) -> Seen:
    """Look at the cluster once, and then for some seconds if that is asked for.

    What its objects still tell of the past is taken in too.
    """
    try:
        target = find_target(live)
    except NoClusterError as problem:
        tell(str(problem))
        return Seen(subjects=[])
    unseen = Unseen()
    metrics = NodeMetrics(
        target.cluster, target.direct, target.scope, unseen.tell, placement=Placement(selected=bool(live.selector))
    )
    looked = _look(target, metrics, unseen, tell=tell, bar=bar)
    if looked is None:
        return Seen(subjects=[])
    subjects, before = _meant(looked.gathering, live), None
    if watch_seconds:
        gathering = _watched(target, metrics, seconds=watch_seconds, without=looked.refused, tell=tell, bar=bar)
        subjects, before = _meant(gathering, live), subjects
    return Seen(subjects=_inspected(target, subjects, tell, bar) if inspect else subjects, before=before)


def _meant(gathering: Gathering, live: Live) -> list[Subject]:
    """The subjects that are asked about.

    Labels select workloads; whose pods the others are is not known, so they are no answer to a selection.
    """
    return [subject for subject in gathering.subjects() if subject.defined or not live.selector]


def _inspected(target: Target, subjects: list[Subject], tell: Tell, bar: Bar) -> list[Subject]:
    from probetuner.sources.looking import inspect  # noqa: PLC0415 - most runs need no websocket

    looks = bar.each(subjects, "Looking into containers")
    return [replace(one, inspections=inspect(target.cluster, one, tell)) for one in looks]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What one look saw, and the paths that whoever looks may not list."""

    gathering: Gathering
    refused: frozenset[str]


def _look(target: Target, metrics: NodeMetrics, unseen: Unseen, *, tell: Tell, bar: Bar) -> _Looked | None:
    """Look once, and tell in one line what was not seen; None where the API server gave no answer to begin with."""
    listed: list[Given] = []
    failed: dict[str, LiveError] = {}
    paths = [(resource, path) for resource in _RESOURCES for path in target.scope.paths(resource)]
    for resource, path in bar.each(paths, "Listing objects"):
        gone = next(filter(_is_silence, failed.values()), None)
        try:
            if gone is not None:  # an API server that does not answer is not waited for again
                raise gone
            for raw in target.cluster.listed(path, resource, target.scope):
                metrics.placement.take(raw)
                listed.append(Given(object=raw, origin=Origin(place=target.server)))
        except LiveError as problem:
            if problem.status is None and not failed and not listed:
                tell(str(problem))
                return None
            failed[path] = problem
            several = len(target.scope.namespaces) > 1 and resource.namespaced
            unseen.list(resource, problem, namespace=path.split("/")[-2] if several else None)
    bar.begin("Asking kubelets", total=len(metrics.placement.nodes()))
    gathering = gather_objects(listed, tell, scrapes=metrics.scrape(bar.step), now=time.time())
    unseen.close(tell)
    refused = frozenset(path for path, problem in failed.items() if problem.failure is Failure.REFUSED)
    return _Looked(gathering=gathering, refused=refused)


def _is_silence(problem: LiveError) -> bool:
    """Whether nothing answered, not even with an error."""
    return problem.failure is Failure.UNREACHABLE and problem.status is None


def _watched(
    target: Target, metrics: NodeMetrics, *, seconds: int, without: Collection[str], tell: Tell, bar: Bar
) -> Gathering:
    began = time.time()
    records = records_of(target, _RESOURCES, metrics, seconds=seconds, tell=tell, bar=bar, without=without)
    came = (record for record in records if record is not None)
    return gather_records(came, watched_since=began, takes_past=True, place=target.server, tell=tell)


def records_of(
    target: Target,
    resources: tuple[Resource, ...],
    metrics: NodeMetrics,
    *,
    seconds: int,
    tell: Tell,
    bar: Bar,
    stop: threading.Event | None = None,
    without: Collection[str] = (),
) -> Iterator[Record | None]:
    """What happens in the cluster for that many seconds, or until it is to stop; None where a second brings nothing.

    Paths in `without` are not watched.
    """
    note(f"watching {target.server} for {seconds} s, until {time.strftime('%H:%M:%S', _after(seconds))}")
    bar.begin("Watching", total=seconds)
    began, scope = time.time(), target.scope
    for record in follow(
        target.cluster, resources, scope, metrics, seconds=seconds, tell=tell, stop=stop, without=without
    ):
        bar.step(to=int(time.time() - began))
        yield record


def _after(seconds: int) -> time.struct_time:
    return time.localtime(time.time() + seconds)
