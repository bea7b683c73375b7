"""Cures for zombies: the one that the policy names, where it works and does no harm; else what would, and why."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from probetuner.change.patch import patch_of, undo_of
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.facts.fact import EndpointTried, FailureCause, ProcessesCounted
from probetuner.facts.inspection import Inspection
from probetuner.history.record import WorkloadHistory
from probetuner.model.candidate import Candidate, parse_candidates
from probetuner.model.policy import Allowance, ContainerMode, ContainerRules, Policy, Reaper, ReaperStrategy
from probetuner.model.workload import Workload, parse_workload
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Action, Recommendation
from support.facts import CONTAINER, T0, pod, remember, started
from support.trials import tried
from support.workloads import Json, container, deployment

OUTLIVING = ["sh", "-c", "redis-cli ping; sleep 3 & exit 0"]
WITHIN = ["sh", "-c", "(redis-cli info > /tmp/i &); sleep 1; redis-cli ping"]
SCRIPT = ["/opt/check.sh"]
COMMAND = ["redis-server", "--save", ""]


def exec_probe(command: Sequence[str]) -> Json:
    return {"exec": {"command": list(command)}, "periodSeconds": 4}


def redis(
    *, probe: Sequence[str] = OUTLIVING, command: Sequence[str] = COMMAND, others: Sequence[Json] = (), **spec: Any
) -> Workload:
    """A Redis whose liveness probe runs that command; `spec` are further fields of its pod."""
    leaking = container(livenessProbe=exec_probe(probe)) | ({"command": list(command)} if command else {})
    raw = deployment(leaking, *others, replicas=1)
    raw["spec"]["template"]["spec"] |= spec
    return parse_workload(raw)


def leaking() -> WorkloadHistory:
    """Five minutes in which each run left one zombie."""
    facts = [
        ProcessesCounted(at=T0 + at, pod=pod(), container=CONTAINER, processes=1, threads=4 + at // 4)
        for at in range(5, 300, 12)
    ]
    return remember([started(0), *facts])


def advise(
    workload: Workload,
    strategy: ReaperStrategy = ReaperStrategy.SHARE_PROCESS_NAMESPACE,
    *,
    allow: frozenset[Allowance] = frozenset(Allowance),
    inspections: Sequence[Inspection] = (),
    candidates: tuple[Candidate, ...] = (),
    trial: Sequence[EndpointTried] = (),
) -> Recommendation:
    """What is recommended under that strategy, when these attempts were made at the user's candidates."""
    policy = Policy(allow=allow, reaper=Reaper(strategy=strategy), candidates=candidates)
    judged = cases(workload, remember(trial, leaking()), inspections=inspections)
    found = diagnose(judged)
    assert "zombies" in {finding.name for finding in found}
    advice = recommend(judged, found, policy)
    assert advice is not None
    return advice


def only_action(advice: Recommendation) -> Action:
    (action,) = advice.actions
    return action


def pod_of(patch: Json | None) -> Json:
    assert patch is not None
    inner: Json = patch["spec"]["template"]["spec"]
    return inner


def test_sharing_is_the_cure_unless_the_policy_says_otherwise() -> None:
    """One field of the pod is patched, and null takes it away again where it was not set."""
    workload = redis()
    advice = advise(workload)

    assert only_action(advice).name == "share-process-namespace"
    assert pod_of(patch_of(workload, advice)) == {"shareProcessNamespace": True}
    assert pod_of(undo_of(workload, advice)) == {"shareProcessNamespace": None}
    assert pod_of(undo_of(redis(shareProcessNamespace=False), advise(redis(shareProcessNamespace=False)))) == {
        "shareProcessNamespace": False
    }


def test_nothing_is_patched_without_leave() -> None:
    """Without Reaper in allow the cure is shown as withheld, and there is no patch."""
    advice = advise(redis(), allow=Policy().allow)

    assert advice.actions == ()
    assert [action.name for action in advice.withheld] == ["share-process-namespace"]
    assert patch_of(redis(), advice) is None


