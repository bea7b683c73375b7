"""`python -m gym.replay_table [FILE]`: the replay against the recordings, printed or written into a document."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from gym.document import put, table
from gym.recordings import Comparison, Counts, compare

RECORDINGS = Path(__file__).parent.parent / "recordings"

_HEADER = ("recording: container", "pods", "kills", "replayed", "restarts", "replayed", "flaps", "replayed",
           "unready s", "replayed")  # fmt: skip


def folders() -> list[Path]:
    """The recordings that came with the sources."""
    return sorted(path.parent for path in RECORDINGS.glob("*/meta.json"))


def _row(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.recording}: {comparison.container}"
    yield str(comparison.pods)
    for digits, figure in _FIGURES:
        values = [figure(counts) for counts in comparison.replayed]
        yield f"{figure(comparison.recorded):.{digits}f}"
        yield f"{sum(values) / len(values):.1f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


_FIGURES: tuple[tuple[int, Callable[[Counts], float]], ...] = (
    (0, lambda counts: counts.kills),
    (0, lambda counts: counts.restarts),
    (0, lambda counts: counts.flaps),
    (0, lambda counts: counts.unready_seconds),
)


def main() -> None:
    """Print the table, or write it into the document that is named."""
    text = table(_HEADER, [list(_row(row)) for folder in folders() for row in compare(folder)])
    if len(sys.argv) > 1:
        put(Path(sys.argv[1]), "replay-table", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
