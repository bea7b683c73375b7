"""How sure a finding is, from how many observations say the same, and what chance alone makes."""

import math
from statistics import NormalDist


def from_repeats(count: int, *, strength: float) -> float:
    """The confidence after *count* independent observations, each of which misleads with probability 1 - strength.

    *strength* is from 0 to 1. One strong observation says as much as several weak ones; certainty is never reached.
    """
    return min(_MOST, 1.0 - (1.0 - strength) ** count)


def is_more_than_chance(count: int, expected: float) -> bool:
    """Whether a Poisson variable of that mean hardly ever reaches the count."""
    if expected > _MANY:
        return count >= NormalDist(expected, math.sqrt(expected)).inv_cdf(1.0 - _CHANCE)
    below, term = 0.0, math.exp(-expected)
    for number in range(count):
        below += term
        term *= expected / (number + 1)
    return count > 0 and 1.0 - below <= _CHANCE


_CHANCE, _MANY = 0.05, 100.0
"""How seldom chance may do it; and the mean from which on a Poisson distribution is as good as normal."""
_MOST = 0.99
