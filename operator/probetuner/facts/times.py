"""When something happened, as far as somebody else's word for it is believed.

Kubelets, container runtimes and whoever may write Events stamp what they tell by clocks of their own. What is told
cannot have happened later than it was told, so no clock but ours can lead into the future.
"""

from probetuner.model.fields import Object, moment

AHEAD_SECONDS = 5.0
"""How far another clock may be ahead of ours: clocks that NTP keeps agree far better, and those it does not, worse."""


def believed(claimed: float, *, told_at: float) -> float:
    """The time that is believed of a claim that was received at `told_at`; both are epoch seconds."""
    return min(claimed, told_at + AHEAD_SECONDS)


def happened(raw: Object, name: str, place: str, *, told_at: float) -> float | None:
    """A time of an object that was received at `told_at`; None where it has none. Raises InvalidObjectError."""
    claimed = moment(raw, name, place)
    return None if claimed is None else believed(claimed, told_at=told_at)
