"""What a load may consist of, bounded on every side before anything is sent."""

from dataclasses import dataclass

MOST_REQUESTS = 100_000
"""In all steps together."""

MOST_SECONDS = 1800
"""In all steps together."""

MOST_CONCURRENCY = 500
MOST_STEPS = 20
MOST_TIMEOUT_SECONDS = 60


class PlanError(ValueError):
    """The load asked for is not within its bounds; the text says which one, and what to ask for instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A load in steps, each of so many requests at a time. Raises PlanError when it is out of bounds.

    `urls` take turns. `requests` and `seconds` end each step, whichever comes first. A request that takes longer than
    `timeout_seconds` has failed. The load ends early when more than `abort_error_share` of the requests of a few
    seconds failed; a share of 1 never does that.
    """

    urls: tuple[str, ...]
    concurrency: tuple[int, ...]
    requests: int
    seconds: int
    timeout_seconds: float = 30.0
    abort_error_share: float = 0.5

    def __post_init__(self) -> None:
        _bound("steps", len(self.concurrency), MOST_STEPS)
        _bound("addresses", len(self.urls), MOST_CONCURRENCY)
        for concurrency in self.concurrency:
            _bound("requests at a time", concurrency, MOST_CONCURRENCY)
        _bound("requests in each step", self.requests, MOST_REQUESTS)
        _bound("seconds for each step", self.seconds, MOST_SECONDS)
        _bound("requests in all steps together", self.most_requests, MOST_REQUESTS)
        _bound("seconds in all steps together", self.most_seconds, MOST_SECONDS)
        if not 0.0 < self.timeout_seconds <= MOST_TIMEOUT_SECONDS:
            raise PlanError(f"{self.timeout_seconds:g} s for a request: ask for more than 0 and at most 60")
        if not 0.0 <= self.abort_error_share <= 1.0:
            raise PlanError(f"a share of {self.abort_error_share:g} failed requests: ask for one from 0 to 1")
        if list(self.concurrency) != sorted(set(self.concurrency)):
            raise PlanError(f"the steps {','.join(map(str, self.concurrency))} do not rise: write each above the last")

    @property
    def most_requests(self) -> int:
        """How many requests all steps together can send."""
        return self.requests * len(self.concurrency)

    @property
    def most_seconds(self) -> int:
        """How long all steps together can last."""
        return self.seconds * len(self.concurrency)


def _bound(what: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise PlanError(f"{value} {what}: ask for 1 to {most}")
