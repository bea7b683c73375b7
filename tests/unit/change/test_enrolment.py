"""What is promised of enrolment and of the policies that speak for a workload."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.change import blocked
from probetuner.change.enrolment import Enrolment, PolicyObject, enrol, parse_policy_object
from probetuner.model.mode import Mode, ModeSource
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadKind, WorkloadRef

UID = "u-web"

words = st.none() | st.sampled_from([*Mode, "off", "", "aply"])
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def test_without_a_word_from_anybody_nothing_is_served() -> None:
    """The default of the default is Off, and nothing is made for it."""
    assert _enrol() == Enrolment(mode=_enrol().mode, enrolled=False, in_force=None)


@pytest.mark.parametrize(
    ("workload", "namespace", "default", "expected"),
    [
        ("Observe", "Apply", Mode.RECOMMEND, (Mode.OBSERVE, ModeSource.WORKLOAD)),
        ("Off", "Apply", Mode.RECOMMEND, (Mode.OFF, ModeSource.WORKLOAD)),
        (None, "Apply", Mode.RECOMMEND, (Mode.APPLY, ModeSource.NAMESPACE)),
        (None, None, Mode.RECOMMEND, (Mode.RECOMMEND, ModeSource.DEFAULT)),
    ],
)
def test_the_workload_wins_over_its_namespace_and_that_over_the_default(
    workload: str | None, namespace: str | None, default: Mode, expected: tuple[Mode, ModeSource]
) -> None:
    """The closest word counts, also when it is Off."""
    found = enrol(uid=UID, workload_mode=workload, namespace_mode=namespace, default=default, policies=[])

    assert (found.mode.mode, found.mode.source) == expected
    assert found.enrolled == (expected[0] is not Mode.OFF)


@pytest.mark.parametrize("word", ["true", 1, None, {}])
def test_an_override_that_is_no_flag_is_told_of(word: object) -> None:
    """What was not meant as yes or no is Off, with a sentence."""
    found = _enrol(_policy("mine", mode="Apply", overrideOff=word))

    assert found.mode.mode is Mode.OFF
    assert found.mode.problem is not None
    assert "spec.overrideOff" in found.mode.problem


def test_a_users_policy_is_shown_even_when_it_says_off() -> None:
    """Who wrote a policy sees in it that the workload is off; nothing of theirs is deleted."""
    mine = _policy("mine", mode="Off")

    found = _enrol(mine, workload_mode="Apply")

    assert found.enrolled
    assert (found.mode.mode, found.in_force, found.surplus) == (Mode.OFF, mine, ())


def test_the_operators_policy_goes_when_the_user_writes_one() -> None:
    """The user's is in force, whichever was there first."""
    ours, mine = _policy("deployment-web", ours=True, created_at="2026-01-01"), _policy("mine", created_at="2026-02-02")

    found = _enrol(ours, mine, workload_mode="Apply")

    assert (found.in_force, found.surplus, found.duplicates) == (mine, (ours,), ())


def test_a_mode_set_in_the_operators_policy_makes_it_the_users() -> None:
    """Who edits the operator's policy has spoken; it is not deleted over their head."""
    edited = _policy("deployment-web", ours=True, mode="Off")

    found = _enrol(edited, workload_mode="Apply")

    assert (found.in_force, found.surplus, found.mode.mode) == (edited, (), Mode.OFF)


def test_what_the_operator_made_goes_with_the_enrolment() -> None:
    """Without an annotation the operator's own policy speaks for nobody."""
    ours = _policy("deployment-web", ours=True)

    assert _enrol(ours) == replace(_enrol(), surplus=(ours,))


def test_a_policy_of_a_workload_that_is_gone_does_not_speak_for_its_namesake() -> None:
    """What was made for the deleted one is surplus, whatever a person wrote into it; a user's own policy stays."""
    left, edited = (_policy("deployment-web", ours=True, owner="u-gone", mode=mode) for mode in (None, "Apply"))
    mine = _policy("mine", owner="u-something", mode="Observe")

    for orphan in (left, edited):
        found = _enrol(orphan, workload_mode="Recommend")
        assert (found.in_force, found.surplus, found.mode.mode) == (None, (orphan,), Mode.RECOMMEND)
    assert _enrol(mine).in_force == mine
    own = _policy("deployment-web", ours=True, owner=UID)
    assert _enrol(own, workload_mode="Apply").in_force == own


