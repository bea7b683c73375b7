"""The second story: a service that needs longer to start than its liveness probe waits, killed for ever."""

from demo.change import sides, wait_for_change, wait_for_verdict
from demo.outcome import StartOutcome
from demo.stage import Stage
from demo.workloads import documents

WORKLOAD = "catalog"


def play(stage: Stage) -> StartOutcome:
    """Let the service be killed until the operator gives it a startup probe, and wait until it is up and judged.

    Raises DemoError when the story does not get that far.
    """
    old = stage.set_up(documents(WORKLOAD, stage.cluster))
    old_probes = stage.look().probes
    ready = wait_for_change(stage, old=old)
    change = wait_for_verdict(stage)
    before, after = sides(stage, change, old=old, old_probes=old_probes)
    return StartOutcome(
        before=before,
        after=after,
        needed_seconds=_needed_seconds(stage),
        longest_life_seconds=stage.tally.longest_life_seconds.get(old),
        ready_after_seconds=max(pod.ready_after_seconds or 0.0 for pod in ready.pods),
        verdict=change["verdict"],
        reason=change.get("reason", ""),
    )


def _needed_seconds(stage: Stage) -> float:
    """How long the start takes, which the manifest gives to the program as its argument."""
    found = stage.cluster.get(f"deployment/{stage.workload}", f"--namespace={stage.namespace}")
    return float(found["spec"]["template"]["spec"]["containers"][0]["command"][-1])
