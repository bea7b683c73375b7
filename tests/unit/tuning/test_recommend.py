"""One recommendation for all containers of a workload, sidecars too, and none for what is not understood."""

import copy
from typing import Any

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.model.policy import Policy, Range
from probetuner.model.probe import ProbeType
from probetuner.model.workload import parse_workload
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Recommendation
from support.facts import CONTAINER, remember
from support.stories import killed_under_load, quiet, slow_starters
from support.workloads import LIVENESS, Json, container, deployment


def advice(raw: Json, facts: Any, policy: Policy | None = None) -> Recommendation | None:
    """What is recommended for that workload after these facts about its container `web`."""
    known = cases(parse_workload(raw), remember(facts))
    return recommend(known, diagnose(known), policy or Policy())


def test_only_the_container_in_trouble_changes() -> None:
    """The probes of a neighbour that nothing is known of stay as they are, in the same recommendation."""
    raw = deployment(container(livenessProbe=LIVENESS), container("helper", livenessProbe=LIVENESS))
    found = advice(raw, killed_under_load())

    assert found is not None
    assert {action.container for action in found.actions} == {CONTAINER}
    assert found.target["helper"] == found.current["helper"]
    assert found.target[CONTAINER] != found.current[CONTAINER]


def test_a_sidecar_is_advised_like_any_container() -> None:
    """A sidecar that is killed while it starts gets its startup probe; a plain init container is none of ours."""
    raw = deployment(container("main"))
    sidecar = {**container(livenessProbe=LIVENESS), "restartPolicy": "Always"}
    raw["spec"]["template"]["spec"]["initContainers"] = [sidecar, container("migrate")]
    found = advice(raw, slow_starters())

    assert found is not None
    assert [action.name for action in found.actions] == ["add-startup-probe"]
    assert found.target[CONTAINER].startup is not None
    assert "migrate" not in found.target


def test_a_handler_of_a_type_that_is_not_known_is_kept_as_it_is_written() -> None:
    """What this version cannot read is neither moved to another probe nor taken away."""
    unknown = {"quicGet": {"port": 443}, "periodSeconds": 10}
    for facts in (killed_under_load(), slow_starters()):
        found = advice(deployment(container(livenessProbe=unknown)), facts)
        assert found is not None
        assert found.target[CONTAINER] == found.current[CONTAINER]
        assert [action.needs for action in found.actions] == [None]


def test_a_copied_probe_brings_the_fields_that_are_not_known() -> None:
    """A probe made from another has its handler's unknown fields, for the patch to copy."""
    liveness = copy.deepcopy(LIVENESS)
    liveness["httpGet"] = {**liveness["httpGet"], "protocol": "H2C"}
    found = advice(deployment(container(livenessProbe=liveness)), slow_starters())

    assert found is not None
    startup = found.target[CONTAINER].startup
    assert startup is not None
    assert startup.written["httpGet"]["protocol"] == "H2C"


def test_what_would_be_recommended_without_bounds_is_told_beside_it() -> None:
    """It is what another policy without them would be told, not what its bounds left and cut again."""
    both = deployment(container(livenessProbe=LIVENESS, readinessProbe=LIVENESS))
    narrow = Policy(bounds={(ProbeType.READINESS, "timeout_seconds"): Range(most=4)})
    free, found = advice(both, killed_under_load()), advice(both, killed_under_load(), narrow)

    assert free is not None
    assert found is not None
    assert found.uncapped == free.target == free.uncapped
    assert found.target != found.uncapped
    target = found.target[CONTAINER].readiness
    assert target is not None
    assert target.timeout_seconds == 4


def test_nothing_to_do_is_no_recommendation() -> None:
    """Quiet containers get none, not an empty one."""
    assert advice(deployment(), quiet()) is None


def test_the_summary_names_each_action_once() -> None:
    """The line that `kubectl get` shows has every action, in order and once."""
    found = advice(deployment(), killed_under_load())

    assert found is not None
    assert found.summary == "replace-liveness-with-readiness"
