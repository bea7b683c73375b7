"""The bounds of a load."""

from typing import Any

import msgspec
import pytest

from probetuner.loadtest.plan import MOST_CONCURRENCY, MOST_REQUESTS, MOST_SECONDS, Plan, PlanError

WITHIN: dict[str, Any] = {"urls": ("http://10.0.0.1:80/",), "concurrency": (1, 10), "requests": 100, "seconds": 60}


@pytest.mark.parametrize(
    "beyond",
    [
        {"urls": ()},
        {"concurrency": ()},
        {"concurrency": (0,)},
        {"concurrency": (MOST_CONCURRENCY + 1,)},
        {"concurrency": tuple(range(1, 22)), "seconds": 1},
        {"concurrency": (10, 5)},
        {"concurrency": (5, 5)},
        {"requests": 0},
        {"requests": MOST_REQUESTS // 2 + 1},
        {"seconds": 0},
        {"seconds": MOST_SECONDS // 2 + 1},
        {"timeout_seconds": 0.0},
        {"timeout_seconds": 61.0},
        {"timeout_seconds": float("nan")},
        {"abort_error_share": -0.1},
        {"abort_error_share": 1.1},
        {"abort_error_share": float("nan")},
    ],
)
def test_nothing_is_sent_beyond_the_bounds(beyond: dict[str, Any]) -> None:
    """A plan out of any bound cannot be made, neither by the command nor from what the Job's pod is told."""
    with pytest.raises(PlanError):
        Plan(**{**WITHIN, **beyond})
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(msgspec.json.encode({**WITHIN, **beyond}), type=Plan)


def test_a_plan_survives_its_way_into_the_pod() -> None:
    """What the Job's pod is told is what was planned."""
    plan = Plan(**WITHIN)

    assert plan == msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    assert (plan.most_requests, plan.most_seconds) == (200, 120)
