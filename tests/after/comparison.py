"""Whether what came after is worse than what was before, by more than chance makes of the same thing twice."""

import math
from collections.abc import Iterator, Sequence

from after.figures import Figures

# Trouble comes in episodes, and how many of them come in a window is chance: of N that come independently, sqrt(N) more
# or fewer is one standard deviation (Poisson). Two of these are allowed, and one episode where there was none. An
# episode is a kill: it takes one of two replicas away for some 20 s (three failures five seconds apart, then the grace
# period or the back-off), in which half of four requests a second fail. docs/after.md has what `--same` made of that.
_EPISODE = Figures(answered=0, failed=40, kills=1, seconds_without_endpoint=20.0)
_DEVIATIONS = 2

_JUDGED = {"failed": "requests failed", "kills": "kills", "seconds_without_endpoint": "seconds without an endpoint"}


def is_troubled(before: Figures) -> bool:
    """Whether there was anything to cure; without that a comparison says nothing."""
    return before.failed > 0 or before.kills > 0 or before.seconds_without_endpoint > 0


def worse(plays: Sequence[tuple[Figures, Figures]], *, kills_cure: bool) -> Iterator[str]:
    """What got worse by more than the margin in each of the plays (before, after), each as a sentence."""
    for name, words in _JUDGED.items():
        told = [_told(getattr(before, name), getattr(after, name), getattr(_EPISODE, name)) for before, after in plays]
        if told and all(told) and not (kills_cure and name == "kills"):
            yield f"{words}: {', then '.join(told)}"


def _told(before: float, after: float, episode: float) -> str:
    """The two, and what was allowed; empty where that is as much or more."""
    allowed = before + max(episode, _DEVIATIONS * math.sqrt(before / episode) * episode)
    return f"{before:.0f} → {after:.0f} (up to {allowed:.0f} is chance)" if after > allowed else ""
