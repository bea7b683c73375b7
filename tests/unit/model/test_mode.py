"""The mode in force is that of the nearest who said something."""

import pytest

from probetuner.model.mode import Mode, ModeSource, resolve_mode


@pytest.mark.parametrize(
    ("policy", "workload", "namespace", "mode", "source"),
    [
        ("Apply", "Off", "Observe", Mode.APPLY, ModeSource.POLICY),
        (None, "Off", "Apply", Mode.OFF, ModeSource.WORKLOAD),
        (None, None, "Apply", Mode.APPLY, ModeSource.NAMESPACE),
        (None, None, None, Mode.RECOMMEND, ModeSource.DEFAULT),
    ],
)
def test_the_nearest_wins(
    policy: str | None, workload: str | None, namespace: str | None, mode: Mode, source: ModeSource
) -> None:
    """A ProbePolicy before the workload's annotation before the Namespace's before the cluster's default."""
    decision = resolve_mode(policy=policy, workload=workload, namespace=namespace, default=Mode.RECOMMEND)

    assert (decision.mode, decision.source, decision.problem) == (mode, source, None)


@pytest.mark.parametrize("word", ["apply", "", "On", "x" * 10_000])
def test_a_word_that_is_no_mode_is_off_and_says_so(word: str) -> None:
    """A mistake never makes the operator act by somebody else's wish; the sentence is bounded."""
    decision = resolve_mode(policy=None, workload=word, namespace="Apply", default=Mode.APPLY)

    assert decision.mode is Mode.OFF
    assert decision.problem is not None
    assert "probetuner.dev/mode" in decision.problem
    assert len(decision.problem) < 300
