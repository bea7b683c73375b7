"""One container under the kubelet, run event by event.

What is modelled, and where it stands in the kubelet: ticks whose phase is the pod's and not the container's, the
initial delay, the gate of the startup probe, thresholds, streaks that outlive a crash, and the hold after a kill
(prober/worker.go); the attempt at once when a container that runs is not ready (prober_manager.go UpdatePodStatus); the
kill with its grace and the start in the same sync, and the back-off (kuberuntime_manager.go SyncPod).
"""

import math
from dataclasses import dataclass

from probetuner.model.probe import ProbeType
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import REFUSED, Verdict, judge
from probetuner.tuning.replay.application import Application, Lasting
from probetuner.tuning.replay.backoff import BackOff, next_sync_seconds
from probetuner.tuning.replay.outcome import Attempt, LifeRun, Outcome, Waiting
from probetuner.tuning.replay.worker import Flight, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What decides a run besides the probes and the application; a run is deterministic given these.

    `lead_seconds` is how long before the process the pod's probe workers began, which sets the phase of all ticks.
    `sync_jitter`, from 0 to 1, is how late the kubelet looks at a pod in back-off. `status_seconds` pass from a change
    in the runtime to the prober's seeing it (the kubelet asks the runtime each second), `start_seconds` from the
    decision to start a container to its process. `unknown_as` is what an attempt counts as whose result nobody knows.
    """

    grace_seconds: float = 30.0
    lead_seconds: float = 0.5
    sync_jitter: float = 0.5
    status_seconds: float = 0.7
    start_seconds: float = 0.5
    unknown_as: Verdict = Verdict.OK


_LEAST_GRACE_SECONDS = 2.0


class ContainerRun:
    """A container from its first start on. `next_at` is when its next event happens, `step` makes it happen.

    Several runs can be stepped in the order of their times, so that their applications may depend on each other.
    With `lasting` ticks that make no attempt and attempts that can only repeat the one before are left out, and are
    told as one attempt of several `times`; everything else happens as it would.
    """

    def __init__(
        self,
        *,
        probes: Probes,
        application: Application,
        circumstances: Circumstances,
        at: float,
        lasting: Lasting | None = None,
    ) -> None:
        self._application = application
        self._lasting = lasting
        self._given = circumstances
        self._began_at = at
        self._workers = {
            kind: Worker(kind, probe, began_at=at - circumstances.lead_seconds)
            for kind in (ProbeType.STARTUP, ProbeType.READINESS, ProbeType.LIVENESS)
            if (probe := probes.get(kind)) is not None
        }
        self._back_off = BackOff()
        self._lives: list[LifeRun] = []
        self._attempts: list[Attempt] = []
        self._ready_changes: list[tuple[float, bool]] = []
        self._waits: list[Waiting] = []
        self._ready = self._visible = self._passed = False
        self._exit_at = self._visible_at = self._sync_at = math.inf
        self._start(at)

    @property
    def next_at(self) -> float:
        """When the next event happens (seconds on the caller's clock)."""
        due = min(self._exit_at, self._visible_at, self._sync_at)
        for worker in self._workers.values():
            if (at := worker.next_at) < due:
                due = at
        return due

    @property
    def ready(self) -> bool:
        """Whether the container's Services send it traffic."""
        return self._ready

    @property
    def life(self) -> int:
        """Which life this is, from 0."""
        return len(self._lives) - 1

    @property
    def stopping_since(self) -> float | None:
        """When a probe reached its threshold, so that this life is asked to stop; None for one that goes on."""
        return self._lives[-1].decided_at

    @property
    def running(self) -> bool:
        """Whether the process exists."""
        return self._lives[-1].ended_at is None

    def step(self, now: float) -> None:
        """Let the events of this time happen: `now` is `next_at`, or the time at which a trigger was given."""
        if self._exit_at <= now:
            self._exit(self._exit_at)
        elif self._sync_at <= now:
            self._sync(self._sync_at, last_exit=self._lives[-1].ended_at)
        elif self._visible_at <= now:
            self._become_visible(self._visible_at)
        else:
            worker = min(self._workers.values(), key=lambda worker: worker.next_at)
            if worker.flight is not None:
                self._land(worker, worker.flight)
            else:
                self._tick(worker, max(worker.next_at, now))

    def outcome(self, until: float) -> Outcome:
        """What has happened so far; nothing happens after it has been asked for."""
        self._settle(until)
        return Outcome(
            began_at=self._began_at,
            until=until,
            lives=tuple(self._lives),
            attempts=tuple(self._attempts),
            ready=tuple(self._ready_changes),
            waits=tuple(self._waits),
        )

    def _start(self, at: float) -> None:
        self._lives.append(LifeRun(started_at=at))
        self._exit_at = self._application.exits_at(life=self.life, started_at=at)
        self._visible_at = at + self._given.status_seconds
        self._sync_at = math.inf

    def _become_visible(self, at: float) -> None:
        """The status shows the new container: results begin anew, and it is ready unless a probe has to say so."""
        self._visible_at, self._visible = math.inf, True
        self._passed = ProbeType.STARTUP not in self._workers
        for worker in self._workers.values():
            worker.on_hold = False
        self._wake(at)
        self._set_ready(at, ready=self._passed and ProbeType.READINESS not in self._workers)
        self._trigger_readiness()

    def _tick(self, worker: Worker, now: float) -> None:
        self._settle_one(worker, now)
        if worker.flight is not None:
            return
        worker.take_tick(now)
        asks_from = self._lives[-1].started_at + worker.probe.initial_delay_seconds
        if worker.on_hold or not self._visible or self._passed is (worker.kind is ProbeType.STARTUP):
            self._let_rest(worker, math.inf)
        elif now < asks_from:
            self._let_rest(worker, asks_from)
        else:
            self._take_off(worker, now)

    def _let_rest(self, worker: Worker, until: float) -> None:
        """Leave out the ticks that make no attempt: until that time, or until what holds the worker back is over."""
        if self._lasting is not None:
            worker.rest_until(until)

    def _take_off(self, worker: Worker, now: float) -> None:
        answer = REFUSED
        if self.running:
            answer = self._application.answer(worker.kind, life=self.life, at=now)
        result = judge(answer, worker.probe)
        worker.flight = Flight(began_at=now, ends_at=now + result.seconds, life=self.life, result=result)

    def _land(self, worker: Worker, flight: Flight) -> None:
        worker.flight = None
        self._told(worker, flight)
        verdict = self._given.unknown_as if flight.result.verdict is Verdict.UNKNOWN else flight.result.verdict
        if verdict is Verdict.ERRORED:
            return
        reached = worker.count(verdict)
        if flight.life != self.life:
            return
        if reached:
            self._conclude(worker.kind, flight.ends_at, succeeded=verdict is Verdict.OK)
        self._leave_out(worker, flight)

    def _told(self, worker: Worker, flight: Flight, times: int = 1) -> None:
        self._attempts.append(
            Attempt(
                at=flight.ends_at,
                probe=worker.kind,
                life=flight.life,
                verdict=flight.result.verdict,
                seconds=flight.result.seconds,
                cause=flight.result.cause,
                times=times,
            )
        )

    def _leave_out(self, worker: Worker, landed: Flight) -> None:
        """Leave out the attempts that get what the landed one got; not one that the end of the life cuts short."""
        if self._lasting is None or worker.on_hold or not self.running or self._visible_at < math.inf:
            return
        same_until = self._lasting.same_until(worker.kind, life=self.life, at=landed.began_at)
        worker.repeat(landed, same_until=min(same_until, self._exit_at - landed.result.seconds))

    def _settle(self, now: float) -> None:
        for worker in self._workers.values():
            self._settle_one(worker, now)

    def _settle_one(self, worker: Worker, now: float) -> None:
        """Tell of the attempts that were left out until now; one that is under way lands as any other."""
        repeated = worker.settle(now)
        if repeated is not None:
            latest, times = repeated
            self._told(worker, latest, times)

    def _wake(self, now: float) -> None:
        for worker in self._workers.values():
            worker.wake(now)

    def _conclude(self, kind: ProbeType, at: float, *, succeeded: bool) -> None:
        if kind is ProbeType.READINESS:
            self._set_ready(at, ready=succeeded and self._visible)
        elif not succeeded:
            self._kill(kind, at)
        elif kind is ProbeType.STARTUP:
            self._passed = True
            self._wake(at)
            self._lives[-1].startup_succeeded_at = at
            self._set_ready(at, ready=ProbeType.READINESS not in self._workers)
            self._trigger_readiness()

    def _set_ready(self, at: float, *, ready: bool) -> None:
        if ready is self._ready:
            return
        self._ready = ready
        self._ready_changes.append((at, ready))
        if not ready:
            self._trigger_readiness()

    def _trigger_readiness(self) -> None:
        worker = self._workers.get(ProbeType.READINESS)
        if worker is not None and self._passed and self._visible:
            worker.trigger()

    def _kill(self, kind: ProbeType, at: float) -> None:
        life = self._lives[-1]
        if life.killed_by is not None or life.ended_at is not None:
            return
        life.killed_by, life.decided_at = kind, at
        own = self._workers[kind].probe.termination_grace_period_seconds
        grace = max(_LEAST_GRACE_SECONDS, self._given.grace_seconds if own is None else own)
        stopped_at = at + min(grace, self._application.stop_seconds(life=self.life, at=at))
        self._exit_at = min(self._exit_at, stopped_at)
        self._settle(at)

    def _exit(self, at: float) -> None:
        life = self._lives[-1]
        life.ended_at, self._exit_at, self._visible_at = at, math.inf, math.inf
        self._settle(at)
        for worker in self._workers.values():
            worker.cut_short(at)
        if life.killed_by is None:
            self._sync_at = at + self._given.status_seconds
        else:
            before = self._lives[-2].ended_at if len(self._lives) > 1 else None
            self._sync(at, last_exit=before)

    def _sync(self, now: float, *, last_exit: float | None) -> None:
        """Start the container again unless it is held back; `last_exit` is the latest that this sync knows of."""
        left = 0.0 if last_exit is None else self._back_off.wait(last_exit, now)
        if left > 0:
            self._hold_back(now)
        else:
            self._sync_at = math.inf
            self._start(now + self._given.start_seconds)

    def _hold_back(self, now: float) -> None:
        if self._visible:
            self._visible = False
            self._waits.append(Waiting(at=now, seconds=self._back_off.seconds))
            self._set_ready(now, ready=False)
        ended_at = self._lives[-1].ended_at
        since = now if ended_at is None else ended_at
        remaining = max(0.0, self._back_off.seconds - (now - since))
        self._sync_at = now + next_sync_seconds(remaining, jitter=self._given.sync_jitter)
