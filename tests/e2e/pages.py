"""`python -m e2e.pages`: play the stories of reapers and of the lone Redis, and put what came of them into docs/."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from demo import installation, namespaces
from demo.cluster import lab_cluster
from e2e.lone_redis import STALL_SECONDS, RedisOutcome
from e2e.play import playing_afterwards
from e2e.reaping import COUNT_AFTER_SECONDS, Outcome
from e2e.reaping_cases import CURES, LEAKS, SINGLE, THREADS, Treated
from gym.document import put, table
from lab import Lab

_OPERATOR = "pages-probetuner"
_DOCS = Path(__file__).parents[2] / "docs"
_COUNTED = ("leak", "no cure", *CURES)
_VERDICTS = ("leak", "cure", "verdict", "zombies before", "after", "what probetuner says")


def write_tables(outcomes: Mapping[str, Outcome]) -> str:
    """What was counted, and what probetuner said of it, as two tables."""
    verdicts = [list(_told(outcomes, Treated(leak=leak, cure=cure))) for leak in LEAKS for cure in CURES]
    parts = (
        f"Zombies in the container {COUNT_AFTER_SECONDS} s after its start, read from its `/proc`:",
        table(_COUNTED, [list(_counts(outcomes, leak)) for leak in LEAKS]),
        "What probetuner did, by the policy of each:",
        table(_VERDICTS, verdicts),
        _beside(outcomes),
    )
    return "\n\n".join(parts)


def _beside(outcomes: Mapping[str, Outcome]) -> str:
    findings = ", ".join(outcomes[THREADS].findings) or "none"
    return (
        f"Beside them: a single process as the probe (`redis-cli ping`) left {outcomes[SINGLE].counted} zombies; a "
        f"server that grows a pool of threads, with a shell as its probe, has {outcomes[THREADS].counted}, and its "
        f"findings were: {findings}."
    )


def _counts(outcomes: Mapping[str, Outcome], leak: str) -> Iterator[str]:
    yield f"`{leak}`"
    for cure in (None, *CURES):
        outcome = outcomes[Treated(leak=leak, cure=cure).name]
        yield f"{outcome.counted}{' (given by hand)' if outcome.by_hand else ''}"


def _told(outcomes: Mapping[str, Outcome], case: Treated) -> Iterator[str]:
    outcome = outcomes[case.name]
    yield from (f"`{case.leak}`", case.cure or "")
    if outcome.told is None:
        yield from ("not applied", "", "", outcome.advice)
    else:
        told = outcome.told
        yield from (told.verdict, str(told.before), str(told.after), told.reason)


def write_redis(outcome: RedisOutcome) -> str:
    """What the clients of the lone Redis saw, and what probetuner did, as a table."""
    header = (f"a stall of {STALL_SECONDS} s, asked four times a second", "liveness and readiness", "liveness only")
    sides = (outcome.before, outcome.after)
    rows = [
        ["requests answered", *(str(side.answered) for side in sides)],
        ["requests refused", *(str(side.failed) for side in sides)],
        ["slowest answer", *(f"{side.slowest:.1f} s" for side in sides)],
    ]
    return (
        f"{table(header, rows)}\n\nReadiness was taken away after {outcome.stalls} stalls. The verdict of probetuner: "
        f"{outcome.verdict}, {outcome.reason}. A Redis that then "
        f"hung for two minutes was restarted {outcome.restarts_of_hang} time by liveness alone, and answered again "
        f"after {outcome.seconds_to_answer:.0f} s; the stall had led to {outcome.restarts_of_stall} restarts."
    )


def main() -> None:
    """Play on a lab of its own, and put the tables into the documents."""
    lab = Lab("pages")
    try:
        cluster = lab_cluster(lab)
        namespaces.make(cluster, _OPERATOR)
        installation.install(cluster, namespace=_OPERATOR)
        with playing_afterwards(cluster) as played:
            put(_DOCS / "zombies.md", "zombies", write_tables(played.reaping.result()))
            put(_DOCS / "redis.md", "redis", write_redis(played.redis.result()))
    finally:
        lab.down()


if __name__ == "__main__":
    main()
