"""The operator, with the permissions that the chart gives it, killed at random moments and started again."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from cluster.operator_process import OperatorProcess, read_log
from lab import Lab, LabError

SYSTEM = "probetuner-system"
LOST = "lost the Lease"

_FLAGS = (
    "--scrape-interval-seconds=1",
    "--max-rollouts=100",
    f"--kubelet-account={SYSTEM}/probetuner-kubelet",
    "--lease=kube-system/probetuner",
)
_LIFE_SECONDS = 60.0
_SECONDS_TO_START = 60.0
_STILLBORN = 0.1
"""The share of operators that die before they have begun, as by a wrong image."""
_GRACEFUL = 0.2
"""The share of ends that are asked for (SIGTERM); the others are sudden (SIGKILL)."""
_LEASE_AGAIN_SECONDS = 3.0
"""How long after the permissions have gone the Lease is tried again at the latest, and that is told."""
_AFTER_OCCASION_SECONDS = 0.08
_OCCASIONS_TAKEN = 0.12
_PARTING_WORDS = "an error occurred during closing of asynchronous generator"
"""asyncio says so of kopf's watches when it ends while the API server is away; nothing is left to go wrong then."""


class Deaths:
    """Keeps an operator running, but for its deaths.

    Most come at any moment. Some come within a few milliseconds of the moment at which a change was first seen to be
    written down, since what is between that and the patch is over soon.
    """

    def __init__(self, lab: Lab, folder: Path, kubeconfig: Path, *, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.most_bytes = 0
        self.is_watching = False
        """Whether an operator has begun its work and has not ended yet."""
        self._lab = lab
        self._kubeconfig = kubeconfig
        self._random = random.Random(seed)
        self._folder = folder
        self._occasion = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_going, name="deaths")
        self._ended: dict[Path, float] = {}

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def occasion(self) -> None:
        """Say that a change has just been written down."""
        self._occasion.set()

    def stop(self) -> None:
        """End the last operator, as it is asked to end."""
        self._stop.set()
        self._occasion.set()
        if self._thread.is_alive():
            self._thread.join()

    def refusals(self) -> Iterator[tuple[float, float, str, str]]:
        """Yield every no of the API server to a patch: when, until when that operator wrote, the workload, the words.

        Who may not renew the Lease has no permissions at all, and can write no status.
        """
        for log, ended_at in self._ended.items():
            lines = read_log(log)
            silenced = [_time(line) for line in lines if line["event"].startswith("lease not taken")]
            for line in lines:
                if line["event"] == "decided" and line.get("refusal"):
                    at = _time(line)
                    until = min((each for each in silenced if each >= at - _LEASE_AGAIN_SECONDS), default=ended_at)
                    yield at, until, line["workload"], line["refusal"]

    def faults(self) -> Iterator[str]:
        """Yield what operators logged as faults of their own."""
        for log in self._ended:
            for line in read_log(log):
                if line["level"] == "error" and "exception" in line and not line["event"].startswith(_PARTING_WORDS):
                    yield f"{line['event']}: {str(line['exception'])[-600:]}"

    def _keep_going(self) -> None:
        while not self._stop.is_set():
            log = self._folder / f"{len(self._ended):04}.log"
            operator = OperatorProcess(self._lab, log, *_FLAGS, kubeconfig=self._kubeconfig)
            self._live(operator)
            self.most_bytes = max(self.most_bytes, operator.most_bytes())
            if not operator.is_alive():
                self._ended_by_itself(log)
            self._end(operator)
            self._ended[log] = time.time()

    def _live(self, operator: OperatorProcess) -> None:
        stillborn = self._random.random() < _STILLBORN
        deadline = time.monotonic() + (self._random.uniform(0.0, 2.0) if stillborn else _SECONDS_TO_START)
        while time.monotonic() < deadline and operator.is_alive() and not operator.lines() and not self._stop.is_set():
            time.sleep(0.2)
        if stillborn:
            return
        self.is_watching = True
        ends_at = time.monotonic() + self._random.uniform(0.0, _LIFE_SECONDS)
        while (left := ends_at - time.monotonic()) > 0 and operator.is_alive() and not self._stop.is_set():
            self._occasion.clear()
            if self._occasion.wait(min(left, 1.0)) and self._random.random() < _OCCASIONS_TAKEN:
                self._stop.wait(self._random.uniform(0.0, _AFTER_OCCASION_SECONDS))
                self.counts["at a change"] += not self._stop.is_set()
                return

    def _end(self, operator: OperatorProcess) -> None:
        self.is_watching = False
        if self._stop.is_set() or self._random.random() < _GRACEFUL:
            self.counts["asked to end"] += 1
            code = operator.stop()
            # Asked before it could hear that, it ends as any process does.
            if code and (code != -signal.SIGTERM or operator.lines()) and not _lost_the_lease(operator.lines()):
                self.problems.append(f"an operator that was asked to end ended with {code}")
        else:
            self.counts["killed"] += 1
            operator.kill()
            self._free_the_lease()

    def _ended_by_itself(self, log: Path) -> None:
        """Who has no permissions for longer than the Lease is good ends, since another one may have taken it."""
        if _lost_the_lease(read_log(log)):
            self.counts[LOST] += 1
        else:
            self.problems.append(f"an operator ended by itself: {log.read_text()[-2000:]}")

    def _free_the_lease(self) -> None:
        """Take the Lease from an operator that is known to be dead: nobody has to wait until it expires."""
        with suppress(LabError):
            self._lab.kubectl("delete", "lease", "probetuner", "--namespace=kube-system", "--ignore-not-found")


def _time(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def _lost_the_lease(lines: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the Lease was lost because nothing was permitted, as long as `Troubles` permits nothing."""
    return any(line["event"] == "the lease is lost" and "is forbidden" in line["problem"] for line in lines)
