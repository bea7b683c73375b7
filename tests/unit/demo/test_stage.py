"""How a story waits: never longer than it says, and never after it was asked to stop."""

import threading
from pathlib import Path

import pytest

from demo.cluster import DemoError
from demo.stage import Stage, StoppedError
from unit.demo.objects import deployment, listed, pod, policy
from unit.demo.programs import Programs


class Heard:
    """A voice that keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keep the line."""
        self.lines.append(line)

    def doing(self, what: str) -> None:
        """Keep it too."""
        self.lines.append(what)


def stage(folder: Path, *, stop: threading.Event | None = None, voice: Heard | None = None) -> Stage:
    """A stage on which rng stands still, and its policy learns."""
    programs = Programs(folder=folder)
    programs.answer("kubectl", "get", listed(deployment(), pod("a"), pod("b"), policy(phase="Learning")))
    return Stage(
        programs.cluster(),
        namespace="somewhere",
        workload="rng",
        voice=voice or Heard(),
        stop=stop or threading.Event(),
    )


def test_a_wait_gives_what_was_found(tmp_path: Path) -> None:
    """What the condition returns is what the wait returns."""
    assert stage(tmp_path).until(lambda now: len(now.pods) or None, what="pods", seconds=0) == 2


def test_a_wait_ends_at_its_deadline_and_says_for_what(tmp_path: Path) -> None:
    """A condition that never holds ends in an error that names it."""
    with pytest.raises(DemoError, match="rng: a miracle did not come within 0 s; its policy says Apply Learning"):
        stage(tmp_path).until(lambda _: None, what="a miracle", seconds=0)


def test_a_wait_ends_when_the_story_is_stopped(tmp_path: Path) -> None:
    """The other story failed, or somebody pressed Ctrl-C: there is nothing more to wait for."""
    stop = threading.Event()
    stop.set()

    with pytest.raises(StoppedError):
        stage(tmp_path, stop=stop).until(lambda _: None, what="a miracle", seconds=60)


def test_what_is_waited_for_is_shown(tmp_path: Path) -> None:
    """People see what the story waits for, and the policy when it has moved."""
    voice = Heard()

    stage(tmp_path, voice=voice).until(lambda now: now.policy, what="its policy", seconds=0)

    assert voice.lines[0] == "waiting for its policy"
    assert "kubectl get probepolicy" in voice.lines[1]
