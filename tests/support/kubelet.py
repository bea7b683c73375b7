"""A container's story as a kubelet would live and tell it, for properties that must hold whatever happens.

It is told by three sources, each in its own order: the pod's status, events with whole seconds, and a scrape of the
counters every ten seconds.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from probetuner.facts.fact import Fact
from support.facts import counted, exited, failed, killed, started

PERIOD_SECONDS, FAILURE_THRESHOLD, SCRAPE_SECONDS = 10, 3, 10
_CRASHES = ((1, "Error"), (143, "Error"), (0, "Completed"), (137, "OOMKilled"))


@dataclass(slots=True)
class Story:
    """What the three sources told; `events` and `scrapes` come with the time at which they may first be known."""

    status: list[tuple[float, Fact]] = field(default_factory=list)
    events: list[tuple[float, Fact]] = field(default_factory=list)
    scrapes: list[tuple[float, Fact]] = field(default_factory=list)

    def in_order(self) -> list[Fact]:
        """Everything as it happened."""
        return [fact for _, fact in sorted((*self.status, *self.events, *self.scrapes), key=lambda told: told[0])]


@st.composite
def stories(draw: st.DrawFn, *, lose_announcements: bool = False) -> Story:
    """Some lives of one container: attempts that succeed and fail, kills at the threshold, crashes in between."""
    story, attempts, now, streak = Story(), [], 0.0, 0
    for restarts in range(draw(st.integers(1, 5))):
        began = now + draw(st.floats(0.1, 20))
        story.status.append((began, started(int(began), restarts=restarts)))
        answers = draw(st.lists(st.booleans(), max_size=12))
        now, tick = began, began + draw(st.floats(0.1, PERIOD_SECONDS))
        for answer in answers:
            now, tick = tick, tick + PERIOD_SECONDS
            streak = 0 if answer else streak + 1
            attempts.append((now, answer))
            if not answer:
                story.events.append((now, failed(int(now))))
            if streak == FAILURE_THRESHOLD:
                break
        is_killed = streak == FAILURE_THRESHOLD
        if is_killed:
            streak = 0
            if not (lose_announcements and draw(st.booleans())):
                story.events.append((now, killed(int(now))))
        now += draw(st.floats(0.1, 30 if is_killed else PERIOD_SECONDS))
        code, reason = draw(
            st.sampled_from(((0, "Completed"), (143, "Error"), (137, "Error")) if is_killed else _CRASHES)
        )
        story.status.append((now, exited(int(now), restarts=restarts, code=code, reason=reason)))
    story.scrapes.extend(_scrapes(attempts, until=now + SCRAPE_SECONDS))
    return story


def _scrapes(attempts: list[tuple[float, bool]], *, until: float) -> list[tuple[float, Fact]]:
    told: list[tuple[float, Fact]] = []
    since = 0.0
    while since < until:
        at = since + SCRAPE_SECONDS
        new = [answer for when, answer in attempts if since < when <= at]
        if new:
            told.append((at, counted(since, at, ok=sum(new), bad=len(new) - sum(new))))
        since = at
    return told
