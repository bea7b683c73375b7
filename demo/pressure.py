"""The first story: a service that is only busy, killed by its liveness probe as long as the load lasts."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from demo.change import sides, wait_for_change, wait_for_verdict
from demo.cluster import DemoError
from demo.load import Load, LoadReport, run_load
from demo.observation import Observation
from demo.outcome import PressureOutcome
from demo.stage import Stage

WORKLOAD = "rng"
LOADS = tuple(Load(path="/1", clients=clients, requests=50_000, seconds=90) for clients in (30, 45, 70))
# Two periods of its probe: a service is in use before it is under pressure.
_SECONDS_WELL = 20
_SECONDS_TO_BE_WELL = 120
_FOURFOLD = 4
_TIMES_TO_BE_SURE, _SECONDS_TO_ACT = 3, 45


def play(stage: Stage, service: Iterable[Mapping[str, Any]], loads: Sequence[Load] = LOADS) -> PressureOutcome:
    """Load the service until its probe kills it, wait for the operator's cure, send the same load again, and more.

    *loads* are sent one after the other until one of them makes a probe kill. Raises DemoError when the story does
    not get that far.
    """
    old = stage.set_up(service)
    old_probes = stage.look().probes
    stage.until(
        _well_for(_SECONDS_WELL), what=f"{WORKLOAD} to be well for {_SECONDS_WELL} s", seconds=_SECONDS_TO_BE_WELL
    )
    load, load_before = _load_that_kills(stage, old, loads)
    patched_under_load = stage.look().template != old
    wait_for_change(stage, old=old)
    stage.say("the same load again, now that probetuner has changed the probes")
    load_after = run_load(stage, load)
    stage.say("and four times as many clients, since a deeper queue must not kill either")
    load_fourfold = run_load(stage, replace(load, clients=_FOURFOLD * load.clients))
    change = wait_for_verdict(stage)
    before, after = sides(stage, change, old=old, old_probes=old_probes)
    return PressureOutcome(
        before=before,
        after=after,
        load_before=load_before,
        load_after=load_after,
        load_fourfold=load_fourfold,
        load=str(load),
        verdict=change["verdict"],
        reason=change.get("reason", ""),
        patched_under_load=patched_under_load,
    )


def _well_for(seconds: float) -> Callable[[Observation], bool | None]:
    """A condition that holds when every pod has been available for so long."""
    since: list[float] = []

    def holds(now: Observation) -> bool | None:
        if not now.rolled_out:
            since.clear()
            return None
        since.append(time.monotonic())
        return since[-1] - since[0] >= seconds or None

    return holds


def _load_that_kills(stage: Stage, template: str, loads: Sequence[Load]) -> tuple[Load, LoadReport]:
    """Send one load after the other until the kubelet kills for it, requests fail, and the operator is sure why."""
    for load in loads:
        for _ in range(_TIMES_TO_BE_SURE):
            report = run_load(stage, load)
            if not report.failures or not stage.tally.killed(frozenset({template})):
                stage.say(f"{load.clients} clients were borne without a kill")
                break
            if _is_acted_upon(stage, template):
                return load, report
            stage.say("probetuner has seen too little to act upon; the same load once more")
    raise DemoError(
        f"{stage.workload}: no load made the liveness probe kill, or the operator act; nothing can be shown"
    )


def _is_acted_upon(stage: Stage, template: str) -> bool:
    """Whether the operator changes the workload soon: a kill or two may tell it too little."""
    with suppress(DemoError):
        return stage.until(
            lambda now: now.template not in (None, template) or None,
            what="the operator's patch",
            seconds=_SECONDS_TO_ACT,
        )
    return False