@pytest.mark.parametrize(
    ("workload", "word"),
    [
        (redis(hostPID=True), "hostPID"),
        (redis(os={"name": "windows"}), "Windows"),
        (redis(nodeSelector={"kubernetes.io/os": "windows"}), "Windows"),
        (redis(others=[{**container("s6"), "command": ["/usr/lib/systemd/systemd"]}]), "systemd"),
        (redis(command=["sh", "-c", "exec redis-server > /proc/1/fd/1"]), "process 1"),
        (
            redis(others=[{**container("b"), "lifecycle": {"preStop": {"exec": {"command": ["kill", "1"]}}}}]),
            "container b",
        ),
        (redis(others=[{**container("b"), "command": ["sh"], "args": ["-c", "sleep 9; kill -TERM 1"]}]), "container b"),
    ],
    ids=["hostPID", "os", "node selector", "systemd", "its output", "a hook", "a neighbour"],
)
def test_sharing_is_not_patched_where_it_would_do_harm(workload: Workload, word: str) -> None:
    """What is known to need process 1 for itself, or to address it by number, is named, and nothing is patched."""
    advice = advise(workload)

    assert only_action(advice).name == "fix-handler"
    assert word in only_action(advice).reason
    assert patch_of(workload, advice) is None


def test_a_neighbour_that_is_left_out_does_not_share() -> None:
    """What spec.containers leaves out is not drawn into one process namespace with the rest."""
    workload = redis(others=[container("metrics")])
    rules = ContainerRules(modes={"metrics": ContainerMode.OFF})
    judged = cases(workload, leaking())
    advice = recommend(judged, diagnose(judged), Policy(allow=frozenset(Allowance), containers=rules))

    assert advice is not None
    assert "leaves metrics out" in only_action(advice).reason
    assert advice.changes_nothing


def test_who_shares_with_whom_is_said() -> None:
    """Neighbours in the pod see each other's processes then: that is told with their names."""
    reason = only_action(advise(redis(others=[container("metrics")]))).reason

    assert "metrics" in reason
    assert "SIGTERM" in reason


def test_tini_becomes_process_1_where_the_policy_says_that_it_is_there() -> None:
    """The container's own command is kept behind tini, and put back as it was."""
    workload = redis()
    advice = advise(workload, ReaperStrategy.TINI_INIT)

    assert only_action(advice).name == "tini-as-init"
    assert pod_of(patch_of(workload, advice))["containers"] == [
        {"name": CONTAINER, "command": ["tini", "--", *COMMAND]}
    ]
    assert pod_of(undo_of(workload, advice))["containers"] == [{"name": CONTAINER, "command": COMMAND}]


def test_a_command_that_only_the_image_knows_is_not_guessed() -> None:
    """Without a command in the template there is nothing to put tini before."""
    advice = advise(redis(command=()), ReaperStrategy.TINI_INIT)

    assert only_action(advice).name == "tini-as-init"
    assert only_action(advice).needs is None
    assert "ENTRYPOINT" in only_action(advice).reason
    assert advice.changes_nothing


@pytest.mark.parametrize("probe", [OUTLIVING, ["sh", "-c", "sleep 4; redis-cli ping"]], ids=["outlives", "timeout"])
def test_a_wrapper_that_cannot_work_is_refused_and_a_cure_named(probe: Sequence[str]) -> None:
    """How the probe leaks tells that `tini -s` would be gone by then: it is not tried, and the reason is given."""
    advice = advise(redis(probe=probe), ReaperStrategy.TINI_WRAPPER)

    assert only_action(advice).name == "share-process-namespace"
    assert "TiniWrapper, which does not" in only_action(advice).reason
    assert "TiniInit" in only_action(advice).reason
    assert advice.changes_nothing


@pytest.mark.parametrize("probe", [WITHIN, SCRIPT], ids=["within", "not known"])
def test_a_wrapper_that_may_work_is_put_around_the_probe(probe: Sequence[str]) -> None:
    """Orphans that end while the probe runs have the wrapper for a parent; of a script nobody knows beforehand."""
    workload = redis(probe=probe)
    advice = advise(workload, ReaperStrategy.TINI_WRAPPER)

    assert only_action(advice).name == "tini-wrapper"
    assert pod_of(patch_of(workload, advice))["containers"] == [
        {"name": CONTAINER, "livenessProbe": {"exec": {"command": ["tini", "-s", "--", *probe]}}}
    ]
    assert pod_of(undo_of(workload, advice))["containers"] == [
        {"name": CONTAINER, "livenessProbe": {"exec": {"command": list(probe)}}}
    ]


