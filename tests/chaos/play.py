"""Everything that breaks and everything that must not, at once, until enough cycles are done."""

import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from chaos.deaths import LOST, SYSTEM, Deaths
from chaos.memory import Memory
from chaos.server import AwayError, Server
from chaos.sight import PLACES, look
from chaos.slots import Slot, living, outcomes
from chaos.troubles import ALL_REVOKED, Troubles
from chaos.watch import PolicyWatch
from chaos.workloads import NAMESPACE, Fate
from cluster.users import account
from lab import Lab
from lab.boot import wait_until

CRDS = Path(__file__).resolve().parents[2] / "crds"

_LOOK_SECONDS = 1.0
_SECONDS_APART = 3.0
_SAY_SECONDS = 20.0
_SECONDS_TO_SHOW = 5.0
_SECONDS_TO_GO = 90.0
_MOST_BYTES = 300 * 1024 * 1024


class Play:
    """One run, in a lab that is up; *folder* takes the operators' logs."""

    def __init__(self, lab: Lab, folder: Path, *, slots: int, seed: int) -> None:
        self._lab = lab
        self._seed = seed
        self._server = Server(lab)
        _set_up(lab)
        self._troubles = Troubles(lab, seed=seed)
        self._troubles.give_permissions()
        self._deaths = Deaths(lab, folder, account(lab, SYSTEM, "probetuner", folder=folder), seed=seed)
        self._watch = PolicyWatch(self._server, self._deaths.occasion)
        self._memory = Memory()
        self._slots = [Slot(name=f"web-{number}", fate=_fate(number)) for number in range(slots)]
        self._broken: list[str] = []
        self._began = 0.0

    def run(self, *, cycles: int, most_seconds: float) -> list[str]:
        """Play until so many changes were rolled back; print how it goes and what came of it; return what broke."""
        print(f"chaos: seed {self._seed}, {len(self._slots)} workloads side by side", flush=True)
        self._began = time.monotonic()
        self._watch.start()
        self._deaths.start()
        self._troubles.start()
        try:
            self._go_on(cycles, self._began + most_seconds)
            self._troubles.stop()
            self._leave_nothing()
        finally:
            self._troubles.stop()
            self._deaths.stop()
            self._watch.stop()
        self._conclude()
        print(f"chaos: {self._standing()}; {time.monotonic() - self._began:.0f} s in all")
        print(f"chaos: {len(self._broken)} promises broken (seed {self._seed})", flush=True)
        _tear_down(self._lab)
        return self._broken

    def _go_on(self, cycles: int, deadline: float) -> None:
        said_at = time.monotonic()
        while outcomes(self._slots)["rolled back"] < cycles:
            if time.monotonic() > deadline:
                self._breaks([f"{cycles} rollbacks were not reached in time: {dict(outcomes(self._slots))}"])
                return
            with suppress(AwayError):
                self._look()
            if time.monotonic() - said_at > _SAY_SECONDS:
                said_at = time.monotonic()
                print(f"chaos: {self._standing()}", flush=True)
            time.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        sight = look(self._server)
        there = {item["metadata"]["uid"] for item in sight.deployments.values()} & set(living(self._slots))
        self._breaks(self._memory.look(there, sight.histories, sight.policies))
        # All at once they would start so slowly that nothing could be gained by asking sooner.
        begun = 1 + int((time.monotonic() - self._began) / _SECONDS_APART)
        for slot in self._slots[:begun]:
            with suppress(AwayError):
                self._breaks(slot.step(self._server, sight, watched=self._deaths.is_watching))

    def _breaks(self, problems: Iterable[str]) -> None:
        for problem in problems:
            self._broken.append(problem)
            print(f"chaos: BROKEN: {problem}", flush=True)

    def _leave_nothing(self) -> None:
        """Delete all workloads; what was made for them has to go too."""

        def gone() -> bool:
            with suppress(AwayError):
                for slot in self._slots:
                    slot.clear(self._server)
                return not self._server.items(PLACES["ProbePolicy"]) + self._server.items(PLACES["ProbeHistory"])
            return False

        wait_until(gone, "what belonged to deleted workloads does not go", seconds=_SECONDS_TO_GO)

    def _conclude(self) -> None:
        self._breaks(self._deaths.problems)
        self._breaks(self._troubles.problems)
        self._breaks(self._deaths.faults())
        if self._deaths.counts[LOST] > self._troubles.counts[ALL_REVOKED]:
            self._breaks(["more operators lost the Lease than times at which nothing was permitted"])
        refusals = list(self._deaths.refusals())
        lasting = [(at, name, said) for at, ended_at, name, said in refusals if ended_at - at > _SECONDS_TO_SHOW]
        unshown = [each for each in lasting if not self._watch.showed(each[1].rpartition("/")[2], each[0])]
        print(f"chaos: the API server refused {len(refusals)} patches; {len(lasting)} by operators that lived on for ")
        print(f"chaos:   {_SECONDS_TO_SHOW:.0f} s, and of those all but {len(unshown)} were seen in a status")
        self._breaks(
            f"a refusal at {datetime.fromtimestamp(at, UTC):%T} was not shown: {name}: {said}"
            for at, name, said in unshown
        )
        if self._deaths.most_bytes > _MOST_BYTES:
            self._breaks([f"an operator held {self._deaths.most_bytes >> 20} MiB"])

    def _standing(self) -> str:
        counts = {**outcomes(self._slots), **self._deaths.counts, **self._troubles.counts}
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        return (
            f"{told}; {self._memory.histories} histories looked at {self._memory.looks} times, "
            f"{self._watch.versions} versions of policies, at most {self._deaths.most_bytes >> 20} MiB"
        )


def _fate(number: int) -> Fate:
    """Most are to be rolled back, since that is the longest way."""
    return {0: Fate.FOUGHT, 1: Fate.FOUGHT, 2: Fate.BETTER}.get(number, Fate.WORSE)


def _set_up(lab: Lab) -> None:
    _tear_down(lab)
    lab.kubectl("apply", "--server-side", "-f", str(CRDS))
    lab.kubectl("wait", "--for=condition=established", "--timeout=30s", "-f", str(CRDS))
    for namespace in (NAMESPACE, SYSTEM):
        lab.kubectl("create", "namespace", namespace)


def _tear_down(lab: Lab) -> None:
    lab.kubectl("delete", "namespace", "--ignore-not-found", NAMESPACE, SYSTEM)
    selector = "--selector=app.kubernetes.io/name=probetuner"
    lab.kubectl("delete", "clusterroles,clusterrolebindings", selector)
    lab.kubectl("delete", "roles,rolebindings", "--namespace=kube-system", selector)
    lab.kubectl("delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", selector)
    lab.kubectl("delete", "--ignore-not-found", "-f", str(CRDS))
