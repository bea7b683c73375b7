"""The operator's own loops, as tests need them."""

from collections.abc import Callable

from probetuner.controller.supervising import Loop


def a_loop(
    *,
    clock: Callable[[], float] = lambda: 0.0,
    failed: Callable[[], None] = lambda: None,
    limit_seconds: float = 1.0,
) -> Loop:
    """A loop that nobody counts the failures of."""
    return Loop("testing", limit_seconds=limit_seconds, clock=clock, failed=failed)
