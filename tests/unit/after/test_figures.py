"""What counts as a kill, as a failed request and as time without an endpoint, and from when until when."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from after.figures import Asked, measure
from probetuner.sources.recording import Watched

KILLED = "Container shop failed liveness probe, will be restarted"
BEGAN, ENDED = 100.0, 400.0
READY, UNREADY, UNKNOWN = {"ready": True}, {"ready": False}, dict[str, bool]()
ASKED = Asked(began=BEGAN, ended=ENDED, answered=280, failed={"refused": 15, "timeout": 5})


def seen(at: float, kind: str, name: str, change: str = "MODIFIED", **fields: Any) -> Watched:
    """A watch event about an object, whose `metadata` may be added to."""
    metadata = {"name": name, "uid": f"{kind}-{name}", **fields.pop("metadata", {})}
    return Watched(at=at, change=change, object={"kind": kind, "metadata": metadata, **fields})


def pod(at: float, restarts: int, *, name: str = "shop-1", app: str = "shop") -> Watched:
    """A pod whose container was restarted so often."""
    metadata = {"labels": {"app": app, "pod-template-hash": "a"}, "creationTimestamp": "2026-01-01T00:00:00Z"}
    return seen(at, "Pod", name, metadata=metadata, status={"containerStatuses": [{"restartCount": restarts}]})


def killing(at: float, count: int, *, name: str = "shop-1", message: str = KILLED) -> Watched:
    """An event by which the kubelet announced so many kills until then."""
    return seen(at, "Event", f"{name}.1", reason="Killing", message=message, count=count, involvedObject={"name": name})


def endpoints(
    at: float, *conditions: Mapping[str, bool], service: str = "shop", part: str = "x", gone: bool = False
) -> Watched:
    """An EndpointSlice of the Service, with an endpoint of each of these conditions."""
    return seen(
        at,
        "EndpointSlice",
        f"{service}-{part}",
        "DELETED" if gone else "MODIFIED",
        metadata={"labels": {"kubernetes.io/service-name": service}},
        endpoints=[{"conditions": one} for one in conditions],
    )


def kills(*watched: Watched) -> int:
    return measure(watched, "shop", ASKED).kills


def seconds(*watched: Watched) -> float:
    return measure(watched, "shop", ASKED).seconds_without_endpoint


def test_requests_are_what_the_users_met() -> None:
    """Failures of all causes are added up."""
    figures = measure([], "shop", ASKED)

    assert (figures.answered, figures.failed) == (280, 20)


def test_kills_before_and_after_the_window_do_not_count() -> None:
    """Two were announced before it, four until its end, and five in all."""
    assert kills(pod(90, 2), killing(95, 2), killing(300, 4), pod(390, 4), killing(401, 5), pod(402, 5)) == 2


def test_a_kill_is_counted_once_whoever_tells_of_it() -> None:
    """The kubelet drops announcements, and one may be made before the restart is seen: the greater figure is right."""
    assert kills(pod(90, 0), killing(200, 1), pod(210, 3)) == 3
    assert kills(pod(90, 0), killing(200, 2), pod(210, 1)) == 2


def test_pods_are_counted_one_by_one() -> None:
    """What was dropped of one pod's announcements is not made up for by another's."""
    dropped, announced = pod(300, 3), killing(300, 3, name="shop-2")

    assert kills(pod(90, 0), pod(90, 0, name="shop-2"), dropped, announced) == 6


def test_what_is_no_kill_of_the_workload_does_not_count() -> None:
    """Neither the end of a deleted pod, nor a kill of what it depends on."""
    assert kills(pod(90, 0), killing(200, 1, message="Stopping container shop")) == 0
    assert kills(pod(90, 0), pod(200, 4, name="ledger-1", app="ledger"), killing(200, 4, name="ledger-1")) == 0


def test_a_service_that_never_has_an_endpoint_has_none_all_the_time() -> None:
    """Also where its slice was never seen."""
    assert seconds() == 300
    assert seconds(endpoints(90, UNREADY, UNREADY)) == 300


def test_only_the_time_within_the_window_counts() -> None:
    """From 50 to 110 and from 390 to 450 there was none: twenty seconds of these lie within."""
    assert (
        seconds(endpoints(20, READY), endpoints(50), endpoints(110, READY), endpoints(390), endpoints(450, READY)) == 20
    )


def test_one_ready_endpoint_is_enough() -> None:
    """Of several slices together; what is not known to be unready is taken for ready, as the API says."""
    assert seconds(endpoints(90, READY, UNREADY)) == 0
    assert seconds(endpoints(90, UNKNOWN)) == 0
    assert seconds(endpoints(90, READY), endpoints(91, READY, part="y"), endpoints(200)) == 0


def test_a_slice_that_is_deleted_has_no_endpoints() -> None:
    """Its last state does not go on for ever."""
    assert seconds(endpoints(90, READY), endpoints(250, READY, gone=True)) == 150


def test_endpoints_of_other_services_do_not_count() -> None:
    """What it depends on being well is no comfort."""
    assert seconds(endpoints(90, READY, service="ledger")) == 300


@given(st.lists(st.tuples(st.floats(0, 500), st.booleans())))
def test_time_with_and_without_an_endpoint_is_the_window(changes: list[tuple[float, bool]]) -> None:
    """Whatever happens, turning all that is ready into unready turns the time into the rest of the window."""
    steps = [(0.0, True), *sorted(changes)]

    without = seconds(*(endpoints(at, READY if ready else UNREADY) for at, ready in steps))
    within = seconds(*(endpoints(at, UNREADY if ready else READY) for at, ready in steps))

    assert 0 <= without <= ENDED - BEGAN
    assert abs(without + within - (ENDED - BEGAN)) < 1e-6
