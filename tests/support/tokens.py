"""What tests show to kubelets."""

from collections.abc import Awaitable, Callable


def showing(*tokens: str | None) -> Callable[[], Awaitable[str | None]]:
    """Shows each of these tokens once, and the last one from then on."""
    left = list(tokens)

    async def current() -> str | None:
        return left.pop(0) if len(left) > 1 else left[0]

    return current
