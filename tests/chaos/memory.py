"""What was once saved must stay: histories and logs of changes, looked at again and again."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chaos.sight import owner_of
from probetuner.history import codec

Object = Mapping[str, Any]
Life = tuple[str, str, str, int]


class Memory:
    """What stood in the objects of each workload when they were last looked at, by the workload's uid."""

    def __init__(self) -> None:
        self.histories = 0
        self.looks = 0
        self._lives: dict[str, set[Life]] = {}
        self._changes: dict[str, list[str]] = {}

    def look(self, uids: Iterable[str], histories: Iterable[Object], policies: Iterable[Object]) -> Iterator[str]:
        """Yield a sentence for each workload that lives and of which something is gone."""
        self.looks += 1
        saved = {owner_of(history): history for history in histories}
        logs = {owner_of(policy): policy for policy in policies}
        for uid in uids:
            yield from self._look_at_history(uid, saved.get(uid))
            yield from self._look_at_log(uid, logs.get(uid))

    def _look_at_history(self, uid: str, history: Object | None) -> Iterator[str]:
        before = self._lives.get(uid)
        if history is None:
            if before is not None:
                yield f"history of {uid} is gone, with {len(before)} lives in it"
                del self._lives[uid]
            return
        self.histories += before is None
        now = _lives(history)
        if before is not None and before - now:
            yield f"history of {uid} has lost {sorted(before - now)}"
        self._lives[uid] = now

    def _look_at_log(self, uid: str, policy: Object | None) -> Iterator[str]:
        entries = (policy or {}).get("status", {}).get("history", [])
        now = [f"{entry['id']} of {entry['decidedAt']}" for entry in entries if "appliedAt" in entry]
        lost = set(self._changes.get(uid, ())) - set(now)
        if lost:
            yield f"log of changes of {uid} has lost {sorted(lost)}"
        self._changes[uid] = now


def _lives(history: Object) -> set[Life]:
    data = history["data"]
    found = codec.decode(data["state"], version=data["version"])
    return {
        (entry.name, entry.template_hash, life.pod_uid, life.restarts)
        for entry in found.containers
        for life in entry.lives
    }
