"""The working operator: everything put together, begun in order, and ended so that nothing learned is lost."""

import asyncio
import math
import socket
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version

import structlog

from probetuner.change.situation import Announcement
from probetuner.cluster.announcements import announce, of_workload
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection
from probetuner.cluster.errors import ApiError
from probetuner.cluster.pacing import RequestPace
from probetuner.cluster.self_reference import own_deployment
from probetuner.cluster.tokens import AccountToken
from probetuner.controller.blindness import Blindness
from probetuner.controller.deciding import Decide, DecisionThread
from probetuner.controller.guarding import Guard
from probetuner.controller.intake import DEBOUNCE_SECONDS, Intake
from probetuner.controller.keeping import Keeper
from probetuner.controller.metrics import Metrics
from probetuner.controller.options import Options
from probetuner.controller.outages import Outages
from probetuner.controller.overload import Load, Overload
from probetuner.controller.pace import Pace
from probetuner.controller.reconciler import Reconciler
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following
from probetuner.controller.supervising import Loop
from probetuner.controller.sweeping import Sweeper
from probetuner.controller.trials import MOST_PER_SECOND, Trials
from probetuner.controller.view import View
from probetuner.controller.watching import Watches
from probetuner.controller.workers import MOST_SECONDS, WORKERS, work
from probetuner.controller.workqueue import WorkQueue
from probetuner.diagnosis.mass import MassRule
from probetuner.model.pausing import PausedBy
from probetuner.model.workload import WorkloadRef
from probetuner.sources.endpoints import EndpointClient
from probetuner.sources.failing import Failure
from probetuner.sources.kubelet import KubeletAccess, KubeletError, Kubelets

_LIMIT_SECONDS = {
    # Half as long again as a look may take: until then the longest ends, or is given up.
    "looking": 1.5 * MOST_SECONDS,
    # Between two sweeps there are ten minutes, and in one an answer of the API server after the other.
    "sweeping": 900.0,
    # After each history, of which each has half a minute at most for its turn and its answer.
    "saving": 300.0,
    # These look each second who there is to be asked, and wait for nobody.
    "scraping": 60.0,
    "trying": 60.0,
    # An Event is up to four answers of the API server, each with its turn.
    "telling": 180.0,
    "gauging": 180.0,
    # What watches and scrapes tell is taken in as it comes; the watches' own threads are asked (`Watches.late`).
    "watching": math.inf,
    "learning": math.inf,
}
"""How long each loop may go without turning. None of them waits for the API server for longer than its answer may take
to fail, so that an API server that is away, slow or full is no reason to be restarted."""

_SAVING_SECONDS = 10.0  # well within the 30 s that Kubernetes gives a pod to end

log = structlog.get_logger()


