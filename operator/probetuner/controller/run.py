"""The operator as a process: its pages, its signals, and the Lease that lets one work in a cluster."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from uuid import uuid4

import structlog

from probetuner.change.decide import decide as decide_by_evidence
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection
from probetuner.cluster.leases import Lease
from probetuner.cluster.siblings import Siblings, lease_of, marks_of
from probetuner.controller.deciding import Decide
from probetuner.controller.leading import Leadership, LeadershipLostError
from probetuner.controller.metrics import Metrics
from probetuner.controller.options import Options
from probetuner.controller.pages import open_pages
from probetuner.controller.working import Operator

log = structlog.get_logger()


async def run(connection: Connection, options: Options, *, decide: Decide = decide_by_evidence) -> None:
    """Run the operator until SIGTERM or SIGINT.

    Raises OSError when its port is taken, LeadershipLostError when another operator may have begun to work.
    """
    process = Process(connection, options, decide=decide)
    await process.run()


class Process:
    """The operator from its start to its end; while it stands by there is nothing of it but the pages and the Lease."""

    def __init__(self, connection: Connection, options: Options, *, decide: Decide) -> None:
        self._connection = connection
        self._options = options
        self._decide = decide
        self._metrics = Metrics()
        self._operator: Operator | None = None
        # Requests for the Lease wait for no others, and a dry run disturbs nobody, so it needs none.
        self._lease_api = Api(connection)
        self._leadership = None
        if not options.dry_run:
            identity = f"{socket.gethostname()}_{uuid4().hex[:8]}"
            shard = options.shard
            place, marks = lease_of(options.lease, shard), marks_of(shard)
            lease = Lease(self._lease_api, place, identity=identity, clock=time.monotonic, marks=marks)
            siblings = Siblings(self._lease_api, options.lease, shard, clock=time.monotonic)
            self._leadership = Leadership(lease, siblings, clock=time.monotonic, wall=time.time)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises as `run` does."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        pages, port = await open_pages(
            port=self._options.http_port,
            alive=self._dead_parts,
            ready=self._missing_parts,
            metrics=self._metrics.page,
            clock=time.monotonic,
        )
        log.info(
            "probetuner runs",
            server=self._connection.server,
            port=port,
            default_mode=self._options.default_mode.value,
            dry_run=self._options.dry_run,
            shard=str(self._options.shard),
        )
        if not self._connection.in_cluster:
            log.info("outside the cluster: counters only from kubelets that this machine reaches and that trust it")
        try:
            await self._work_until(stop)
        finally:
            await self._end()
            await pages.cleanup()
        if self._leadership is not None and self._leadership.was_lost:
            raise LeadershipLostError(self._leadership.problem or "another operator holds the Lease")

    async def _work_until(self, stop: asyncio.Event) -> None:
        """Stand by and work; what fails ends the operator."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._lead_and_work(stop), name="lead")
            await stop.wait()
            log.info("ending")
            task.cancel()

    async def _lead_and_work(self, stop: asyncio.Event) -> None:
        if self._leadership is None:
            await self._work(may_write=lambda: True, paused_by_lease=lambda: False)
            return
        await self._leadership.win()
        async with asyncio.TaskGroup() as group:
            leads = self._leadership
            work = self._work(may_write=leads.holds, paused_by_lease=leads.is_paused)
            group.create_task(work, name="work")
            await self._leadership.keep()
            stop.set()

    async def _work(self, *, may_write: Callable[[], bool], paused_by_lease: Callable[[], bool]) -> None:
        self._metrics.leading.set(1)
        self._operator = Operator(
            self._connection,
            self._options,
            self._metrics,
            decide=self._decide,
            may_write=may_write,
            paused_by_lease=paused_by_lease,
        )
        await self._operator.run()

    async def _end(self) -> None:
        if self._operator is not None:
            await self._save()
        if self._leadership is not None:
            await self._leadership.release()
        self._lease_api.close()

    async def _save(self) -> None:
        """Have the operator save what it learned; that may take longer than the Lease is good for."""
        assert self._operator is not None
        if self._leadership is None or not self._leadership.holds():
            await self._operator.end()
            return
        renewing = asyncio.create_task(self._leadership.keep(), name="renew")
        try:
            await self._operator.end()
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    def _dead_parts(self) -> list[str]:
        late = self._leadership.late() if self._leadership is not None else None
        return [*([late] if late else []), *(self._operator.dead_parts() if self._operator is not None else [])]

    def _missing_parts(self) -> list[str]:
        """A standby is ready when it sees the Lease: a rollout would never end if it had to lead for that."""
        if self._operator is not None:
            return self._operator.missing_parts()
        return [self._leadership.problem] if self._leadership is not None and self._leadership.problem else []
