"""From an annotation to a verified cure, and what must be left alone, on a real kubelet."""

import pytest

from demo.observation import Observation
from demo.outcome import shortcomings
from e2e.play import Play, Untouched

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_SECONDS_TO_FIND = 300


def test_a_service_under_load_is_cured(play: Play) -> None:
    """A busy service that its liveness probe kills bears the same load after the operator's change, and it is kept."""
    outcome = play.pressure.result()

    assert shortcomings(outcome) == [], f"its probes are now {outcome.after.probes}: {outcome.reason}"


def test_a_slow_start_is_cured(play: Play) -> None:
    """A service that is killed before it listens gets a startup probe, and comes up without another kill."""
    outcome = play.start.result()

    assert shortcomings(outcome) == []
    assert "startupProbe" in outcome.after.probes
    assert outcome.ready_after_seconds >= outcome.needed_seconds


@pytest.mark.parametrize(("name", "finding"), [("crash", "crash"), ("oom", "oom-killed")])
def test_an_application_that_ends_by_itself_is_left_alone(play: Play, name: str, finding: str) -> None:
    """A crash is found and named, and no probe is changed for it although the mode is Apply."""
    workload = play.untouched[name]

    seen = _when_found(workload, finding)

    assert seen.policy is not None
    assert seen.policy.changes == ()
    assert seen.policy.patch == ""
    _assert_unchanged(workload)


def test_observe_only_finds(play: Play) -> None:
    """In mode Observe there is a finding, no recommendation, and no change."""
    workload = play.untouched["Observe"]

    seen = _when_found(workload, "liveness-kill-during-startup")

    assert seen.policy is not None
    assert seen.policy.patch == ""
    _assert_unchanged(workload)


def test_recommend_shows_a_patch_that_the_server_takes(play: Play) -> None:
    """In mode Recommend the patch stands in the status, as kubectl takes it, and the workload is as it was."""
    workload = play.untouched["Recommend"]

    patch = workload.stage.until(
        lambda now: now.policy.patch or None if now.policy else None,
        what="a recommended patch",
        seconds=_SECONDS_TO_FIND,
    )

    where = (f"deployment/{workload.stage.workload}", f"--namespace={workload.stage.namespace}")
    said = workload.stage.cluster.kubectl("patch", *where, "--dry-run=server", f"--patch={patch}")
    assert "no change" not in said
    _assert_unchanged(workload)


def test_off_is_not_even_watched(play: Play) -> None:
    """In mode Off there is no ProbePolicy, long after the same workload in mode Observe was found ill."""
    _when_found(play.untouched["Observe"], "liveness-kill-during-startup")
    workload = play.untouched["Off"]

    assert workload.stage.look().policy is None
    _assert_unchanged(workload)


def _when_found(workload: Untouched, finding: str) -> Observation:
    return workload.stage.until(
        lambda now: now if now.policy and now.policy.finding == finding else None,
        what=f"the finding {finding}",
        seconds=_SECONDS_TO_FIND,
    )


def _assert_unchanged(workload: Untouched) -> None:
    now, made = workload.deployment(), workload.made
    assert now["spec"] == made["spec"]
    assert now["metadata"]["generation"] == made["metadata"]["generation"]
    assert now["metadata"].get("finalizers") is None
    assert "probetuner" not in [fields["manager"] for fields in now["metadata"]["managedFields"]]
