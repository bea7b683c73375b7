"""How far a load is, on standard error: a live bar at a terminal, a line for each step and kill elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from probetuner.cli.telling import note
from probetuner.loadtest.course import Course
from probetuner.loadtest.figures import Figures
from probetuner.loadtest.plan import Plan


class LoadBar:
    """Shows a course as it goes, from the entrance of the context to its exit."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._told_steps = self._told_kills = 0
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
            )
            self._bar.add_task("starting the client", total=float(len(self._plan.concurrency)))
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, course: Course) -> None:
        """Show how far it is now."""
        if not course.lines or course.impact is None:
            return
        now = course.lines[-1]
        kills = sum(kill.count for kill in course.impact.kills)
        if self._bar is None:
            self._tell(now, kills)
            return
        failed = sum(failures.count for failures in course.impact.failures)
        description = (
            f"{now.concurrency} at a time: {now.answered} answered, {now.failures} failed, "
            f"{failed} probes failed, {kills} kills"
        )
        self._bar.update(self._bar.task_ids[0], completed=self._done(now), description=description)

    def _tell(self, now: Figures, kills: int) -> None:
        if now.step >= self._told_steps:
            self._told_steps = now.step + 1
            note(f"step {now.step + 1} of {len(self._plan.concurrency)}: {now.concurrency} at a time")
        if kills > self._told_kills:
            self._told_kills = kills
            note(f"the kubelet kills a container for its probe, {kills} so far")

    def _done(self, now: Figures) -> float:
        """How many steps are done; a step is as far as the nearer of its two ends."""
        requests = (now.answered + now.failures) / self._plan.requests
        return now.step + min(1.0, max(requests, now.seconds / self._plan.seconds))
