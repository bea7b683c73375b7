"""Where one story plays: a namespace that is watched, and told about, as long as the story waits for something."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from demo import namespaces, observation
from demo.cluster import Cluster, DemoError
from demo.narration import news, policy_moved
from demo.observation import Observation
from demo.tally import Tally

_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_OF_SILENCE = 20.0

Found = TypeVar("Found")


class StoppedError(Exception):
    """The story was asked to stop."""


class Voice(Protocol):
    """How a story speaks: in lines that stay, and in what it is doing just now."""

    def say(self, line: str) -> None:
        """Tell a line."""

    def doing(self, what: str) -> None:
        """Show what is waited for, until the next such word."""


class Stage:
    """A namespace with one Deployment, looked at every two seconds while something is waited for.

    `stop` ends every wait. `tally` is what happened so far.
    """

    def __init__(self, cluster: Cluster, *, namespace: str, workload: str, voice: Voice, stop: threading.Event) -> None:
        self.cluster, self.namespace, self.workload = cluster, namespace, workload
        self.tally = Tally()
        self._voice, self._stop = voice, stop
        self._began = self._spoke = time.monotonic()
        self._latest: Observation | None = None

    def set_up(self, documents: Iterable[Mapping[str, Any]]) -> str:
        """Make the namespace with these objects in it, wait for the pods, and return their pod-template-hash."""
        namespaces.make(self.cluster, self.namespace)
        self.cluster.apply(documents, namespace=self.namespace)
        return self.until(
            lambda now: now.template if now.pods else None, what="its first pods", seconds=_SECONDS_TO_SET_UP
        )

    def say(self, line: str) -> None:
        """Tell people, with the seconds since the story began."""
        self._spoke = time.monotonic()
        self._voice.say(f"{self._spoke - self._began:4.0f} s  {line}")

    def look(self) -> Observation:
        """Look at the namespace, tell what is new, and remember it."""
        now = observation.read(self.cluster.get(observation.KINDS, f"--namespace={self.namespace}"), self.workload)
        for line in news(self.tally, self._latest, now):
            self.say(line)
        if policy_moved(self._latest, now):
            self._show_policy()
        self.tally, self._latest = self.tally.seeing(now), now
        return now

    def until(self, wanted: Callable[[Observation], Found | None], *, what: str, seconds: float) -> Found:
        """Look until *wanted* finds something, and return that.

        Raises DemoError, naming *what* was waited for, when *seconds* pass without it; StoppedError when asked to stop.
        """
        began = time.monotonic()
        self._voice.doing(f"waiting for {what}")
        while (found := wanted(self.look())) is None:
            waited = time.monotonic() - began
            if waited > seconds:
                standing = (
                    " ".join(filter(None, self._latest.policy.standing))
                    if self._latest and self._latest.policy
                    else "nothing"
                )
                raise DemoError(
                    f"{self.workload}: {what} did not come within {seconds:.0f} s; its policy says {standing}"
                )
            if time.monotonic() - self._spoke > _SECONDS_OF_SILENCE:
                self.say(f"still waiting for {what}, {waited:.0f} s so far")
            if self._stop.wait(_SECONDS_BETWEEN_LOOKS):
                raise StoppedError
        return found

    def _show_policy(self) -> None:
        table = self.cluster.kubectl("get", "probepolicy", f"--namespace={self.namespace}")
        self.say("\n".join(["kubectl get probepolicy", *table.splitlines()]))


_SECONDS_TO_SET_UP = 120
