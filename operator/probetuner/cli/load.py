"""From what a person asked `loadtest` for to a load that was sent, or to a sentence on why it was not."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

import typer
import yaml

from probetuner.cli.cluster import direct_to_kubelets
from probetuner.cli.load_bar import LoadBar
from probetuner.cli.telling import note
from probetuner.cli.words import KubeletRoute
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection, NoClusterError, connect
from probetuner.cluster.errors import ApiError
from probetuner.loadtest.course import ClientError
from probetuner.loadtest.image import FoundImage, find_image, parse_operator
from probetuner.loadtest.job import job_manifest
from probetuner.loadtest.judge import judge, moments_of
from probetuner.loadtest.plan import Plan, PlanError
from probetuner.loadtest.result import Result
from probetuner.loadtest.session import SECONDS_BESIDE_THE_LOAD, Abort, BusyError, Order, Session
from probetuner.loadtest.target import Target, TargetError, find_target, parse_named
from probetuner.loadtest.watching import Watching
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.live import LiveCluster, Scope
from probetuner.sources.placement import Placement
from probetuner.sources.scraping import NodeMetrics

_PROBLEMS = (NoClusterError, TargetError, PlanError, BusyError, ClientError, ApiError, InvalidObjectError)
_FAILED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for, as the options of `loadtest` have it."""

    target: str
    namespace: str | None
    context: str | None
    port: str | None
    path: str
    concurrency: tuple[int, ...]
    requests: int
    seconds: int
    timeout_seconds: float
    abort_error_share: float
    abort_on_kill: bool
    image: str | None
    kubelets: KubeletRoute
    operator: str
    dry_run: bool
    agreed: bool


def load(asked: Asked, write: Callable[[Result], None]) -> int:
    """Send the load, or only show it; write the result, and return the exit code."""
    try:
        named, operator = parse_named(asked.target), parse_operator(asked.operator)
        connection = connect(context=asked.context)
        api = Api(connection)
        try:
            namespace = asked.namespace or connection.namespace
            target = asyncio.run(find_target(api, named, namespace=namespace, port=asked.port))
            plan = _plan(asked, target)
            found = asyncio.run(find_image(api, named=asked.image, operator=operator))
            order = Order(
                plan=plan,
                target=target,
                job=job_manifest(plan, target.workload.ref, found.image),
                abort_on_kill=asked.abort_on_kill,
            )
            described = _described(order, found)
            if asked.dry_run:
                return _show(order, described)
            if not asked.agreed and not _agree(described, connection.server):
                return _FAILED
            return _send(api, connection, order, described, write, kubelets=asked.kubelets)
        finally:
            api.close()
    except _PROBLEMS as problem:
        note(str(problem))
        if asked.namespace is not None and asked.namespace.isdecimal():
            note(f"-n is the namespace; the number of requests is -r {asked.namespace}")
        return _FAILED


def _plan(asked: Asked, target: Target) -> Plan:
    if not asked.path.startswith("/") or not asked.path.isprintable() or " " in asked.path:
        raise PlanError(f"{asked.path!r} is no path of the service; write it like /api/items")
    return Plan(
        urls=tuple(f"http://{address}{asked.path}" for address in target.addresses),
        concurrency=asked.concurrency,
        requests=asked.requests,
        seconds=asked.seconds,
        timeout_seconds=asked.timeout_seconds,
        abort_error_share=asked.abort_error_share,
    )


def _show(order: Order, described: str) -> int:
    sys.stdout.write(yaml.safe_dump(dict(order.job), sort_keys=False))
    note(f"nothing was made; the Job would send {described}")
    return 0


def _send(
    api: Api,
    connection: Connection,
    order: Order,
    described: str,
    write: Callable[[Result], None],
    *,
    kubelets: KubeletRoute,
) -> int:
    note(f"sending {described}")
    session = _session(api, connection, order, kubelets)
    session.run()
    result = _result(order, session)
    if result is None:
        note("interrupted before the first request; nothing is left in the cluster")
        return _FAILED
    write(result)
    if session.aborted is Abort.INTERRUPTED:
        note("interrupted; nothing is left in the cluster")
        return _FAILED
    return int(result.found_something)


def _described(order: Order, image: FoundImage) -> str:
    plan = order.plan
    at_a_time = ", then ".join(map(str, plan.concurrency))
    each = " each" if len(plan.concurrency) > 1 else ""
    urls = plan.urls[0] if len(plan.urls) == 1 else f"{plan.urls[0]} and {len(plan.urls) - 1} more"
    return (
        f"GET {urls}, {at_a_time} at a time, at most {plan.requests} requests and {plan.seconds} s{each}, "
        f"to {order.target}, from a Job of {image}"
    )


def _agree(described: str, server: str) -> bool:
    if not sys.stdin.isatty():
        note("nobody is there to agree to the load; give --yes, or look at it with --dry-run")
        return False
    return typer.confirm(f"In the cluster {server}, send {described}?", err=True)


def _session(api: Api, connection: Connection, order: Order, kubelets: KubeletRoute) -> Session:
    cluster, target = LiveCluster(connection.client), order.target
    namespace = target.workload.ref.namespace
    scope = Scope(namespaces=(namespace,))
    direct = direct_to_kubelets(connection, kubelets)
    metrics = NodeMetrics(cluster, direct, scope, note, placement=Placement(only=target.nodes))
    seconds = order.plan.most_seconds + SECONDS_BESIDE_THE_LOAD
    watching = Watching(cluster, metrics, namespace=namespace, seconds=seconds, tell=note)
    return Session(api, order, watching, tell=note, bar=LoadBar(order.plan))


def _result(order: Order, session: Session) -> Result | None:
    course, target = session.course, order.target
    if course.impact is None:
        return None
    verdict = judge(
        course.steps, moments_of(course.lines), course.impact, probes=target.probes, replicas=len(target.pods)
    )
    return Result(
        ref=target.workload.ref,
        service=target.service,
        plan=order.plan,
        ended=str(session.aborted or course.ended or ""),
        verdict=verdict,
        impact=course.impact,
        probes=target.probes,
        pods=target.pods,
    )
