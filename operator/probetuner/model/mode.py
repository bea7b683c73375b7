"""What the operator may do to a workload, and who said so."""

from dataclasses import dataclass
from enum import StrEnum

MODE_ANNOTATION = "probetuner.dev/mode"
APPROVE_ANNOTATION = "probetuner.dev/approve"


class Mode(StrEnum):
    """How far the operator goes."""

    OFF = "Off"
    OBSERVE = "Observe"
    RECOMMEND = "Recommend"
    APPLY = "Apply"


class ModeSource(StrEnum):
    """Where the mode in force was written; the order of precedence is from the first to the last."""

    POLICY = "Policy"
    WORKLOAD = "Workload"
    NAMESPACE = "Namespace"
    DEFAULT = "Default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeDecision:
    """The mode in force. `problem` is a sentence for the user when what they wrote is not a mode."""

    mode: Mode
    source: ModeSource
    problem: str | None = None


def resolve_mode(
    *,
    policy: str | None,
    workload: str | None,
    namespace: str | None,
    default: Mode,
) -> ModeDecision:
    """Take the first of policy, workload annotation and Namespace annotation that is set, else the default.

    A word that is no mode never means more than the user meant: it counts as Off until it is mended.
    """
    for source, word in (
        (ModeSource.POLICY, policy),
        (ModeSource.WORKLOAD, workload),
        (ModeSource.NAMESPACE, namespace),
    ):
        if word is None:
            continue
        if word in _MODES:
            return ModeDecision(mode=_MODES[word], source=source)
        return ModeDecision(mode=Mode.OFF, source=source, problem=_not_a_mode(word, source))
    return ModeDecision(mode=default, source=ModeSource.DEFAULT)


def _not_a_mode(word: str, source: ModeSource) -> str:
    shown = word if len(word) <= _SHOWN_CHARACTERS else word[:_SHOWN_CHARACTERS] + "…"
    place = "spec.mode of the ProbePolicy"
    if source is not ModeSource.POLICY:
        owner = "workload" if source is ModeSource.WORKLOAD else "Namespace"
        place = f"annotation {MODE_ANNOTATION} of the {owner}"
    return f"{place} is {shown!r}; allowed are {', '.join(Mode)}. Treated as Off until it is mended."


_MODES = {mode.value: mode for mode in Mode}
_SHOWN_CHARACTERS = 40
