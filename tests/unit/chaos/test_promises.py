"""Whether the fault suite would notice: each broken promise is told, and a kept one is not."""

import json
from typing import Any

import pytest

from chaos.memory import Memory
from chaos.promises import broken
from probetuner.history import codec
from probetuner.history.record import WorkloadHistory
from support.facts import T0, exited, remember, started

OLD, NEW = (120, 16), (2, 2)
"""The initial delays of liveness and readiness before and after a change."""


def _patch(delays: tuple[int, int]) -> dict[str, Any]:
    live, ready = ({"initialDelaySeconds": delay} for delay in delays)
    containers = [{"name": "web", "livenessProbe": live, "readinessProbe": ready}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def _owner(name: str, delays: tuple[int, int], *, generation: int = 1) -> dict[str, Any]:
    return {"metadata": {"name": name, "generation": generation}, **_patch(delays)}


def _policy(*ends: str, name: str = "r1") -> dict[str, Any]:
    """A policy whose log has a change for each word, newest first, that says what became of it."""
    change = {"id": name, "patch": json.dumps(_patch(NEW)), "undo": json.dumps(_patch(OLD)), "appliedAt": "t"}
    times = {"undone": {"undoneAt": "t"}, "put back": {"revertedAt": "t"}, "stays": {}}
    return {"status": {"history": [{**change, **times[end]} for end in ends]}}


def test_what_was_applied_and_undone_in_order_is_no_offence() -> None:
    """Neither a rollback, nor a change that stays, nor one that somebody else put back and that was tried again."""
    sets = [_owner("a", OLD), _owner("b", NEW)]

    assert not list(broken(_owner("web", OLD, generation=3), sets, _policy("undone"), put_back=0))
    assert not list(broken(_owner("web", NEW, generation=2), sets, _policy("stays"), put_back=0))
    assert not list(broken(_owner("web", OLD, generation=5), sets, _policy("put back", "put back"), put_back=2))


@pytest.mark.parametrize("at", ["deployment", "replica set"])
def test_half_a_patch_is_told(at: str) -> None:
    """Also when only a template of the past has it."""
    half = (120, 2)
    deployment = _owner("web", half if at == "deployment" else OLD, generation=3)
    sets = [_owner("a", OLD), _owner("b", half if at == "replica set" else NEW)]

    told = list(broken(deployment, sets, _policy("undone"), put_back=0))

    assert any(problem.startswith("half patched") for problem in told)


def test_a_second_patch_for_one_recommendation_is_told() -> None:
    """Whether the log shows it or only the number of changes of the spec does."""
    sets = [_owner("a", OLD), _owner("b", NEW)]

    shown = list(broken(_owner("web", OLD, generation=5), sets, _policy("undone", "undone"), put_back=0))
    hidden = list(broken(_owner("web", OLD, generation=5), sets, _policy("undone"), put_back=0))

    assert shown == ["recommendation r1 was applied 2 times and put back by others 0 times"]
    assert hidden == ["the spec changed 4 times, and 1 changes, 1 undos, 0 of others make 2"]


def test_a_log_that_does_not_say_how_it_is_is_told() -> None:
    """A rollback that did not stick, and a change that is not there."""
    sets = [_owner("a", OLD), _owner("b", NEW)]

    for delays, generation, end in ((NEW, 3, "undone"), (OLD, 2, "stays")):
        told = list(broken(_owner("web", delays, generation=generation), sets, _policy(end), put_back=0))
        assert len(told) == 1
        assert told[0].startswith("the log says")


def test_what_is_gone_from_memory_is_told_once() -> None:
    """A history or a log that is gone or has lost something, of a workload that lives."""
    memory, whole = Memory(), remember([started(0.0), exited(5.0), started(6.0, restarts=1)])
    less = remember([started(6.0, restarts=1)])
    full, shorter = _history(whole), _history(less)
    log = {"metadata": _metadata(), **_policy("undone")}
    log["status"]["history"][0]["decidedAt"] = "t"
    empty = {"metadata": _metadata(), "status": {"history": []}}

    assert not list(memory.look(["u"], [full], [log]))
    assert [problem[:26] for problem in memory.look(["u"], [shorter], [log])] == ["history of u has lost [('w"]
    assert [problem[:20] for problem in memory.look(["u"], [], [log])] == ["history of u is gone"]
    assert list(memory.look(["u"], [full], [empty])) == ["log of changes of u has lost ['r1 of t']"]
    assert not list(memory.look([], [], []))


def _metadata() -> dict[str, Any]:
    return {"ownerReferences": [{"uid": "u"}]}


def _history(history: WorkloadHistory) -> dict[str, Any]:
    return {"metadata": _metadata(), "data": {"version": codec.VERSION, "state": codec.encode(history), "at": T0}}
