"""What is promised of the saved form of a history."""

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.fact import FailureCause
from probetuner.history import bounds, codec
from probetuner.history.life import Life, Tally
from probetuner.history.packing import pack, unpack
from probetuner.history.record import (
    ContainerHistory,
    Disturbance,
    FailureRate,
    FailureRun,
    Minute,
    RunEnding,
    Said,
    TaskSample,
    UnreadySpell,
    WorkloadHistory,
)
from probetuner.history.trial import Answers, Attempt, Trial, Trouble
from probetuner.model.probe import ProbeType
from support.facts import remember
from support.stories import flapping, killed_under_load

times = st.floats(min_value=0, max_value=4e9, allow_nan=False)
names = st.text(max_size=20)
counts = st.integers(min_value=0, max_value=2**31)
probes = st.sampled_from(ProbeType)
tallies = st.builds(
    Tally,
    succeeded=counts,
    causes=st.dictionaries(st.sampled_from(FailureCause), counts, max_size=3),
    last_failed_at=st.none() | times,
)
lives = st.builds(
    Life,
    pod_uid=names,
    pod=names,
    template_hash=names,
    restarts=counts,
    started_at=times,
    ended_at=st.none() | times,
    exit_code=st.none() | st.integers(-1, 255),
    killed_by=st.none() | probes,
    tallies=st.dictionaries(probes, tallies),
)
runs = st.builds(
    FailureRun, pod_uid=names, probe=probes, started_at=times, last_at=times, ending=st.sampled_from(RunEnding)
)
spells = st.builds(UnreadySpell, pod_uid=names, started_at=times, ended_at=st.none() | times)
latency = st.tuples(*[counts] * 12)
minutes = st.builds(
    Minute, started_at=times, failed=st.dictionaries(probes, counts), latency=st.dictionaries(probes, latency)
)
samples = st.builds(TaskSample, at=times, processes=counts, threads=counts)
answers = st.builds(
    Answers,
    succeeded=counts,
    causes=st.dictionaries(st.sampled_from(FailureCause), counts, max_size=2),
    latency=latency,
)
trials = st.builds(
    Trial,
    waiting=st.lists(st.builds(Attempt, at=times, pod_uid=names, seconds=times), max_size=3).map(tuple),
    calm=answers,
    troubled=answers,
    troubles=st.lists(st.builds(Trouble, pod_uid=names, began_at=times, last_at=times), max_size=2).map(tuple),
    services=st.dictionaries(names, answers, max_size=2),
)
sayings = st.builds(Said, count=counts, words=names, first_at=times, last_at=times)
rates = st.builds(
    FailureRate,
    pod_uid=names,
    probe=probes,
    cause=st.sampled_from(FailureCause),
    began_at=times,
    last_at=times,
    count=counts,
)
disturbances = st.builds(Disturbance, at=times, pod_uid=names, node=names, reason=names)
entries = st.builds(
    ContainerHistory,
    name=names,
    template_hash=names,
    first_seen_at=times,
    last_seen_at=times,
    lives=st.lists(lives, max_size=4).map(tuple),
    runs=st.lists(runs, max_size=4).map(tuple),
    unready=st.lists(spells, max_size=4).map(tuple),
    minutes=st.lists(minutes, max_size=4).map(tuple),
    errored=st.dictionaries(probes, counts),
    errors=st.dictionaries(probes, names),
    tasks=st.dictionaries(names, st.lists(samples, max_size=4).map(tuple), max_size=2),
    disturbances=st.lists(disturbances, max_size=4).map(tuple),
    trials=st.dictionaries(names, trials, max_size=2),
    kills=st.dictionaries(probes, counts),
    said=st.dictionaries(probes, st.dictionaries(st.sampled_from(FailureCause), sayings, max_size=2), max_size=2),
    rates=st.lists(rates, max_size=3).map(tuple),
)
histories = st.builds(
    WorkloadHistory,
    containers=st.lists(entries, max_size=4).map(tuple),
    counters_at=st.none() | times,
    watched_since=times,
)


@pytest.mark.slow
@given(histories, st.integers(min_value=100, max_value=5000))
def test_a_history_comes_back_as_it_was_or_within_its_bound(history: WorkloadHistory, most_bytes: int) -> None:
    """Saving and loading loses nothing that fits; the saved form is no larger than asked, and can always be read."""
    assert codec.decode(codec.encode(history), version=codec.VERSION) == history

    saved = codec.encode(history, most_bytes=most_bytes)

    assert len(unpack(saved)) <= most_bytes
    codec.decode(saved, version=codec.VERSION)


def test_the_oldest_evidence_goes_first() -> None:
    """Of too many lives the newest are kept, what was dropped is counted, and no open life is dropped for it."""
    whole = _history(lives=tuple(_life(n) for n in range(bounds.LIVES)))

    kept = codec.decode(codec.encode(whole, most_bytes=3000), version=codec.VERSION).containers[0]

    assert 0 < len(kept.lives) < bounds.LIVES
    open_and_newest = (whole.containers[0].lives[4], *whole.containers[0].lives[-len(kept.lives) + 1 :])
    assert kept.lives == open_and_newest
    assert kept.forgotten == bounds.LIVES - len(kept.lives)
    assert kept.lives[-1].ended_at is None


