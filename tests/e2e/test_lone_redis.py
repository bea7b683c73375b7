"""Redis of one replica with `redis-cli ping`: where readiness was seen to only cost, liveness is enough."""

import pytest

from e2e.lone_redis import STALL_SECONDS, RedisOutcome
from e2e.play import Afterwards

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def outcome(afterwards: Afterwards) -> RedisOutcome:
    """What came of it."""
    return afterwards.redis.result()


def test_readiness_turns_a_stall_into_refusals(outcome: RedisOutcome) -> None:
    """While the only backend is out of its Service, clients are refused."""
    assert outcome.before.failed > 0


def test_probetuner_takes_readiness_away_and_keeps_that(outcome: RedisOutcome) -> None:
    """It does so after several stalls and not after one; the rest stays, and the new pod came up with it."""
    assert outcome.stalls >= 3
    assert outcome.probes == {"livenessProbe", "startupProbe"}
    assert outcome.verdict == "Kept", outcome.reason


def test_without_readiness_clients_wait_and_are_answered(outcome: RedisOutcome) -> None:
    """The same stall costs time and no request, and no restart either."""
    assert outcome.after.failed == 0
    assert outcome.after.slowest >= STALL_SECONDS / 2
    assert outcome.restarts_of_stall == 0


def test_liveness_alone_ends_a_hang(outcome: RedisOutcome) -> None:
    """A Redis that hangs for minutes is restarted, and answers again long before it would have by itself."""
    assert outcome.restarts_of_hang == 1
    assert outcome.seconds_to_answer < 90
