"""Long trouble of a workload, told as facts: more than a history remembers."""

import random
from collections.abc import Iterator

from probetuner.facts.fact import Fact, FailureCause
from support.facts import READINESS, counted, exited, failed, killed, pod, ready, started, unready


def months_of_trouble(pods: int, *, period: int, between: int, seed: int) -> Iterator[Fact]:
    """Replicas that all fail now and then, for a while each time: more than a history remembers."""
    rng, replicas = random.Random(seed), [pod(f"web-{number}") for number in range(pods)]
    lives = dict.fromkeys(replicas, 0)
    for of in replicas:
        yield from (started(0, of=of), ready(20, of=of, passed=True))
    for at in range(60, 75 * between, between):
        for of in rng.sample(replicas, min(4, pods)):
            failures, cause = rng.choice((1, 3, 20)), rng.choice((FailureCause.TIMEOUT, FailureCause.REFUSED))
            over = at + failures * period
            if rng.random() < 0.5:
                yield failed(at, probe=READINESS, cause=cause, count=failures, of=of)
                yield from (unready(at + 1, of=of), ready(over, of=of))
                yield counted(at, over + 10, ok=1, bad=failures, probe=READINESS, of=of)
            else:
                yield failed(at, cause=cause, count=failures, of=of)
                yield killed(over, of=of)
                yield exited(over + 30, restarts=lives[of], code=rng.choice((0, 137, 143)), of=of)
                lives[of] += 1
                yield from (started(over + 31, restarts=lives[of], of=of), ready(over + 40, of=of, passed=True))
