"""What the kubelet said of a container's probes: how often which failed for what, in which words, and its kills.

It is counted for as long as the history lasts, whatever becomes of the lives that it was about.
"""

import re
from dataclasses import replace

from probetuner.facts.fact import KillAnnounced, ProbeFailed
from probetuner.history import bounds, filing
from probetuner.history.record import ContainerHistory, FailureRate, Said

_NUMBERS = re.compile(r"\d+")


def failed(entry: ContainerHistory, fact: ProbeFailed) -> ContainerHistory:
    """Count failures by their cause, and keep the words; those of a combined event may be about another container."""
    known = entry.said.get(fact.probe, {})
    of_cause = _said(known.get(fact.cause), fact)
    entry = replace(entry, said={**entry.said, fact.probe: {**known, fact.cause: of_cause}})
    if fact.since is None:
        return entry
    rate = FailureRate(
        pod_uid=fact.pod.uid,
        probe=fact.probe,
        cause=fact.cause,
        began_at=fact.since,
        last_at=fact.at,
        count=fact.count,
    )
    return replace(entry, rates=(*entry.rates, rate)[-bounds.RATES :])


def _said(before: Said | None, fact: ProbeFailed) -> Said:
    """The words stay while they say the same of other pods and times: else a status would change with each failure."""
    words = "" if fact.combined else fact.said[: bounds.SAID_CHARACTERS]
    first_at = fact.at if fact.since is None else fact.since
    if before is None:
        return Said(count=fact.count, words=words, first_at=first_at, last_at=fact.at)
    same = not words or _NUMBERS.sub("#", words) == _NUMBERS.sub("#", before.words)
    return Said(
        count=before.count + fact.count,
        words=before.words if same or fact.at < before.last_at else words,
        first_at=min(before.first_at, first_at),
        last_at=max(before.last_at, fact.at),
    )


def killed(entry: ContainerHistory, fact: KillAnnounced) -> ContainerHistory:
    """Count the kills that the kubelet announced; one that is told again is known by its life and time."""
    life = filing.life_at(entry, fact.pod.uid, fact.at)
    if life is not None and life.killed_by is not None and life.kill_announced_at == fact.at:
        return entry
    return replace(entry, kills={**entry.kills, fact.probe: entry.kills.get(fact.probe, 0) + fact.count})
