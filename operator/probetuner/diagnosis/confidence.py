"""How sure a finding is, from how many observations say the same."""


def from_repeats(count: int, *, strength: float) -> float:
    """The confidence after *count* independent observations, each of which misleads with probability 1 - strength.

    *strength* is from 0 to 1. One strong observation says as much as several weak ones; certainty is never reached.
    """
    return min(_MOST, 1.0 - (1.0 - strength) ** count)


_MOST = 0.99
