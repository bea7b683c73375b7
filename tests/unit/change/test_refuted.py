"""What a rollback proved holds as long as its entry does, and as long as the probes are those that it began from."""

from dataclasses import replace

import pytest

from probetuner.change.record import Change, Outcome
from probetuner.change.refuted import in_words, refuted
from probetuner.model.container import Container, parse_container
from probetuner.model.probe import ProbeType
from support.changes import made
from support.workloads import LIVENESS, Json, container

BEFORE = container(livenessProbe=LIVENESS)


def parsed(raw: Json) -> Container:
    return parse_container(raw, place="test")


def tried(new: Json, *, verdict: Outcome = Outcome.ROLLED_BACK) -> Change:
    return made(BEFORE, new, at=-9000, verdict=verdict, undone_at=-8000)


def test_what_was_made_of_each_probe_is_refuted() -> None:
    """A probe that was taken away as well as one that got other numbers."""
    new = container(readinessProbe={**LIVENESS, "timeoutSeconds": 30})

    found = refuted([tried(new)], [parsed(BEFORE)])

    assert found == {
        ("web", ProbeType.LIVENESS, None),
        ("web", ProbeType.READINESS, parsed(new).readiness),
    }


def test_numbers_are_refuted_along_with_the_rest_of_their_probe() -> None:
    """The patch has a single field; what it made of the probe is the whole probe."""
    slower = container(livenessProbe={**LIVENESS, "periodSeconds": 20})

    assert refuted([tried(slower)], [parsed(BEFORE)]) == {("web", ProbeType.LIVENESS, parsed(slower).liveness)}

    other = container(livenessProbe={**LIVENESS, "timeoutSeconds": 7})
    assert refuted([tried(slower)], [parsed(other)]) != refuted([tried(slower)], [parsed(BEFORE)])


@pytest.mark.parametrize("verdict", [Outcome.KEPT, Outcome.INCONCLUSIVE])
def test_only_a_rollback_refutes(verdict: Outcome) -> None:
    """What was kept, or could not be judged, may come again."""
    gone = container()

    assert refuted([tried(gone, verdict=verdict)], [parsed(BEFORE)]) == frozenset()
    assert in_words([tried(gone, verdict=verdict)]) == ""


def test_it_is_said_what_was_tried_when_and_why() -> None:
    """So that a person can judge whether that still holds."""
    change = replace(tried(container()), summary="raise-timeout", reason="3 flaps", verdict_at=1_760_000_000.0)

    assert in_words([change]) == (
        "raise-timeout was tried and rolled back at 2025-10-09T08:53:20Z (3 flaps), and is not recommended again"
    )
