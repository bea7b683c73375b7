"""The mode in force is that of the nearest who said something."""

import pytest

from probetuner.model.mode import Mode, ModeSource, resolve_mode


@pytest.mark.parametrize(
    ("policy", "workload", "namespace", "mode", "source"),
    [
        ("Apply", "Observe", "Off", Mode.APPLY, ModeSource.POLICY),
        ("Off", "Apply", "Apply", Mode.OFF, ModeSource.POLICY),
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


@pytest.mark.parametrize("policy", ["Observe", "Recommend", "Apply", "aply"])
@pytest.mark.parametrize("workload", ["Off", "off", "no"])
def test_off_on_the_workload_is_a_veto(policy: str, workload: str) -> None:
    """Whoever may write policies cannot lift it, however it is spelled; who may change the workload too can."""
    vetoed, lifted = (
        resolve_mode(policy=policy, workload=workload, namespace="Apply", default=Mode.APPLY, lifts_off=lifts_off)
        for lifts_off in (False, True)
    )

    assert (vetoed.mode, vetoed.source, vetoed.is_veto) == (Mode.OFF, ModeSource.WORKLOAD, True)
    assert (lifted.source, lifted.is_veto) == (ModeSource.POLICY, False)


def test_a_policy_that_says_off_agrees_with_the_workload() -> None:
    """Nobody is told of a veto where nobody asked for more."""
    decision = resolve_mode(policy="Off", workload="Off", namespace=None, default=Mode.APPLY)

    assert (decision.mode, decision.source, decision.is_veto) == (Mode.OFF, ModeSource.POLICY, False)


@pytest.mark.parametrize("word", ["apply", "", "On", "x" * 10_000])
def test_a_word_that_is_no_mode_is_off_and_says_so(word: str) -> None:
    """A mistake never makes the operator act by somebody else's wish; the sentence is bounded."""
    decision = resolve_mode(policy=None, workload=word, namespace="Apply", default=Mode.APPLY)

    assert decision.mode is Mode.OFF
    assert decision.problem is not None
    assert "probetuner.dev/mode" in decision.problem
    assert len(decision.problem) < 300
