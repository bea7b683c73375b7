"""How often a container's processes ended and who ended them: the count that every report begins with.

It comes from the kubelet's own counts, restartCount and the kills that it announced, and not from the lives that are
remembered: of a container that was killed a hundred times its status shows the last end only.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from probetuner.diagnosis.broken import never_succeeded
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.dependency import killed_by_dependency
from probetuner.diagnosis.lockup import killed_in_lockup
from probetuner.diagnosis.pressure import killed_under_pressure
from probetuner.diagnosis.startup import ended_amid_crashes, killed_while_starting
from probetuner.diagnosis.tight import killed_for_lateness
from probetuner.diagnosis.wording import several
from probetuner.history.attribution import RestartCause
from probetuner.history.life import Life
from probetuner.model.probe import ProbeType

_KILLS = {ProbeType.LIVENESS: RestartCause.LIVENESS_KILL, ProbeType.STARTUP: RestartCause.STARTUP_KILL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """Ends of a container's processes, but for those of pods that went away, over the replicas that are remembered.

    `most` is how many there were in the pod with the most. `by_probe` counts kills that are proven, `unexplained` those
    of them that no other finding explains. `in_vain` counts kills that cured nothing: the findings that explain them
    tell of no lock-up, but of load, a dependency, a start, a short timeout or a wrong question. `torn_down` were
    stopped by the kubelet and for no probe; `stopped` ended as what is asked to stop does, nobody saw by whom. Of those
    that no count here has, nothing is known.
    """

    total: int = 0
    most: int = 0
    by_probe: Mapping[ProbeType, int] = field(default_factory=dict)
    unexplained: Mapping[ProbeType, int] = field(default_factory=dict)
    in_vain: int = 0
    crashed: int = 0
    out_of_memory: int = 0
    torn_down: int = 0
    stopped: int = 0

    @property
    def killed(self) -> int:
        """How often any probe ended it."""
        return sum(self.by_probe.values())

    @property
    def unknown(self) -> int:
        """How many ends nothing is known of."""
        known = self.killed + self.crashed + self.out_of_memory + self.torn_down + self.stopped
        return max(0, self.total - known)


@once
def restarts_of(case: Case) -> Restarts:
    """Count the ends of a container's processes."""
    by_pod: Counter[str] = Counter()
    for life in case.history.lives:
        ended = life.ended_at is not None and case.end_of(life) is not RestartCause.DISRUPTION
        by_pod[life.pod_uid] = max(by_pod[life.pod_uid], life.restarts + ended)
    by_probe = {kind: count for kind in _KILLS if (count := _kills(case, kind))}
    crashed, out_of_memory = len(case.ended_by(RestartCause.CRASH)), len(case.ended_by(RestartCause.OOM))
    asked = case.ended_by(RestartCause.STOPPED)
    torn_down = sum(life.stops for life in asked)
    stopped = sum(not life.stops for life in asked)
    known = sum(by_probe.values()) + crashed + out_of_memory + torn_down + stopped
    return Restarts(
        total=max(by_pod.total(), known),
        most=max(by_pod.values(), default=0),
        by_probe=by_probe,
        unexplained={kind: count for kind in by_probe if (count := _unexplained(case, kind))},
        in_vain=sum(_in_vain(case, kind) for kind in by_probe),
        crashed=crashed,
        out_of_memory=out_of_memory,
        torn_down=torn_down,
        stopped=stopped,
    )


def _kills(case: Case, kind: ProbeType) -> int:
    """What the kubelet announced, and the kills whose announcement was lost."""
    unannounced = [life for life in case.ended_by(_KILLS[kind]) if life.killed_by is None]
    announced = sum(life.killed_by is kind for life in case.history.lives)
    return max(case.history.kills.get(kind, 0), announced) + len(unannounced)


def _unexplained(case: Case, kind: ProbeType) -> int:
    """The kills that no finding explains. Of those that are remembered no more the same share as of the others."""
    if never_succeeded(case, kind):
        return 0
    remembered = _remembered(case, kind)
    kills = _kills(case, kind)
    if not remembered:
        return kills
    open_ones = sum(life not in explained_kills(case) for life in remembered)
    return round(kills * open_ones / len(remembered)) or int(open_ones > 0)


def _in_vain(case: Case, kind: ProbeType) -> int:
    """The kills that a finding explains, without those of lock-ups, which restarts cure; shared out in the same way."""
    kills, remembered = _kills(case, kind), _remembered(case, kind)
    cured = sum(life in killed_in_lockup(case) for life in remembered)
    cures = math.ceil(kills * cured / len(remembered)) if remembered else 0
    return max(0, kills - _unexplained(case, kind) - cures)


def _remembered(case: Case, kind: ProbeType) -> list[Life]:
    return [life for life in case.history.lives if life.killed_by is kind or case.end_of(life) is _KILLS[kind]]


@once
def explained_kills(case: Case) -> tuple[Life, ...]:
    """The lives that a probe ended and of which a finding says what they were."""
    return (
        *killed_while_starting(case),
        *ended_amid_crashes(case),
        *killed_under_pressure(case),
        *killed_by_dependency(case),
        *killed_in_lockup(case),
        *killed_for_lateness(case),
    )


def in_words(restarts: Restarts) -> str:
    """The count in one sentence."""
    if not restarts.total:
        return "no restart"
    most = f", up to {restarts.most} in one pod" if 0 < restarts.most < restarts.total else ""
    parts = [f"{count} by the {kind.value.lower()} probe" for kind, count in restarts.by_probe.items()]
    parts += [
        f"{count} {words}"
        for count, words in (
            (restarts.out_of_memory, "out of memory"),
            (restarts.crashed, "by itself"),
            (restarts.torn_down, "by the kubelet for no probe ('Stopping container')"),
            (restarts.stopped, "asked to stop by nobody knows whom"),
            (restarts.unknown, "of which nothing is known"),
        )
        if count
    ]
    open_ones = sum(restarts.unexplained.values())
    unexplained = f"; {several(open_ones, 'kill')} not explained" if open_ones else ""
    return f"{several(restarts.total, 'restart')}{most}: {', '.join(parts)}{unexplained}"
