"""What people see while the stories run: lines that stay, and on a terminal what each story is doing just now."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

_NAME_WIDTH = 8


class Screen:
    """The display that the stories share; a context manager. Threads may use it at the same time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def voice(self, name: str, *, style: str) -> "StoryVoice":
        """The voice of a story, known by its name and its colour."""
        return StoryVoice(self._console, self._progress, name=name, style=style)


class StoryVoice:
    """The voice of one story on the screen."""

    def __init__(self, console: Console, progress: Progress, *, name: str, style: str) -> None:
        self._console, self._progress = console, progress
        self._name, self._style = name, style
        self._task: TaskID = progress.add_task(name, total=None)

    def say(self, text: str) -> None:
        """Print the lines of a text with the story's name before each."""
        lines = Text("\n").join(
            Text.assemble((self._name.ljust(_NAME_WIDTH), self._style), line) for line in text.splitlines()
        )
        self._console.print(lines, soft_wrap=True)

    def doing(self, what: str) -> None:
        """Show what the story waits for."""
        self._progress.reset(self._task, description=f"{self._name}: {what}")