def test_off_leaves_it_to_a_person() -> None:
    """With strategy Off nothing is patched; what to do about the probe itself is said."""
    advice = advise(redis(), ReaperStrategy.OFF)

    assert only_action(advice).name == "fix-handler"
    assert "exec" in only_action(advice).reason
    assert advice.changes_nothing


def test_what_a_look_into_the_container_showed_is_used() -> None:
    """Where sharing is forbidden and tini was seen in the image, tini as process 1 is the cure."""
    seen = Inspection(
        pod="redis-0",
        container=CONTAINER,
        processes=80,
        zombies=74,
        adopted=74,
        first="redis-server",
        tini="/usr/bin/tini",
    )
    action = only_action(advise(redis(hostPID=True), inspections=[seen]))
    judged = cases(redis(), leaking(), inspections=[seen])
    (found,) = [finding for finding in diagnose(judged) if finding.name == "zombies"]

    assert action.name == "tini-as-init"
    assert "/usr/bin/tini" in action.reason
    assert "74 of 80 processes are zombies" in " ".join(found.evidence)
    assert found.confidence > 0.95


def test_threads_that_a_look_shows_to_be_threads_are_no_zombies() -> None:
    """Tasks that keep step with the probe by chance are cleared by a look that finds no zombie."""
    seen = Inspection(pod="redis-0", container=CONTAINER, processes=1, zombies=0, adopted=0, first="redis-server")

    found = diagnose(cases(redis(), leaking(), inspections=[seen]))

    assert "zombies" not in {finding.name for finding in found}


def test_the_same_advice_has_the_same_id_and_another_cure_another_one() -> None:
    """An approval is for exactly one cure."""
    shared, again = advise(redis()), advise(redis())
    initiated = advise(redis(), ReaperStrategy.TINI_INIT)

    assert shared.id == again.id
    assert shared.id != initiated.id
    assert replace(shared, id="x").changed_containers == (CONTAINER,)


OFFERED = parse_candidates({"candidates": [{"httpGet": {"path": "/healthz", "port": 9121}}]}, "spec")


ASKED = "httpGet :9121/healthz"


def attempts(*, failed: bool = False) -> list[EndpointTried]:
    cause = FailureCause.REFUSED if failed else None
    return [tried(at, ASKED, cause=cause, of=pod()) for at in range(300, 1500, 10)]


def test_a_handler_without_a_command_comes_first_where_the_users_own_was_tried() -> None:
    """It replaces the command, which is nulled in the same patch, and nobody needs to reap."""
    workload = redis()
    advice = advise(workload, candidates=OFFERED, trial=attempts())

    assert only_action(advice).name == "fix-handler"
    assert ASKED in only_action(advice).reason
    (patched,) = pod_of(patch_of(workload, advice))["containers"]
    assert patched["livenessProbe"] == {
        "exec": None,
        "httpGet": {"path": "/healthz", "port": 9121},
    }


@pytest.mark.parametrize(
    ("candidates", "trial", "allow"),
    [
        (OFFERED, [], frozenset(Allowance)),
        (OFFERED, attempts(failed=True), frozenset(Allowance)),
        ((), attempts(), frozenset(Allowance)),
        (OFFERED, attempts(), frozenset(Allowance) - {Allowance.TYPES}),
    ],
    ids=["untried", "refused", "not offered", "not allowed"],
)
def test_a_command_stays_where_nothing_may_take_over(
    candidates: tuple[Candidate, ...], trial: Sequence[EndpointTried], allow: frozenset[Allowance]
) -> None:
    """An endpoint that was not tried, does not work, was not offered or is not allowed replaces nothing."""
    advice = advise(redis(), candidates=candidates, trial=trial, allow=allow)

    assert only_action(advice).name == "share-process-namespace"
