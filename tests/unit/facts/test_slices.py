"""Whether anybody answers for a Service is read from all of its EndpointSlices."""

from typing import Any

import pytest

from probetuner.facts.slices import backed_services
from probetuner.model.problem import InvalidObjectError

READY, UNREADY, UNKNOWN = {"ready": True}, {"ready": False}, dict[str, bool]()


def one(service: str | None, *conditions: dict[str, bool], uid: str = "x") -> dict[str, Any]:
    endpoints = [{"conditions": condition, "targetRef": {"uid": uid}} for condition in conditions]
    labels = {} if service is None else {"kubernetes.io/service-name": service}
    return {"metadata": {"labels": labels}, "endpoints": endpoints}


def test_one_ready_endpoint_in_any_slice_is_enough() -> None:
    """What is not known to be unready counts as ready; a Service without endpoints has nobody."""
    slices = [
        one("a", UNREADY),
        one("a", UNREADY, READY),
        one("b", UNREADY),
        one("c", UNKNOWN),
        one("d"),
        {"metadata": {"labels": {"kubernetes.io/service-name": "e"}}, "endpoints": None},
        one(None, READY),
    ]

    assert backed_services(slices, besides=()) == {"a": True, "b": False, "c": True, "d": False, "e": False}


def test_a_service_of_the_pods_themselves_is_left_out() -> None:
    """It is out because they are, not they because it is."""
    assert backed_services([one("own", UNREADY, uid="u1"), one("own", READY), one("other", READY)], besides={"u1"}) == {
        "other": True
    }


def test_what_is_no_slice_is_told() -> None:
    """In one sentence, with the place."""
    with pytest.raises(InvalidObjectError, match="endpoints"):
        backed_services([{"metadata": {"labels": {"kubernetes.io/service-name": "a"}}, "endpoints": "x"}], besides=())
