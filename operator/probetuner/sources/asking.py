"""Many nodes asked for their kubelets' pages at once, and left alone together where asking more of them is no use."""

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from probetuner.facts.page import Page
from probetuner.sources.failing import Failure
from probetuner.sources.kubelet import PATHS, KubeletAddress, KubeletError
from probetuner.sources.live import LiveError
from probetuner.sources.recording import Scrape

_AT_ONCE = 16
OF_A_KIND = 3
"""So many nodes that fail in the same way have a reason in common: a right, a network policy, a proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A node to ask; `address` is where its kubelet listens, where it is to be asked itself."""

    node: str
    address: KubeletAddress | None = None


class Asking:
    """One round. `read` gives a page of a node, or raises LiveError or KubeletError.

    Once `of_a_kind` nodes failed in the same way, the others are left alone.

    When it is over, `failed` has the nodes that failed, with the way and a sentence, `left_out` those that were not
    asked after that, and `partial` what of a node's page could not be taken.
    """

    def __init__(self, doors: Sequence[Door], read: Callable[[Door, str], Page], *, of_a_kind: int = OF_A_KIND) -> None:
        self._doors, self._read, self._of_a_kind = deque(doors), read, of_a_kind
        self._heard: queue.SimpleQueue[Scrape | None] = queue.SimpleQueue()
        self.failed: dict[str, tuple[Failure, str]] = {}
        self.left_out: list[str] = []
        self.partial: dict[str, str] = {}

    def answers(self, step: Callable[[], None]) -> Iterator[Scrape]:
        """The answers in the order of receipt; `step` is called when a node is done with.

        Its threads hold nobody up who has heard enough.
        """
        working = min(_AT_ONCE, len(self._doors))
        for _ in range(working):
            threading.Thread(target=self._work, args=(step,), daemon=True).start()
        while working:
            scrape = self._heard.get()
            if scrape is None:
                working -= 1
            else:
                yield scrape

    def _work(self, step: Callable[[], None]) -> None:
        try:
            while self._doors:
                try:
                    door = self._doors.popleft()
                except IndexError:  # another thread took the last one
                    return
                self._ask(door)
                step()
        finally:
            self._heard.put(None)

    def _ask(self, door: Door) -> None:
        kinds = Counter(failure for failure, _ in list(self.failed.values()))
        if max(kinds.values(), default=0) >= self._of_a_kind:
            self.left_out.append(door.node)
            return
        try:
            for path in PATHS:
                page = self._read(door, path)
                if page.problem is not None:
                    self.partial[door.node] = f"of {path} {page.problem}"
                self._heard.put(Scrape(at=time.time(), node=door.node, path=path, text=page.text, problem=page.problem))
        except (LiveError, KubeletError) as problem:
            self.failed[door.node] = (problem.failure, str(problem))
