"""Rows of cgroups give throttling and processes of containers, each look of cAdvisor once."""

from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.cadvisor import read_cadvisor
from probetuner.facts.fact import CpuThrottled, Fact, ProcessesCounted
from probetuner.facts.growth import Scraped
from probetuner.facts.pods import PodState, read_pod
from unit.facts.objects import NOON, pod

POD = read_pod(None, pod(), at=NOON)[0]


def row(
    family: str, value: float, *, container: str = "app", cgroup: str = "c0", uid: str = "uid-1", at: float = 5
) -> str:
    labels = (
        f'container="{container}",id="/kubepods/pod{uid}/{cgroup}",image="i",name="n",'
        f'namespace="shop",pod="web-5d4f-abcde"'
    )
    return f"container_{family}{{{labels}}} {value} {int((NOON + at) * 1000)}\n"


def cpu(periods: int, throttled: int, *, cgroup: str = "c0", at: float = 5) -> str:
    return row("cpu_cfs_periods_total", periods, cgroup=cgroup, at=at) + row(
        "cpu_cfs_throttled_periods_total", throttled, cgroup=cgroup, at=at
    )


def tasks(processes: int, threads: int, *, cgroup: str = "c0", at: float = 5, uid: str = "uid-1") -> str:
    return row("processes", processes, cgroup=cgroup, at=at, uid=uid) + row(
        "threads", threads, cgroup=cgroup, at=at, uid=uid
    )


def scrape(*texts: str, pods: tuple[PodState, ...] = (POD,)) -> list[list[Fact]]:
    before: Scraped | None = None
    told = []
    for number, text in enumerate(texts, start=1):
        reading = read_cadvisor(before, text, at=NOON + 10 * number, pods=pods, since=NOON)
        before = reading.scraped
        told.append(reading.facts)
    return told


def throttling(facts: list[Fact]) -> list[tuple[float, int, int]]:
    return [(fact.at - NOON, fact.periods, fact.throttled) for fact in facts if isinstance(fact, CpuThrottled)]


def processes(facts: list[Fact]) -> list[tuple[float, int, int]]:
    return [(fact.at - NOON, fact.processes, fact.threads) for fact in facts if isinstance(fact, ProcessesCounted)]


def test_throttling_is_told_by_its_growth_at_cadvisors_time() -> None:
    """CFS periods and the throttled ones among them, since the look before."""
    first, second = scrape(cpu(50, 10), cpu(150, 90, at=15))

    assert throttling(first) == [(5, 50, 10)]
    assert throttling(second) == [(15, 100, 80)]


def test_a_look_that_was_told_is_not_told_again() -> None:
    """Since cAdvisor looks less often than it is scraped, the same look comes again."""
    assert scrape(cpu(50, 10) + tasks(1, 4), cpu(50, 10) + tasks(1, 4))[1] == []


def test_a_restarted_container_counts_in_its_new_cgroup() -> None:
    """The old cgroup may be shown beside the new one: it adds nothing, and the new one counts from zero."""
    _, facts = scrape(cpu(50, 10) + tasks(1, 9), cpu(50, 10) + tasks(1, 9) + cpu(20, 5, cgroup="c1", at=15) + tasks(
        1, 2, cgroup="c1", at=15))  # fmt: skip

    assert throttling(facts) == [(15, 20, 5)]
    assert processes(facts) == [(15, 1, 2)]


def test_pods_and_pause_containers_are_not_containers() -> None:
    """Rows of the pod's own cgroup, of the pause container and of unknown containers tell nothing."""
    text = "".join(row("processes", 5, container=name) + row("threads", 5, container=name) for name in ("", "POD", "x"))

    assert scrape(text) == [[]]


def test_a_pod_of_the_same_name_before_is_another() -> None:
    """A StatefulSet's pod keeps its name; the cgroup's path has the uid, with _ for - under systemd."""
    before = scrape(tasks(1, 99, uid="uid-0"))
    systemd = scrape(tasks(1, 4, uid="uid_1"))

    assert before == [[]]
    assert processes(systemd[0]) == [(5, 1, 4)]


def test_without_a_cpu_limit_there_is_no_throttling() -> None:
    """The families are absent then, which is not the same as no throttling."""
    assert throttling(scrape(tasks(1, 2))[0]) == []


@given(st.text(), st.text())
def test_no_text_breaks_the_reading(one: str, other: str) -> None:
    """Garbage gives no exception, and does not keep what stands beside it from being read."""
    text = f'container_threads{{{one}}} {other}\n{other}\ncontainer_processes{{id="{one}"}} 1\n'

    assert processes(scrape(text + tasks(1, 2))[0]) == [(5, 1, 2)]