class Operator:
    """The parts of the operator and what connects them. To be made inside the event loop that it runs in.

    Observation begins when it is made. `may_write` is asked before each request that would change anything, and
    `paused_by_lease` whether a change may begin.
    """

    def __init__(
        self,
        connection: Connection,
        options: Options,
        metrics: Metrics,
        *,
        decide: Decide,
        may_write: Callable[[], bool],
        paused_by_lease: Callable[[], bool],
    ) -> None:
        clock, monotonic = time.time, time.monotonic
        per_second = options.api_requests_per_second
        self._pace = pace = RequestPace(
            per_second=per_second, burst=int(2 * per_second), clock=monotonic, waited=metrics.waited
        )
        self._api = Api(connection, dry_run=options.dry_run, may_write=may_write, pace=pace)
        self._metrics = metrics
        # One worker at least is always there for other namespaces.
        self._queue: WorkQueue[WorkloadRef] = WorkQueue(monotonic, tenant=_namespace_of, most_active=WORKERS - 1)
        self._view = View(
            default_mode=options.default_mode,
            excluded_namespaces=options.excluded_namespaces,
            honours_override_off=options.honours_override_off,
        )
        self._loops = {name: self._loop(name, limit_seconds=limit) for name, limit in _LIMIT_SECONDS.items()}
        self._following = Following(since=clock(), changed=self._look_at, loop=self._loops["learning"])
        token = _kubelet_token(connection, self._api, options, clock=monotonic)
        self._kubelets = Kubelets(_access(connection, options, token))
        self._scraper = Scraper(
            self._following,
            self._kubelets,
            self._metrics,
            asks=options.asks_kubelets,
            interval_seconds=options.scrape_interval_seconds,
            clock=clock,
            loop=self._loops["scraping"],
        )
        self._connection = connection
        self._clock = clock
        self._blindness = Blindness(self._scraper, self._tell_of_own, clock=monotonic, loop=self._loops["telling"])
        self._overload = Overload(
            self._load,
            self._tell_of_own,
            metrics,
            requests_per_second=per_second,
            scrape_interval_seconds=options.scrape_interval_seconds,
            clock=monotonic,
            loop=self._loops["gauging"],
        )
        self._sweeper = Sweeper(
            self._api,
            self._view,
            self._following,
            look_at=self._look_at,
            loop=self._loops["sweeping"],
            namespaces=options.namespaces,
            covers=options.shard.covers,
        )
        self._endpoints = EndpointClient(agent=f"probetuner/{version('probetuner')}")
        self._trials = Trials(
            self._view,
            self._following,
            Outages(self._api, clock=monotonic),
            self._endpoints,
            self._metrics,
            pace=RequestPace(per_second=MOST_PER_SECOND / options.shard.count, burst=1, clock=monotonic),
            clock=clock,
            loop=self._loops["trying"],
        )
        self._keeper = Keeper(self._api, self._following, clock=clock, loop=self._loops["saving"])
        rule = MassRule(share=options.mass_kill_share, window_seconds=options.mass_kill_window_seconds)
        self._guard = Guard(rule, self._api, self._following, self._metrics, clock=clock)
        self._deciding = DecisionThread(
            decide,
            clock=clock,
            monotonic=monotonic,
            limit_seconds=_LIMIT_SECONDS["looking"],
            account=self._queue,
        )

        def paused() -> PausedBy | None:
            return PausedBy.CHART if options.paused else PausedBy.LEASE if paused_by_lease() else None

        self._reconciler = Reconciler(
            self._api,
            self._view,
            self._following,
            self._scraper,
            self._metrics,
            pace=Pace(self._view, limit=options.shard.part_of(options.max_rollouts), paused=paused, clock=clock),
            guard=self._guard,
            deciding=self._deciding,
            clock=clock,
        )
        intake = Intake(
            self._view,
            self._following,
            self._scraper,
            self._queue,
            relisted=self._sweeper.relisted,
            clock=clock,
            loop=self._loops["watching"],
            covers=options.shard.covers,
        )
        self._watches = Watches(intake.receive, self._metrics, clock=monotonic, namespaces=options.namespaces)

    async def run(self) -> None:
        """Work until cancelled. No loop ends by what it meets (`supervising`); one that did would end the others."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_and_look(), name="look")
            group.create_task(self._scraper.run(), name="scrape")
            group.create_task(self._trials.run(), name="try")
            group.create_task(self._blindness.run(), name="tell")
            group.create_task(self._overload.run(), name="gauge")
            group.create_task(self._keeper.run(), name="keep")

    async def _watch_and_look(self) -> None:
        """Nobody is looked at before all that speaks for them has been listed: else they would seem to be left."""
        await self._sweeper.begin()
        log.info("the cluster is listed", workloads=len(self._view.workloads), policies=len(self._view.policies))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watches.run(), name="watch")
            group.create_task(self._sweeper.run(), name="sweep")
            errors = self._metrics.reconcile_errors
            group.create_task(
                work(self._queue, self._reconciler.reconcile, failed=errors.inc, loop=self._loops["looking"]),
                name="work",
            )

    async def end(self) -> None:
        """Save everything that was learned, and let go of what is held."""
        try:
            async with asyncio.timeout(_SAVING_SECONDS):
                await self._keeper.save_all()
        except TimeoutError:
            log.warning("not everything learned could be saved in time", seconds=_SAVING_SECONDS)
        await self._kubelets.close()
        await self._endpoints.close()
        self._api.close()

    def dead_parts(self) -> list[str]:
        """Return a sentence for each loop that does not turn any more, or thread that hangs."""
        problems = [self._deciding.problem(), *(loop.problem() for loop in self._loops.values())]
        return [*(problem for problem in problems if problem is not None), *self._watches.late()]

    def missing_parts(self) -> list[str]:
        """Return a sentence for each thing that is needed to serve and not there."""
        return [problem for problem in (self._sweeper.problem, self._watches.problem) if problem is not None]

    def _load(self) -> Load:
        return Load(
            look_wait=self._queue.oldest_seconds(),
            request_wait=self._pace.backlog_seconds,
            skipped=self._scraper.skipped,
        )

    def _loop(self, name: str, *, limit_seconds: float) -> Loop:
        failed = self._metrics.loop_failures.labels(name).inc
        return Loop(name, limit_seconds=limit_seconds, clock=time.monotonic, failed=failed)

    async def _tell_of_own(self, announcement: Announcement) -> None:
        """Post an Event on the operator's own Deployment, if it runs as one. Raises ApiError."""
        if not self._connection.in_cluster:
            return
        own = await own_deployment(self._api, self._connection.namespace, socket.gethostname())
        if own is not None:
            await announce(self._api, of_workload(own), announcement, now=self._clock())

    def _look_at(self, ref: WorkloadRef, within_seconds: float = 0.0) -> None:
        if within_seconds > DEBOUNCE_SECONDS:
            self._queue.add(ref, delay_seconds=within_seconds)
            return
        begins = self._guard.begins(ref)
        delay_seconds = 0.0 if begins else DEBOUNCE_SECONDS
        self._queue.add(ref, delay_seconds=delay_seconds, first=begins or self._guard.comes_first(ref))


def _namespace_of(ref: WorkloadRef) -> str:
    return ref.namespace


def _access(
    connection: Connection, options: Options, bearer_token: Callable[[], Awaitable[str | None]]
) -> KubeletAccess:
    authority = options.kubelet_authority
    return KubeletAccess(
        bearer_token=bearer_token,
        certificate_file=connection.certificate_file,
        key_file=connection.key_file,
        authority_file=str(authority) if authority is not None else connection.authority_file,
        verify=not options.kubelet_insecure_tls,
    )


def _kubelet_token(
    connection: Connection, api: Api, options: Options, *, clock: Callable[[], float]
) -> Callable[[], Awaitable[str | None]]:
    """What kubelets are shown: never the token by which the API server knows the operator."""
    account = options.kubelet_account
    token = AccountToken(api, account, clock=clock) if account is not None else None

    async def current() -> str | None:
        if token is None:
            if connection.certificate_file is not None:
                return None
            raise KubeletError(
                "Kubelets are not asked, since they get no token of the operator's own; name the service account whose "
                "tokens they may see with --kubelet-account.",
                failure=Failure.UNASKED,
            )
        try:
            return await token.current()
        except ApiError as problem:
            raise KubeletError(
                f"There is no token to ask kubelets with ({problem}); let the operator create serviceaccounts/token of "
                f"{account}, as the chart does.",
                failure=Failure.UNASKED,
            ) from None

    return current
