"""The regimes under which every family is judged: what the gym once took for granted, varied one thing at a time.

What SIGTERM does is mixed, from case to case, wherever a regime does not say: how a process stops gives nothing away.
"""

from dataclasses import dataclass, field, replace

from gym.cost import Prices, prices_of
from gym.sight import Sight
from gym.truth import GymCase, Shape, Spread, Stopping, Troubles, Truth
from probetuner.model.policy import Costs, Objectives, Policy

RESTARTS_DEAR = Costs(false_restart_seconds=10 * Costs().false_restart_seconds)
"""As of a database that recovers for minutes, or a cache that has to warm up."""

ERRORS_DEAR = Costs(error_seconds=5 * Costs().error_seconds)
"""As of a checkout: who gets an error does not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """What is varied: `stopping` None leaves each case what was drawn for it. The user's policy has these prices."""

    group: str
    name: str
    stopping: Stopping | None = None
    shape: Shape = Shape.LOGNORMAL
    sight: Sight = Sight.COUNTERS
    costs: Costs = field(default_factory=Costs)

    @property
    def prices(self) -> Prices:
        """What each part of the cost is worth."""
        return prices_of(self.costs)

    def world(self, case: GymCase) -> GymCase:
        """The case as it is under this regime, whoever looks and whatever it costs."""
        truth = case.truth if self.stopping is None else replace(case.truth, stopping=self.stopping)
        if self.shape is not Shape.LOGNORMAL:
            truth = _shaped(truth, self.shape, with_starts=not case.healthy)
        return replace(case, truth=truth)


def policy_with(costs: Costs) -> Policy:
    """The ProbePolicy of a user who states these prices and nothing else."""
    return Policy(objectives=Objectives(costs=costs))


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
    Regime(group="prices", name="restarts dear", costs=RESTARTS_DEAR),
    Regime(group="prices", name="errors dear", costs=ERRORS_DEAR),
)
