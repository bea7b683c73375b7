"""Unready spells: the times that a readiness probe kept a container out of its Services."""

from dataclasses import replace

from probetuner.facts.fact import Observed, ReadinessChanged, ReadinessShown
from probetuner.history import bounds
from probetuner.history.record import ContainerHistory, UnreadySpell


def change(entry: ContainerHistory, fact: ReadinessChanged) -> ContainerHistory:
    """Open a spell when the probe takes a ready container out; any return to ready, or another cause, closes it.

    The pod's condition tells it again, in whole seconds, to whoever begins anew: that is the spell that goes on.
    """
    if fact.ready or not fact.by_probe:
        return close(entry, fact)
    spell = UnreadySpell(pod_uid=fact.pod.uid, started_at=fact.at)
    if any(_is_the_same(known, spell) for known in entry.unready):
        return entry
    entry = close(entry, fact)
    return replace(entry, unready=(*entry.unready, spell)[-bounds.UNREADY_SPELLS :])


def shown(entry: ContainerHistory, fact: ReadinessShown) -> ContainerHistory:
    """Close the spell of a container that is ready when it is first seen."""
    return close(entry, fact) if fact.ready else entry


def _is_the_same(known: UnreadySpell, told: UnreadySpell) -> bool:
    if known.pod_uid != told.pod_uid:
        return False
    return known.started_at == told.started_at or (known.ended_at is None and known.started_at >= told.started_at)


def close(entry: ContainerHistory, fact: Observed) -> ContainerHistory:
    """End the open spell of the pod, if there is one: from here on it is not the probe that keeps it out."""

    def goes_on(spell: UnreadySpell) -> bool:
        return spell.ended_at is None and spell.pod_uid == fact.pod.uid and spell.started_at <= fact.at

    if not any(goes_on(spell) for spell in entry.unready):
        return entry
    return replace(
        entry,
        unready=tuple(replace(spell, ended_at=fact.at) if goes_on(spell) else spell for spell in entry.unready),
    )
