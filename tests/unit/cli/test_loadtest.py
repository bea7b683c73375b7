"""What `loadtest` refuses before it asks any cluster."""

from pathlib import Path

import pytest

from unit.cli.commands import probetuner


@pytest.mark.parametrize(
    "target",
    [
        "http://example.com/",
        "https://10.0.0.1",
        "example.com",
        "example.com/rng",
        "10.0.0.1:80",
        "deployment/",
        "/rng",
        "deployment/a/b",
        "pod/rng",
        "node/rng",
        "",
    ],
)
def test_only_workloads_and_services_are_loaded(target: str) -> None:
    """Neither a URL nor a host nor another kind is taken, and the answer says what is."""
    done = probetuner("loadtest", target, "--yes")

    assert "write deployment/NAME" in done.stderr
    assert (done.exit_code, done.stdout) == (2, "")


@pytest.mark.parametrize(
    "options",
    [
        ("-c", "501"),
        ("-c", "0"),
        ("-n", "100001"),
        ("--seconds", "1801"),
        ("--timeout-seconds", "61"),
        ("--abort-error-share", "2"),
        ("--steps", "1,x"),
        ("--steps", ""),
        ("--steps", "1,,2"),
        ("--steps", "9999999"),
    ],
)
def test_bounds_hold_before_any_cluster_is_asked(
    options: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is beyond a bound ends with exit code 2, without a cluster."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = probetuner("loadtest", "deployment/rng", *options)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "no cluster" not in done.stderr


def test_help_tells_what_n_means() -> None:
    """Whoever knows kubectl is warned that -n is not the namespace."""
    shown = " ".join(probetuner("loadtest", "--help").stdout.replace("│", " ").split())

    assert "-n is not short for it" in shown
