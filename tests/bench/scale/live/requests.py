"""What each program asked of the API server, counted from its audit log."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

WRITES = ("create", "update", "patch", "delete", "deletecollection")


def requests_by_verb(log: Iterable[str], user: str, *, since: float, until: float) -> Counter[str]:
    """Count a user's requests that began between two times (epoch seconds), by verb.

    A watch counts when it begins. What is written to a Lease counts as `lease`: to stay the leader is no work done.
    """
    counts: Counter[str] = Counter()
    for line in log:
        entry = json.loads(line)
        if entry["user"]["username"] != user or not since <= _seconds(entry["requestReceivedTimestamp"]) < until:
            continue
        verb = entry["verb"]
        if entry["stage"] != ("ResponseStarted" if verb == "watch" else "ResponseComplete"):
            continue
        of_lease = entry.get("objectRef", {}).get("resource") == "leases"
        counts["lease" if of_lease and verb in WRITES else verb] += 1
    return counts


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
