"""What the kubelet said is counted for as long as the history lasts, and its words change only with what they say."""

from probetuner.facts.fact import Fact, FailureCause, KillAnnounced, ReadinessShown
from probetuner.history import bounds
from probetuner.history.record import RunEnding
from support.facts import CONTAINER, LIVENESS, POD, READINESS, T0, entry, exited, failed, killed, lives, started


def _shown(at: float, *, ready: bool = True, was_ready: bool | None = None) -> ReadinessShown:
    return ReadinessShown(at=T0 + at, pod=POD, container=CONTAINER, ready=ready, was_ready=was_ready)


def test_kills_are_counted_though_their_lives_are_forgotten() -> None:
    """An event with a count stands for lives that nobody saw; one that is told twice counts once."""
    many = KillAnnounced(at=T0 + 80, pod=POD, container=CONTAINER, probe=LIVENESS, count=96)

    assert entry([started(0, restarts=95), many, many]).kills == {LIVENESS: 96}
    assert entry([started(0), killed(80), exited(81), started(82, restarts=1), killed(160)]).kills == {LIVENESS: 2}


def test_failures_are_counted_by_cause_with_the_kubelets_words() -> None:
    """Each cause has its own count, and its own sentence."""
    kept = entry(
        [
            started(0),
            failed(10, said="timed out"),
            failed(20, cause=FailureCause.REFUSED, said="refused", count=3, since=12),
            failed(30, said="timed out"),
        ]
    )

    said = kept.said[LIVENESS]
    assert {cause: (one.count, one.words) for cause, one in said.items()} == {
        FailureCause.TIMEOUT: (2, "timed out"),
        FailureCause.REFUSED: (3, "refused"),
    }
    assert (said[FailureCause.TIMEOUT].first_at, said[FailureCause.TIMEOUT].last_at) == (T0 + 10, T0 + 30)
    assert [(rate.began_at, rate.last_at, rate.count) for rate in kept.rates] == [(T0 + 12, T0 + 20, 3)]


def test_words_that_differ_in_numbers_say_the_same() -> None:
    """Other pods have other addresses: a status must not be written anew with each of their failures."""
    first, again = "dial tcp 10.0.0.7:80: refused", "dial tcp 10.0.0.8:80: refused"
    kept = entry([started(0), failed(10, said=first), failed(20, said=again)])
    other = entry([started(0), failed(10, said=first), failed(20, said="dial tcp: no route to host")])
    late = entry([started(0), failed(20, said=first), failed(10, said="dial tcp: no route to host")])

    assert kept.said[LIVENESS][FailureCause.TIMEOUT].words == first
    assert other.said[LIVENESS][FailureCause.TIMEOUT].words == "dial tcp: no route to host"
    assert late.said[LIVENESS][FailureCause.TIMEOUT].words == first


def test_a_combined_event_lends_no_words() -> None:
    """It may be about another container (client-go events_cache.go); that attempts failed is counted."""
    kept = entry([started(0), failed(10, combined=True, said="of another", count=4)])

    assert kept.said[LIVENESS][FailureCause.TIMEOUT].count == 4
    assert kept.said[LIVENESS][FailureCause.TIMEOUT].words == ""


def test_rates_are_bounded() -> None:
    """Of very many events that tell of several failures at once the newest are kept."""
    kept = entry([started(0), *(failed(10 + n, count=2, since=5) for n in range(bounds.RATES + 9))])

    assert len(kept.rates) == bounds.RATES
    assert kept.rates[-1].last_at == T0 + 10 + bounds.RATES + 8


def test_who_is_ready_when_first_seen_has_recovered() -> None:
    """Whichever is told first: the failures before it, or that the container is ready."""
    before: list[Fact] = [started(0), failed(50, probe=READINESS), _shown(60)]
    after: list[Fact] = [started(0), _shown(60), failed(50, probe=READINESS), failed(60, probe=READINESS)]
    later: list[Fact] = [started(0), _shown(60), failed(70, probe=READINESS)]

    assert [run.ending for run in entry(before).runs] == [RunEnding.BY_ITSELF]
    assert {run.ending for run in entry(after).runs} == {RunEnding.BY_ITSELF}
    assert [run.ending for run in entry(later).runs] == [RunEnding.OPEN]


def test_what_was_shown_of_a_pod_stays_with_its_life() -> None:
    """Whether it had been ready ever before tells a slow start from trouble."""
    (life,) = lives([started(0), _shown(60, ready=False, was_ready=True)])

    assert life.pod_was_ready is True
    assert life.shown_ready_at is None
