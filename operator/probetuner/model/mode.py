"""What the operator may do to a workload, and who said so."""

from dataclasses import dataclass, replace
from enum import StrEnum

MODE_ANNOTATION = "probetuner.dev/mode"
APPROVE_ANNOTATION = "probetuner.dev/approve"
ROLLBACK_ANNOTATION = "probetuner.dev/rollback"


class Mode(StrEnum):
    """How far the operator goes."""

    OFF = "Off"
    OBSERVE = "Observe"
    RECOMMEND = "Recommend"
    APPLY = "Apply"


class ModeSource(StrEnum):
    """Where the mode in force was written, the nearest first; a workload's own Off comes before all of them."""

    POLICY = "Policy"
    WORKLOAD = "Workload"
    NAMESPACE = "Namespace"
    DEFAULT = "Default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeDecision:
    """The mode in force. `problem` is a sentence for the user when what they wrote is not a mode.

    `is_veto` is whether it is the workload's own Off, and holds against a ProbePolicy that asks for more.
    """

    mode: Mode
    source: ModeSource
    problem: str | None = None
    is_veto: bool = False


def resolve_mode(
    *,
    policy: str | None,
    workload: str | None,
    namespace: str | None,
    default: Mode,
    lifts_off: bool = False,
) -> ModeDecision:
    """Take the first of policy, workload annotation and Namespace annotation that is set, else the default.

    A word that is no mode never means more than the user meant: it counts as Off until it is mended. What counts as
    Off on the workload holds against the policy too, since who may write policies need not be who may change the
    workload; `lifts_off` is whether the policy is known to be of somebody who may.
    """
    own = None if workload is None else _read(workload, ModeSource.WORKLOAD)
    if own is not None and own.mode is Mode.OFF and policy not in (None, Mode.OFF) and not lifts_off:
        return replace(own, is_veto=True)
    if policy is not None:
        return _read(policy, ModeSource.POLICY)
    if own is not None:
        return own
    if namespace is not None:
        return _read(namespace, ModeSource.NAMESPACE)
    return ModeDecision(mode=default, source=ModeSource.DEFAULT)


def _read(word: str, source: ModeSource) -> ModeDecision:
    if word in _MODES:
        return ModeDecision(mode=_MODES[word], source=source)
    return ModeDecision(mode=Mode.OFF, source=source, problem=_not_a_mode(word, source))


def _not_a_mode(word: str, source: ModeSource) -> str:
    shown = word if len(word) <= _SHOWN_CHARACTERS else word[:_SHOWN_CHARACTERS] + "…"
    place = "spec.mode of the ProbePolicy"
    if source is not ModeSource.POLICY:
        owner = "workload" if source is ModeSource.WORKLOAD else "Namespace"
        place = f"annotation {MODE_ANNOTATION} of the {owner}"
    return f"{place} is {shown!r}; allowed are {', '.join(Mode)}. Treated as Off until it is mended."


_MODES = {mode.value: mode for mode in Mode}
_SHOWN_CHARACTERS = 40
