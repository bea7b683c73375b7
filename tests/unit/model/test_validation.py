"""What the API server refuses in a probe is known in its own words, and nothing that it takes is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.model.validation import violations
from support.refused import ACCEPTED, REFUSED


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_told_in_the_servers_words(name: str) -> None:
    """Each fault gives the sentence of the API server, which tests/cluster holds against a real one."""
    probe, field, sentences = REFUSED[name]

    assert violations(probe, field) == sentences


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted_is_not_told(name: str) -> None:
    """Zeros mean defaults, a path may be absent, and readiness may ask for several successes."""
    probe, field = ACCEPTED[name]

    assert violations(probe, field) == ()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("httpGet", "tcpSocket", "exec", "grpc", "periodSeconds", "terminationGracePeriodSeconds", "other")


@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES), st.sampled_from(["livenessProbe", "readinessProbe"]))
def test_anything_can_be_checked(raw: dict[str, Any], field: str) -> None:
    """Whatever stands in a manifest, the check gives short sentences and never fails."""
    for sentence in violations(raw, field):
        assert sentence.startswith(field)
        assert len(sentence) < 250