def test_the_older_of_two_policies_is_in_force_and_then_the_first_by_name() -> None:
    """The order does not depend on the order in which they are listed."""
    old, young = _policy("z", created_at="2026-01-01"), _policy("a", created_at="2026-02-02")
    twin = _policy("b", created_at="2026-02-02")

    for listed in ([old, young, twin], [twin, young, old]):
        found = _enrol(*listed)
        assert (found.in_force, found.duplicates) == (old, (young, twin))


def test_a_policy_that_cannot_be_read_is_off_and_says_why() -> None:
    """It never means more than the user meant, whatever the annotations say."""
    broken = _policy("mine", mode="Apply", allow=["Everything"])

    found = _enrol(broken, workload_mode="Apply")

    assert (found.mode.mode, found.enrolled) == (Mode.OFF, True)
    assert found.mode.problem is not None
    assert "spec.allow is ['Everything']; allowed are Thresholds" in found.mode.problem


@given(words, words, st.sampled_from(Mode), st.lists(st.tuples(words, st.booleans()), max_size=3))
def test_every_policy_is_accounted_for(
    workload: str | None, namespace: str | None, default: Mode, policies: list[tuple[str | None, bool]]
) -> None:
    """Each is in force, a duplicate or surplus, and only one of these; what is in force means enrolment."""
    made = [_policy(f"p{n}", mode=mode, ours=ours) for n, (mode, ours) in enumerate(policies)]

    found = enrol(uid=UID, workload_mode=workload, namespace_mode=namespace, default=default, policies=made)

    accounted = [*([found.in_force] if found.in_force else []), *found.duplicates, *found.surplus]
    assert sorted(policy.name for policy in accounted) == sorted(policy.name for policy in made)
    assert found.enrolled or found.in_force is None
    assert not any(policy.is_users for policy in found.surplus)


@given(json)
def test_any_json_is_a_policy_or_a_clear_problem(raw: object) -> None:
    """Nothing that stands in a spec raises anything but InvalidObjectError."""
    parse_policy_object({"metadata": {"name": "n", "namespace": "s"}, "spec": raw, "status": {}})
    try:
        parse_policy_object({"metadata": {"name": "n", "namespace": "s", "labels": raw}, "status": raw})
    except InvalidObjectError as problem:
        assert "is not an object" in str(problem)  # noqa: PT017 - most JSON is no policy, some is


def test_a_policy_without_workload_says_what_to_do() -> None:
    """The status names the missing workload and the next step, and keeps its time while nothing changes."""
    policy = _policy("mine")
    assert policy.target is not None

    first = blocked.target_not_found(policy, policy.target, now=0.0)
    again = blocked.target_not_found(replace(policy, status=first), policy.target, now=999.0)

    assert first == again
    assert (first["phase"], first["target"]) == ("Blocked", "Deployment/web")
    assert first["conditions"][0]["message"].startswith("There is no Deployment web in namespace shop. Create it, or")


def test_a_duplicate_names_the_policy_in_force() -> None:
    """The younger policy says whom it stands behind and what to do."""
    status = blocked.duplicate(_policy("second"), in_force=_policy("first"), now=0.0)

    conflict = next(condition for condition in status["conditions"] if condition["type"] == "Conflict")
    assert (conflict["status"], conflict["reason"]) == ("True", "DuplicatePolicy")
    assert "ProbePolicy first is older and in force" in conflict["message"]


def _enrol(*policies: PolicyObject, workload_mode: str | None = None) -> Enrolment:
    return enrol(uid=UID, workload_mode=workload_mode, namespace_mode=None, default=Mode.OFF, policies=policies)


def _policy(
    name: str,
    *,
    mode: str | None = None,
    ours: bool = False,
    owner: str | None = None,
    created_at: str = "2026-01-01",
    **spec: Any,
) -> PolicyObject:
    labels = {"app.kubernetes.io/managed-by": "probetuner"} if ours else {}
    metadata = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": created_at, "labels": labels}
    owners = {} if owner is None else {"ownerReferences": [{"kind": "Deployment", "name": "web", "uid": owner}]}
    mode_of = {} if mode is None else {"mode": mode}
    target = {"targetRef": {"kind": "Deployment", "name": "web"}}
    return parse_policy_object({"metadata": metadata | owners, "spec": {**target, **mode_of, **spec}})


def test_the_target_of_a_policy_is_in_its_namespace() -> None:
    """A policy cannot speak for a workload elsewhere."""
    assert _policy("mine").target == WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
