"""Which life of a container a fact belongs to, by the fact's own time, and how lives of one pod hang together.

A fact may come late by any time, but not before the life that it is about is known: the kubelet's status of a started
container is there before its probes have anything to tell. What comes before any life of a pod is kept for its first.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from probetuner.facts.fact import Observed
from probetuner.history import bounds
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory
from probetuner.model.probe import ProbeType

GRAIN_SECONDS = 1.0
"""Kubernetes' times in events and statuses are whole seconds, cut off."""

UNSEEN = "Unseen"
"""The exit reason of a life whose end nobody saw: the pod was next seen in a later one."""

_NOT_STARTED = -1


def find(entry: ContainerHistory, fact: Observed, *, restarts: int) -> Life | None:
    """The life of the fact's pod with that restart count."""
    return next((life for life in entry.lives if life.pod_uid == fact.pod.uid and life.restarts == restarts), None)


def life_at(entry: ContainerHistory, pod_uid: str, at: float) -> Life | None:
    """The life that ran in the pod at that time, between two lives the earlier; None before the first that is known.

    At the very second of an end the ended life is meant: what the kubelet says of a kill comes before the restart.
    """
    before = None
    for life in _chain(entry.lives, pod_uid):
        if life.ended_at is not None and life.ended_at < at:
            before = life
        elif life.started_at <= at or life.restarts == 0:
            return life
        else:
            break
    return before


def lives_during(entry: ContainerHistory, pod_uid: str, since: float, at: float) -> tuple[Life, ...]:
    """The lives of the pod of which a second or more lies between these times, oldest first; else the last one before.

    A scrape's time is exact and that of a start is cut off: within the same second nothing can have been probed yet.
    """
    begun = [life for life in _chain(entry.lives, pod_uid) if life.started_at + GRAIN_SECONDS <= at]
    going_on = [life for life in begun if life.ended_at is None or life.ended_at > since]
    if going_on or begun:
        return tuple(going_on or begun[-1:])
    first = life_at(entry, pod_uid, at)
    return () if first is None else (first,)


def change(entry: ContainerHistory, fact: Observed, step: Callable[[Life], Life]) -> ContainerHistory:
    """Change the life that ran in the fact's pod at its time."""
    life = life_at(entry, fact.pod.uid, fact.at)
    if life is not None:
        return swap(entry, life, step(life))
    return change_early(entry, fact, step)


def change_early(entry: ContainerHistory, fact: Observed, step: Callable[[Life], Life]) -> ContainerHistory:
    """Keep what is told for the first life of the pod; what is older than lives that are known is nobody's."""
    if any(known.pod_uid == fact.pod.uid for known in entry.lives):
        return entry
    early = next((life for life in entry.early if life.pod_uid == fact.pod.uid), None)
    others = tuple(life for life in entry.early if life is not early)
    changed = step(early or new(fact, restarts=_NOT_STARTED, started_at=fact.at))
    return replace(entry, early=(*others, changed)[-bounds.EARLY_LIVES :])


def new(fact: Observed, *, restarts: int, started_at: float) -> Life:
    """A life of which nothing but its start is known."""
    return Life(
        pod_uid=fact.pod.uid,
        pod=fact.pod.name,
        template_hash=fact.pod.template_hash,
        node=fact.pod.node,
        restarts=restarts,
        started_at=started_at,
    )


def add(entry: ContainerHistory, life: Life) -> ContainerHistory:
    """Put a life into the ledger, with what came before any life of its pod was known."""
    early = next((known for known in entry.early if known.pod_uid == life.pod_uid), None)
    if early is not None:
        life = replace(early, restarts=life.restarts, started_at=life.started_at)
        entry = replace(entry, early=tuple(known for known in entry.early if known is not early))
    lives = _linked((*entry.lives, life), life.pod_uid)
    kept = _bounded(sorted(lives, key=lambda known: (known.started_at, known.restarts)))
    return replace(entry, lives=kept, forgotten=entry.forgotten + len(lives) - len(kept))


def swap(entry: ContainerHistory, old: Life, changed: Life) -> ContainerHistory:
    """Put the changed life in the place of the old one."""
    if changed == old:
        return entry
    lives = tuple(changed if life is old else life for life in entry.lives)
    return replace(entry, lives=_linked(lives, changed.pod_uid))


def _chain(lives: tuple[Life, ...], pod_uid: str) -> list[Life]:
    return sorted((life for life in lives if life.pod_uid == pod_uid), key=lambda life: life.restarts)


def _linked(lives: tuple[Life, ...], pod_uid: str) -> tuple[Life, ...]:
    """What one life means for the next of its pod: an earlier one is over, and its streaks go on."""
    chain = _chain(lives, pod_uid)
    linked: dict[int, Life] = {}
    before: Life | None = None
    for life, following in zip(chain, (*chain[1:], None), strict=True):
        known, inherited = life, _inherited(before, life)
        if inherited != life.inherited:
            known = replace(known, inherited=inherited)
        if life.ended_at is None and following is not None:
            known = replace(known, ended_at=following.started_at, exit_reason=UNSEEN)
        linked[life.restarts] = before = known
    return tuple(linked[life.restarts] if life.pod_uid == pod_uid else life for life in lives)


def _inherited(before: Life | None, life: Life) -> Mapping[ProbeType, int]:
    """The streaks of the life before; the kubelet forgets them when it kills for a probe, and not when one crashes."""
    if before is None or before.restarts != life.restarts - 1 or before.killed_by is not None:
        return {}
    streaks = {
        kind: before.tally(kind).streak + (0 if before.tally(kind).succeeded else before.inherited.get(kind, 0))
        for kind in (ProbeType.LIVENESS, ProbeType.STARTUP)
    }
    return {kind: streak for kind, streak in streaks.items() if streak}


def _bounded(lives: list[Life]) -> tuple[Life, ...]:
    """Forget the oldest that have ended, and one that still runs only when all do."""
    while len(lives) > bounds.LIVES:
        lives.remove(next((life for life in lives if life.ended_at is not None), lives[0]))
    return tuple(lives)
