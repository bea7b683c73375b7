"""First, do no harm: what mode Apply leaves alone on a real kubelet, and what it must not make worse."""

import pytest

from e2e.play import Harmless
from e2e.unharmed import KEPT, KINDS, Unharmed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

_CHANCE_SECONDS = 45
"""When a replica gets stuck is chance, and so is whether another is just being restarted: that takes up to 16 s to be
noticed, and the back-off between two restarts. Without liveness the Service has no endpoint until the end."""


@pytest.fixture(scope="module")
def unharmed(harmless: Harmless) -> Unharmed:
    """Three untroubled single replicas before and after ten minutes in mode Apply."""
    return harmless.unharmed.result()


@pytest.mark.parametrize("name", KINDS)
def test_an_untroubled_single_replica_is_never_touched(unharmed: Unharmed, name: str) -> None:
    """Its generation is the first, its pod the same and never restarted, and what it had in memory is still there."""
    before, after = unharmed.before[name], unharmed.after[name]

    assert after.generation == 1
    assert "probetuner" not in after.managers
    assert (after.pod, after.restarts) == (before.pod, 0)
    assert after.kept >= before.kept >= KEPT


@pytest.mark.parametrize("name", KINDS)
def test_it_was_watched_and_found_well(unharmed: Unharmed, name: str) -> None:
    """It was left alone in mode Apply by judgement and not by oversight: healthy, and nothing is recommended."""
    status = unharmed.after[name].policy

    assert (status["mode"], status["phase"], status["history"]) == ("Apply", "Healthy", [])
    assert status["recommendation"]["summary"] == "none"
    assert {finding["name"] for finding in status["findings"]} - {"single-replica-readiness"} == {"healthy"}


def test_its_users_noticed_nothing(unharmed: Unharmed) -> None:
    """Every request of ten minutes was answered."""
    assert unharmed.answered > KEPT // 10
    assert unharmed.failed == ()


def test_a_deadlock_keeps_its_liveness(harmless: Harmless) -> None:
    """What only a restart ends keeps the probe that restarts it, at every moment, and still asks the same."""
    observed, applied = harmless.observed.result(), harmless.applied.result()

    assert min(observed.restarts, applied.restarts) >= 2, "the service has to get stuck for this to mean anything"
    assert applied.probes["livenessProbe"]["httpGet"] == observed.probes["livenessProbe"]["httpGet"]
    assert not [change for change in applied.changes if '"livenessProbe": null' in change["patch"]]


def test_a_deadlock_leaves_the_service_without_endpoints_for_no_longer(harmless: Harmless) -> None:
    """With mode Apply no stretch without an endpoint is longer than the longest with nobody but liveness about."""
    observed, applied = harmless.observed.result(), harmless.applied.result()

    assert applied.empty_seconds <= observed.empty_seconds + _CHANCE_SECONDS


def test_a_deadlock_leaves_users_without_an_answer_for_no_longer(harmless: Harmless) -> None:
    """Endpoints that are ready and do not answer are none: what counts is that somebody is answered."""
    observed, applied = harmless.observed.result().users, harmless.applied.result().users

    assert applied.silence_seconds <= observed.silence_seconds + _CHANCE_SECONDS
    assert observed.answered > 0
