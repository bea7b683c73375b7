"""What the pods of a change bore that those before it would not have: the ground of the verdict Kept.

Each part of a change asks for its own proof. Time without trouble proves nothing: what counts is that the trouble
came back and did no harm, or that what was to be gained is there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from probetuner.change.patch import entries_of
from probetuner.change.reaped import is_only_wrapped
from probetuner.change.record import Change
from probetuner.diagnosis.case import Case, slower_than
from probetuner.diagnosis.flapping import flaps
from probetuner.diagnosis.lockup import killed_in_lockup
from probetuner.diagnosis.wording import several
from probetuner.history.record import FailureRun
from probetuner.model.probe import FIELD_OF, HANDLER_FIELDS, Probe, ProbeType


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One probe that a change altered, on the pods that have it; `old` and `new` are what the patches say of it."""

    case: Case
    kind: ProbeType
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    settled_at: float

    def before(self, attribute: str) -> int:
        """The effective number before the change; a number that the patches do not name is as it was."""
        live = self.case.container.probe(self.kind) or Probe(handler=None)
        present: int = getattr(live, attribute)
        return present if self.old is None else int(self.old.get(FIELD_OF[attribute], present))

    def loosened(self) -> bool:
        """Whether the probe was given more time."""
        live = self.case.container.probe(self.kind)
        return live is not None and (
            live.timeout_seconds > self.before("timeout_seconds")
            or live.failure_threshold > self.before("failure_threshold")
        )


def parts_of(change: Change, cases: tuple[Case, ...], *, settled_at: float) -> tuple[Part, ...]:
    """The probes that the change altered."""
    return tuple(_parts(change, cases, settled_at))


def _parts(change: Change, cases: tuple[Case, ...], settled_at: float) -> Iterator[Part]:
    old, new = _by_container(change.undo), _by_container(change.patch)
    for case in cases:
        for kind in ProbeType:
            fields = new.get(case.container.name, {})
            before = old.get(case.container.name, {}).get(kind.field)
            moved = kind is ProbeType.READINESS and before is None and _left(fields.get(ProbeType.LIVENESS.field, {}))
            wrapped = is_only_wrapped(fields.get(kind.field))
            # What liveness asked and readiness asks now is one part, measured by the old liveness probe's numbers.
            if kind.field in fields and not moved and not wrapped:
                yield Part(case=case, kind=kind, old=before, new=fields[kind.field], settled_at=settled_at)


def _left(liveness: Mapping[str, Any] | None) -> bool:
    """Whether liveness asks no more what it asked: it is gone, or has another handler."""
    return liveness is None or any(name in liveness for name in HANDLER_FIELDS)


def _by_container(patch: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(entry.get("name")): entry for entry in entries_of(patch)}


def borne(part: Part) -> str | None:
    """Say what proves that this part of the change helped; None as long as nothing does."""
    return _proof_for(part)(part)


def _proof_for(part: Part) -> Callable[[Part], str | None]:
    match part.kind:
        case ProbeType.STARTUP:
            return _starts_came_up
        case ProbeType.LIVENESS if part.old is None:
            return _lockup_ended
        case ProbeType.LIVENESS if _left(part.new) or part.loosened():
            return _slowness_survived
        case ProbeType.READINESS if part.new is None:
            return _starts_came_up
        case ProbeType.READINESS if part.loosened():
            return _stayed_ready
    return _ready_sooner if "initialDelaySeconds" in (part.new or {}) else _lockup_ended


def _starts_came_up(part: Part) -> str | None:
    lives = [life for life in part.case.history.lives if life.ending is None]
    starts = [life.answered_at - life.started_at for life in lives if life.answered_at is not None]
    if not starts or len(starts) < len(lives) or len(starts) < part.case.replicas:
        return None
    return f"{several(len(starts), 'start')} came up, the slowest after {max(starts):.0f} s, and none was killed"


def _slowness_survived(part: Part) -> str | None:
    timeout, kinds = part.before("timeout_seconds"), (ProbeType.LIVENESS, ProbeType.READINESS)
    late = _late(part, timeout, kinds)
    if late < _enough(part, kinds) * part.case.replicas:
        return None
    return f"{several(late, 'attempt')} took longer than the {timeout} s allowed before, and nothing was restarted"


def _stayed_ready(part: Part) -> str | None:
    timeout, kinds = part.before("timeout_seconds"), (ProbeType.READINESS,)
    late, seen = _late(part, timeout, kinds), len(flaps(part.case))
    if late < _enough(part, kinds) * part.case.replicas or seen:
        return None
    return (
        f"{several(late, 'attempt')} failed or took longer than the {timeout} s allowed before, and no replica flapped"
    )


def _enough(part: Part, kinds: tuple[ProbeType, ...]) -> int:
    """How many late attempts in a row last as long as those for which the old probe would have acted.

    Where they come further apart than the old ones did, fewer span the same time: a load that would have killed after
    20 s shows in two attempts 30 s apart.
    """
    threshold, old_seconds = part.before("failure_threshold"), part.before("period_seconds")
    periods = [probe.period_seconds for kind in kinds if (probe := part.case.container.probe(kind)) is not None]
    apart_seconds = max(old_seconds, min(periods, default=old_seconds))
    return 1 + ceil((threshold - 1) * old_seconds / apart_seconds)


def _late(part: Part, timeout_seconds: int, kinds: tuple[ProbeType, ...]) -> int:
    """Attempts since the rollout that the old timeout would have failed: slow successes, and runs of silence.

    A container that is not up yet refuses: that is no slowness that anything had to bear.
    """
    minutes = [m for m in part.case.history.minutes if m.started_at + 60.0 >= part.settled_at]
    runs = [run for kind in kinds for run in part.case.runs(kind) if run.started_at >= part.settled_at]
    slow = sum(slower_than(minute, kind, timeout_seconds) for minute in minutes for kind in kinds)
    return slow + sum(run.failures for run in runs if _is_silence(run))


def _is_silence(run: FailureRun) -> bool:
    silence = sum(count for cause, count in run.causes.items() if cause.is_silence)
    return 2 * silence > sum(run.causes.values())


def _ready_sooner(part: Part) -> str | None:
    delay = part.before("initial_delay_seconds")
    times = [life.ready_at - life.started_at for life in part.case.history.lives if life.ready_at is not None]
    if len(times) < part.case.replicas or not times or max(times) >= delay:
        return None
    return f"{several(len(times), 'start')} became ready after at most {max(times):.0f} s, not after {delay} s"


def _lockup_ended(part: Part) -> str | None:
    ended = len(killed_in_lockup(part.case))
    return f"{several(ended, 'lock-up')} ended by a restart" if ended else None
