"""The regimes under which every family is judged: what the gym once took for granted, varied one thing at a time.

What SIGTERM does is mixed, from case to case, wherever a regime does not say: how a process stops gives nothing away.
"""

from dataclasses import dataclass, field, replace

from gym.cost import WEIGHTS, Prices
from gym.sight import Sight
from gym.truth import GymCase, Shape, Spread, Stopping, Troubles, Truth

RESTARTS_DEAR: Prices = {**WEIGHTS, "false_restarts": 10 * WEIGHTS["false_restarts"]}
"""As of a database that recovers for minutes, or a cache that has to warm up."""

ERRORS_DEAR: Prices = {**WEIGHTS, "refused_seconds": 5 * WEIGHTS["refused_seconds"]}
"""As of a checkout: who gets an error does not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """What is varied: `stopping` None leaves each case what was drawn for it."""

    group: str
    name: str
    stopping: Stopping | None = None
    shape: Shape = Shape.LOGNORMAL
    sight: Sight = Sight.COUNTERS
    prices: Prices = field(default_factory=lambda: WEIGHTS, hash=False)

    def world(self, case: GymCase) -> GymCase:
        """The case as it is under this regime, whoever looks and whatever it costs."""
        truth = case.truth if self.stopping is None else replace(case.truth, stopping=self.stopping)
        if self.shape is not Shape.LOGNORMAL:
            truth = _shaped(truth, self.shape, with_starts=not case.healthy)
        return replace(case, truth=truth)


def _shaped(truth: Truth, shape: Shape, *, with_starts: bool) -> Truth:
    """All durations of troubles and starts in that shape. The starts of a healthy case go on fitting its probes."""
    return replace(
        truth,
        start=_spread(truth.start, shape) if with_starts else truth.start,
        bursts=_troubles(truth.bursts, shape),
        glitches=_troubles(truth.glitches, shape),
        shared_glitches=_troubles(truth.shared_glitches, shape),
        outages=_troubles(truth.outages, shape),
        node_away=_troubles(truth.node_away, shape),
    )


def _spread(spread: Spread, shape: Shape) -> Spread:
    return replace(spread, shape=shape)


def _troubles(troubles: Troubles, shape: Shape) -> Troubles:
    return replace(troubles, seconds=_spread(troubles.seconds, shape))


BASE = Regime(group="base", name="mixed SIGTERM, lognormal, all counters")

REGIMES: tuple[Regime, ...] = (
    BASE,
    *(Regime(group="SIGTERM", name=one.value, stopping=one) for one in Stopping),
    *(Regime(group="durations", name=one.value, shape=one) for one in (Shape.HEAVY_TAILED, Shape.BIMODAL)),
    *(Regime(group="observer", name=one.value, sight=one) for one in Sight if one is not Sight.COUNTERS),
    Regime(group="prices", name="restarts dear", prices=RESTARTS_DEAR),
    Regime(group="prices", name="errors dear", prices=ERRORS_DEAR),
)
