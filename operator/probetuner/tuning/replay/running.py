"""One container played from its first start on, within what a decision may replay."""

import math

from probetuner.tuning.budget import Budget
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.replay.application import Application, Lasting
from probetuner.tuning.replay.container import Circumstances, ContainerRun
from probetuner.tuning.replay.outcome import Outcome


def run(
    *,
    probes: Probes,
    application: Application,
    circumstances: Circumstances,
    began_at: float,
    until: float,
    budget: Budget | None = None,
    lasting: Lasting | None = None,
    most_lives: float = math.inf,
) -> Outcome:
    """Run one container from its first start to `until` (seconds on the caller's clock).

    It ends before that with the last of `most_lives`. Raises TooMuchToReplayError when that takes more than the budget;
    who simulates what never was needs none.
    """
    container = ContainerRun(
        probes=probes, application=application, circumstances=circumstances, at=began_at, lasting=lasting
    )
    now = began_at
    while (due := container.next_at) <= until and container.life < most_lives:
        if budget is not None:
            budget.spend()
        now = max(now, due)
        container.step(now)
    return container.outcome(until)
