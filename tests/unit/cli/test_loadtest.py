"""What `loadtest` refuses before it asks any cluster."""

from pathlib import Path

import pytest

from support.live_api import Cluster, serving
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
        ("-r", "100001"),
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


def test_who_means_requests_by_n_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in all commands -n is the namespace; where none is there of that name, the number of ab is asked after."""
    documents = {"/apis/apps/v1/namespaces/1000/deployments/rng": None}
    with serving(Cluster(objects=[], documents=documents), tmp_path) as (_, kubeconfig):
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
        done = probetuner("loadtest", "deployment/rng", "-c", "10", "-n", "1000", "--yes")

    assert "-n is the namespace; the number of requests is -r 1000" in done.stderr
    assert done.exit_code == 2
