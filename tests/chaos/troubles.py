"""What breaks around the operator: one trouble after the other, in an order that the seed gives."""

import random
import threading
from collections import Counter
from collections.abc import Callable

from cluster.charts import give, permissions
from cluster.etcd import compact
from lab import Lab, LabError
from lab.boot import wait_until

_PAUSE_SECONDS = (20.0, 45.0)
"""Starts that nobody could watch lead to nothing; a kubelet alone goes on refusing for 30 s after it was told to."""
_SECONDS_TO_WORK = 60.0
APPLY, ALL = "apply", ""
ALL_REVOKED = "all permissions revoked"


class Troubles:
    """Makes trouble until it is stopped, and leaves everything mended."""

    def __init__(self, lab: Lab, *, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._lab = lab
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._make, name="troubles")
        self._permissions = permissions(lab, "apply.enabled=true")

    def give_permissions(self) -> None:
        """Make the accounts and roles of the chart, their bindings, and the guard around the right to patch."""
        give(self._lab, self._permissions)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, once the present trouble is over."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _make(self) -> None:
        kinds: list[Callable[[], str]] = [
            self._restart_api_server,
            self._hang_kubelet,
            lambda: self._revoke(APPLY, 15.0),
            lambda: self._revoke(ALL, 8.0),
        ]
        while not self._stop.is_set():
            self._random.shuffle(kinds)
            for trouble in kinds:
                if self._stop.wait(self._random.uniform(*_PAUSE_SECONDS)):
                    return
                try:
                    self.counts[trouble()] += 1
                except LabError as problem:
                    self.problems.append(f"the lab did not do what the chaos asked of it: {problem}")

    def _restart_api_server(self) -> str:
        """Kill it, and compact etcd, so that no watch can be gone on with from where it was."""
        self._lab.stop_component("apiserver")
        compact(self._lab)
        self._stop.wait(self._random.uniform(1.0, 6.0))
        self._lab.start_component("apiserver")
        self._lab.wait_ready()
        return "API server restarts, etcd compacted"

    def _hang_kubelet(self) -> str:
        self._lab.pause_component("kubelet")
        self._stop.wait(12.0)
        self._lab.resume_component("kubelet")
        return "kubelet hangs"

    def _revoke(self, role: str, seconds: float) -> str:
        bindings = [each["metadata"]["name"] for each in self._permissions if each["kind"] == "ClusterRoleBinding"]
        self._lab.kubectl("delete", "clusterrolebinding", *(name for name in bindings if name.endswith(role)))
        self._stop.wait(seconds)
        wait_until(self._given_back, "the permissions cannot be given back", seconds=_SECONDS_TO_WORK)
        return "permission to patch revoked" if role else ALL_REVOKED

    def _given_back(self) -> bool:
        try:
            self.give_permissions()
        except LabError:
            return False
        return True
