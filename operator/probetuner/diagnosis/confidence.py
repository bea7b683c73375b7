"""How sure a finding is, from how many observations say the same, and what chance alone makes."""

import math


def from_repeats(count: int, *, strength: float) -> float:
    """The confidence after *count* independent observations, each of which misleads with probability 1 - strength.

    *strength* is from 0 to 1. One strong observation says as much as several weak ones; certainty is never reached.
    """
    return min(_MOST, 1.0 - (1.0 - strength) ** count)


def is_more_than_chance(count: int, expected: float) -> bool:
    """Whether a Poisson variable of that mean hardly ever reaches the count."""
    if expected > _MANY:
        return count >= expected + _DEVIATIONS * math.sqrt(expected)
    below, term = 0.0, math.exp(-expected)
    for number in range(count):
        below += term
        term *= expected / (number + 1)
    return count > 0 and 1.0 - below <= _CHANCE


_CHANCE, _DEVIATIONS = 0.05, 1.645
"""How seldom chance may do it, and how far out that is in a normal distribution."""
_MANY = 100.0
"""From here on a Poisson distribution is as good as normal."""
_MOST = 0.99
