"""Users of a service, on a timetable that is the same in every run: `load.py URL PERIOD USERSxSECONDS…`.

Each user has one request at a time and wants to ask once in each period. One that waits for an answer that never comes
fails as often as it wanted to ask meanwhile, so that silence counts as much as refusals. Late answers count once.
The last line of output is a JSON object; times are seconds.
"""

import bisect
import http.client
import json
import random
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence

LEAD_SECONDS = 15
"""Until the service had time to come up, nobody asks."""

PATIENCE_SECONDS = 10


def timetable(user: int, plan: Sequence[tuple[int, int]], period: float) -> list[float]:
    """When a user wants to ask, in seconds; *plan* has how many users there are, for how many seconds each."""
    chance = random.Random(user)
    wanted, began = [], 0.0
    for users, seconds in plan:
        moments = [began + (number + chance.random()) * period for number in range(int(seconds / period))]
        wanted += moments if user < users else []
        began += seconds
    return wanted


def missed(wanted: Sequence[float], position: int, now: float) -> int:
    """How many requests that user would have sent after the one at *position*, had that ended before *now*."""
    return max(0, bisect.bisect_right(wanted, now) - position - 1)


def ask(url: str) -> str | None:
    """Why a request failed; None where it was answered well."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
            response.read()
    except urllib.error.HTTPError as error:
        return f"status-{error.code}"
    except urllib.error.URLError as error:
        return _cause(error.reason)
    except (OSError, http.client.HTTPException) as error:
        return _cause(error)
    return None


def _cause(error: str | BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "reset" if isinstance(error, ConnectionError) else "other"


class Tally:
    """What all users met."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answered = 0
        self.failed: Counter[str] = Counter()

    def count(self, cause: str | None, times: int) -> None:
        """Count a request, or *times* that failed."""
        with self._lock:
            if cause is None:
                self.answered += 1
            else:
                self.failed[cause] += times


def be_user(url: str, wanted: Sequence[float], began: float, tally: Tally) -> None:
    """Ask at each of these moments; *began* is the clock's time of the first."""
    position = 0
    while position < len(wanted):
        time.sleep(max(0.0, began + wanted[position] - time.time()))
        cause = ask(url)
        more = missed(wanted, position, time.time() - began)
        tally.count(cause, 1 + more)
        position += 1 + more


def main() -> None:
    """Send it all, and say what became of it."""
    url, period = sys.argv[1], float(sys.argv[2])
    plan = [(int(users), int(seconds)) for users, _, seconds in (phase.partition("x") for phase in sys.argv[3:])]
    tally, began = Tally(), time.time() + LEAD_SECONDS
    users = [
        threading.Thread(target=be_user, args=(url, timetable(user, plan, period), began, tally))
        for user in range(max(users for users, _ in plan))
    ]
    for user in users:
        user.start()
    for user in users:
        user.join()
    ended = began + sum(seconds for _, seconds in plan)
    print(json.dumps({"began": began, "ended": ended, "answered": tally.answered, "failed": tally.failed}))


if __name__ == "__main__":
    main()