def test_minutes_go_before_lives() -> None:
    """The bulky figures of the last hour are given up before the restart ledger is."""
    minutes = tuple(Minute(started_at=60.0 * n, succeeded={ProbeType.LIVENESS: 6}) for n in range(bounds.MINUTES))
    whole = _history(lives=tuple(_life(n) for n in range(5)), minutes=minutes)

    kept = codec.decode(codec.encode(whole, most_bytes=3000), version=codec.VERSION).containers[0]

    assert kept.lives == whole.containers[0].lives
    assert 0 < len(kept.minutes) < bounds.MINUTES
    assert kept.minutes == minutes[-len(kept.minutes) :]


def test_a_newer_form_is_refused_with_the_reason() -> None:
    """A form written by a newer version is not guessed at."""
    with pytest.raises(codec.SavedHistoryError, match="form 3, from a newer probetuner"):
        codec.decode("{}", version=codec.VERSION + 1)


@given(st.text() | st.binary().map(lambda raw: raw.decode(errors="surrogateescape")))
def test_garbage_is_refused_and_never_anything_else(state: str) -> None:
    """A saved form that somebody edited gives one kind of error or a history."""
    try:
        codec.decode(state, version=codec.VERSION)
    except codec.SavedHistoryError as problem:
        assert "it is not a history" in str(problem)  # noqa: PT017 - the garbage may be a history by chance


def _history(*, lives: tuple[Life, ...], minutes: tuple[Minute, ...] = ()) -> WorkloadHistory:
    entry = ContainerHistory(
        name="web", template_hash="h1", first_seen_at=0.0, last_seen_at=9000.0, lives=lives, minutes=minutes
    )
    return WorkloadHistory(containers=(entry,), counters_at=9000.0)


def _life(number: int) -> Life:
    ended_at = None if number in (4, bounds.LIVES - 1) else 100.0 * number + 60
    return Life(
        pod_uid="u", pod="web-0", template_hash="h1", restarts=number, started_at=100.0 * number, ended_at=ended_at
    )


def test_an_older_form_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version's form is made that of the next, and what comes out is checked like any other."""
    old = json.dumps({"holders": [{"title": "web", "template_hash": "h", "first_seen_at": 1.0, "last_seen_at": 2.0}]})
    upgrades: dict[int, Callable[[Any], Any]] = {
        1: lambda form: {"containers": form["holders"]},
        2: lambda form: {"containers": [{**rest, "name": name} for (name, rest) in map(_split, form["containers"])]},
    }
    monkeypatch.setattr(codec, "VERSION", 3)
    monkeypatch.setattr(codec, "UPGRADES", upgrades)

    (found,) = codec.decode(old, version=1).containers

    assert (found.name, found.last_seen_at) == ("web", 2.0)
    for damaged in ('{"holders": 5}', "{}", "[]"):
        with pytest.raises(codec.SavedHistoryError, match="it is not a history"):
            codec.decode(damaged, version=1)


@pytest.mark.slow
@given(histories)
def test_the_form_before_is_read(history: WorkloadHistory) -> None:
    """What an operator of version 1 saved, plain JSON, is taken up."""
    plain = unpack(codec.encode(history)).decode()

    assert codec.decode(plain, version=1) == history


def test_a_history_packs_to_less_than_a_fifth() -> None:
    """One of the stories of the tests, as the operator would save it."""
    history = remember((*killed_under_load(), *flapping(since=3000)))
    packed = codec.encode(history)

    assert len(packed) * 5 < len(unpack(packed))


@pytest.mark.parametrize(
    "packed",
    [
        base64.b64encode(zlib.compress(bytes(2**24), 9)).decode(),
        pack(b"{}")[:-4],
        base64.b64encode(b"not packed").decode(),
        "{}",
        "",
        "é",
    ],
    ids=["too large", "cut off", "not packed", "plain", "empty", "no letters of base64"],
)
def test_what_cannot_be_unpacked_is_no_history(packed: str) -> None:
    """Neither a few bytes that stand for gigabytes nor what was cut off ends anything else."""
    with pytest.raises(codec.SavedHistoryError, match="cannot be unpacked"):
        codec.decode(packed, version=2)


def test_a_newer_form_is_told_from_damage() -> None:
    """What a newer version saved is good, and only not for this one."""
    with pytest.raises(codec.NewerHistoryError, match="from a newer probetuner"):
        codec.decode("{}", version=codec.VERSION + 1)


def _split(entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return entry["title"], {name: value for name, value in entry.items() if name != "title"}


def test_what_has_its_default_is_not_written_and_read_as_it_was() -> None:
    """The text is a promise to older and newer versions: another default would read it differently."""
    entry = ContainerHistory(
        name="app", template_hash="a", first_seen_at=1.0, last_seen_at=9.0, minutes=(Minute(started_at=60.0),)
    )
    history = WorkloadHistory(containers=(entry,))

    saved = codec.encode(history)

    assert json.loads(unpack(saved)) == {
        "containers": [
            {
                "name": "app",
                "template_hash": "a",
                "first_seen_at": 1.0,
                "last_seen_at": 9.0,
                "minutes": [{"started_at": 60.0}],
            }
        ]
    }
    assert codec.decode(saved, version=codec.VERSION) == history


def test_what_was_saved_with_every_field_is_read_too() -> None:
    """As versions before did."""
    history = _history(lives=tuple(_life(n) for n in range(5)), minutes=(Minute(started_at=60.0),))

    assert codec.decode(pack(msgspec.json.encode(history)), version=codec.VERSION) == history
