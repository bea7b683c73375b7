"""What is promised of the picture of who is served."""

from dataclasses import replace
from typing import Any

from probetuner.change.enrolment import PolicyObject, parse_policy_object
from probetuner.controller.pace import Pace
from probetuner.controller.view import Census, Known, NamespaceWords, View
from probetuner.model.mode import Mode
from probetuner.model.pausing import PausedBy
from probetuner.model.workload import WorkloadKind, WorkloadRef

WEB = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
DB = WorkloadRef(kind=WorkloadKind.STATEFUL_SET, namespace="shop", name="db")


def test_what_concerns_nobody_asks_for_no_look() -> None:
    """A workload's status changes all the time; only its uid and its annotation matter to enrolment."""
    view = View(default_mode=Mode.OFF)

    assert view.see_workload(WEB, _object("web", version="1")) == [WEB]
    assert view.see_workload(WEB, _object("web", version="2")) == []
    assert view.see_workload(WEB, _object("web", version="3", mode="Observe")) == [WEB]
    assert view.see_workload(WEB, _object("web", version="3", mode="Observe"), gone=True) == [WEB]


def test_a_namespaces_word_asks_for_a_look_at_what_is_in_it() -> None:
    """The annotation of a Namespace concerns its workloads, and only when it changes."""
    view = View(default_mode=Mode.OFF)
    view.see_workload(WEB, _object("web"))
    view.see_namespace(_object("shop"))

    assert view.see_namespace(_object("shop", version="2")) == []
    assert view.see_namespace(_object("shop", mode="Observe")) == [WEB]
    enrolment = view.enrolment(WEB)
    assert enrolment is not None
    assert enrolment.mode.mode is Mode.OBSERVE


def test_a_paused_namespace_asks_for_a_look_and_holds_up_its_own() -> None:
    """Whoever is in it learns of it at once, also where no mode of a Namespace holds."""
    view = View(default_mode=Mode.OFF, excluded_namespaces=frozenset({"shop"}))
    pace = Pace(view, limit=1, clock=lambda: 0.0)
    view.see_workload(WEB, _object("web"))
    view.see_namespace(_object("shop"))
    assert pace.traffic(WEB).paused is None

    assert view.see_namespace(_object("shop", paused="true")) == [WEB]
    assert pace.traffic(WEB).paused is PausedBy.NAMESPACE
    assert pace.traffic(replace(WEB, namespace="other")).paused is None
    assert view.see_namespace(_object("shop", paused="false")) == [WEB]
    assert pace.traffic(WEB).paused is None


def test_the_echo_of_a_write_asks_for_no_look() -> None:
    """The watch gives back the very version that a write returned; nothing is new in it."""
    view = View(default_mode=Mode.OFF)
    view.see_policy(_policy(version="1"))
    view.see_policy(_policy(version="2"))

    assert view.see_policy(_policy(version="2")) == []
    assert view.see_policy(_policy(version="3")) == [WEB, WEB]


def test_a_census_forgets_what_was_deleted_unseen() -> None:
    """What a full list no longer has is gone, whether a watch told so or not."""
    view = View(default_mode=Mode.OFF)
    view.see_namespace(_object("shop"))
    view.see_workload(WEB, _object("web", mode="Observe"))
    view.see_workload(DB, _object("db"))
    view.see_policy(_policy())

    view.begin_census()
    touched = view.end_census(
        Census(namespaces={"shop": NamespaceWords()}, workloads={DB: Known(uid="u", mode=None)}, policies={})
    )

    assert view.enrolment(WEB) is None
    assert view.policies_of(WEB) == []
    assert touched == set()


def test_what_a_watch_tells_during_a_census_is_newer_than_it() -> None:
    """A list that was begun before an object was made does not make it vanish, nor one before it was deleted return."""
    view = View(default_mode=Mode.OFF)
    view.see_workload(DB, _object("db"))
    view.begin_census()
    view.see_workload(WEB, _object("web", mode="Observe"))
    view.see_workload(DB, _object("db"), gone=True)

    touched = view.end_census(Census(namespaces={}, workloads={DB: Known(uid="u", mode="Apply")}, policies={}))

    assert view.enrolment(WEB) is not None
    assert view.enrolment(DB) is None
    assert touched == {WEB}


def test_a_typing_error_does_not_cost_the_history() -> None:
    """Histories are kept of what is watched and of what is off by mistake; not of what is off by will."""
    view = View(default_mode=Mode.OFF)
    view.see_workload(WEB, _object("web", mode="Aply"))
    view.see_workload(DB, _object("db", mode="Off"))

    assert view.remembered() == {WEB}


def _object(name: str, *, version: str = "1", mode: str | None = None, paused: str | None = None) -> dict[str, Any]:
    said = {"probetuner.dev/mode": mode, "probetuner.dev/paused": paused}
    annotations = {name: word for name, word in said.items() if word is not None}
    return {"metadata": {"name": name, "uid": "u", "resourceVersion": version, "annotations": annotations}}


def _policy(*, version: str = "1") -> PolicyObject:
    metadata = {"name": "mine", "namespace": "shop", "uid": "p", "resourceVersion": version, "generation": 1}
    return parse_policy_object({"metadata": metadata, "spec": {"targetRef": {"kind": "Deployment", "name": "web"}}})


def test_the_view_knows_who_is_being_rolled_out() -> None:
    """A policy counts from the moment its status says so, until it no longer does, is gone, or a census misses it."""
    since = {"history": [{"appliedAt": "1970-01-01T00:16:40Z"}]}
    applying = replace(_policy(), status={"mode": "Apply", "phase": "Applying", **since}, resource_version="2")
    verifying = replace(applying, status={"mode": "Apply", "phase": "Verifying"}, resource_version="3")
    view = View(default_mode=Mode.OFF)
    ref = applying.target
    assert ref is not None

    view.see_policy(applying)
    assert view.rolling_out(1000.0) == {ref}
    pace = Pace(view, limit=3, clock=lambda: 1000.0)
    assert (pace.traffic(ref).elsewhere, pace.traffic(replace(ref, name="other")).elsewhere) == (0, 1)
    view.see_policy(verifying)
    assert view.rolling_out(1000.0) == set()
    view.see_policy(applying)
    view.see_policy(applying, gone=True)
    assert view.rolling_out(1000.0) == set()
    view.begin_census()
    view.end_census(Census(namespaces={}, workloads={}, policies={("shop", "mine"): applying}))
    assert view.rolling_out(1000.0) == {ref}


def test_a_rollout_counts_while_its_status_is_being_written() -> None:
    """Two looks at once must not both find room for the last rollout."""
    pace = Pace(View(default_mode=Mode.OFF), limit=1, clock=lambda: 1000.0)
    one, other = (WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name=name) for name in ("a", "b"))

    with pace.beginning(one):
        assert (pace.traffic(one).elsewhere, pace.traffic(other).elsewhere) == (0, 1)
    assert pace.traffic(other).elsewhere == 0
