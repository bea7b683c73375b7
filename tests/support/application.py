"""What the process of a scene does, as its probes see it: the same choices as the recordings' small server has."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import Exec, Grpc, Handler, HttpGet, ProbeType, TcpSocket
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.answer import REFUSED, SILENCE, Answer

ANYWHERE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """From when to when (seconds) something holds, for whom, and what it does.

    `mode` is `503`, `slow` (answers take `seconds`), `hang`, `pause` (it does not hear SIGTERM either, as long as that
    lasts), `cut` (the connection is reset at once) or `tcp-hang` (not even a connection); `paths` are those that it
    concerns. Times are of the clock, or of the container's life with `of_life`.
    """

    begin: float
    end: float
    mode: str = "503"
    seconds: float = 3.0
    paths: tuple[str, ...] = (ANYWHERE,)
    of_life: bool = False

    def concerns(self, path: str, at: float, age: float) -> bool:
        """Whether that path is asked while it holds."""
        now = age if self.of_life else at
        return self.begin <= now < self.end and (ANYWHERE in self.paths or path in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What a process does. `starts`, `locks` and `exits` are seconds into each life; the last entry holds on.

    `silent_start` is of one that listens before it is up. `handles_term` is the exit code of a process that ends when
    it is asked to; without, it takes the whole grace. `drains` is how many seconds it takes to stop, stuck or not.
    `slow` is the share of answers that take `slow_seconds`. Only `listens` is bound, and only `paths` are served.
    """

    starts: Sequence[float] = (0.4,)
    locks: Sequence[float] = (math.inf,)
    exits: Sequence[float] = (math.inf,)
    exit_code: int = 1
    oom: bool = False
    handles_term: int | None = None
    drains: float | None = None
    latency: float = 0.004
    silent_start: bool = False
    slow: float = 0.0
    slow_seconds: float = 1.3
    spells: tuple[Spell, ...] = ()
    listens: int = 8080
    paths: tuple[str, ...] = ("/work", "/health", "/livez", "/readyz")
    errored: tuple[ProbeType, ...] = ()


@dataclass(slots=True, kw_only=True)
class Process:
    """One replica's process, as the `Application` that its probes see."""

    app: App
    probes: Probes
    index: int
    life: int = 0
    started_at: float = 0.0
    rng: random.Random = field(default_factory=random.Random)

    def answer(self, probe: ProbeType, *, life: int, at: float) -> Answer:  # noqa: ARG002 - the present life is asked
        """What an attempt gets."""
        asked = self.probes.get(probe)
        assert asked is not None
        if probe in self.app.errored:
            return Answer(errored=True)
        return self._ask(asked.handler, at, at - self.started_at)

    def _ask(self, handler: Handler | None, at: float, age: float) -> Answer:
        app = self.app
        if isinstance(handler, Exec):
            answer = self._ask(HttpGet(port=app.listens, path="/livez"), at, age)
            return answer if answer.cause is None else replace(answer, cause=FailureCause.EXEC_EXIT)
        assert isinstance(handler, HttpGet | TcpSocket | Grpc)
        if handler.port not in (app.listens, "http") or age < nth(app.starts, self.life):
            return SILENCE if isinstance(handler, Grpc) or app.silent_start else REFUSED
        path = handler.path if isinstance(handler, HttpGet) else ""
        if isinstance(handler, TcpSocket):
            hanging = any(s.mode == "tcp-hang" and s.concerns("", at, age) for s in app.spells)
            return SILENCE if hanging else _after(0.001)
        if age >= nth(app.locks, self.life):
            return SILENCE
        if path not in ("", *app.paths):
            return Answer(cause=FailureCause.HTTP_STATUS)
        return self._serve(handler, path, at, age)

    def _serve(self, handler: Handler, path: str, at: float, age: float) -> Answer:
        app, bad = self.app, FailureCause.HTTP_STATUS
        if isinstance(handler, Grpc):
            bad = FailureCause.GRPC_NOT_SERVING
        for spell in app.spells:
            if spell.concerns(path, at, age):
                if spell.mode == "slow":
                    return _after(spell.seconds * self.rng.uniform(0.6, 1.4))
                if spell.mode == "cut":
                    return Answer(cause=FailureCause.RESET)
                return Answer(cause=bad) if spell.mode == "503" else SILENCE
        slow = self.rng.random() < app.slow
        return _after(app.slow_seconds if slow else app.latency * self.rng.uniform(0.5, 2.0))

    def exits_at(self, *, life: int, started_at: float) -> float:
        """Begin a life."""
        self.life, self.started_at = life, started_at
        return started_at + nth(self.app.exits, life)

    def stop_seconds(self, *, life: int, at: float) -> float:  # noqa: ARG002 - the present life is asked
        """How long it takes to end once asked to."""
        if self.app.drains is not None:
            return self.app.drains
        stuck = at - self.started_at >= nth(self.app.locks, self.life)
        if self.app.handles_term is None or stuck:
            return math.inf
        pauses = (spell for spell in self.app.spells if spell.mode == "pause")
        wakes = max((spell.end for spell in pauses if spell.begin <= at < spell.end), default=at)
        return wakes - at + 0.3


def nth(values: Sequence[float], life: int) -> float:
    return values[min(life, len(values) - 1)]


def _after(seconds: float) -> Answer:
    return Answer(at_least_seconds=seconds, at_most_seconds=seconds)
