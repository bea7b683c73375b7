"""Samples of processes and tasks: a series a pod, over the whole life of its present process."""

from probetuner.facts.fact import PodRef, ProcessesCounted
from probetuner.history import bounds
from support.facts import CONTAINER, POD, T0, entry, pod, started


def sampled(at: float, threads: int = 5, *, of: PodRef = POD) -> ProcessesCounted:
    return ProcessesCounted(at=T0 + at, pod=of, container=CONTAINER, processes=1, threads=threads)


def test_a_long_series_still_spans_its_whole_time() -> None:
    """When it is full every other sample goes, never the first nor the last."""
    kept = entry([started(0), *(sampled(10 * n, n) for n in range(200))]).tasks[POD.uid]

    assert len(kept) <= bounds.TASK_SAMPLES
    assert (kept[0].at, kept[-1].at) == (T0, T0 + 1990)
    assert [sample.threads for sample in kept] == sorted({sample.threads for sample in kept})


def test_a_new_process_begins_a_new_series() -> None:
    """Zombies end with their container; other pods' samples are not touched."""
    other = pod("web-b")
    told = (started(0), sampled(10), sampled(20, of=other), started(30, restarts=1), sampled(40))

    assert {uid: [sample.at - T0 for sample in series] for uid, series in entry(told).tasks.items()} == {
        POD.uid: [40],
        other.uid: [20],
    }


def test_the_pods_that_were_sampled_last_are_kept() -> None:
    """Of many replicas a few show what all do."""
    pods = [pod(f"p{n}") for n in range(bounds.TASK_SERIES + 3)]
    told = [fact for n, of in enumerate(pods) for fact in (started(n, of=of), sampled(n + 10, of=of))]

    assert list(entry(told).tasks) == [of.uid for of in pods[3:]]
