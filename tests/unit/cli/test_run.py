"""What `probetuner run` says before it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_without_a_cluster_it_says_what_to_set(tmp_path: Path) -> None:
    """No kubeconfig and no pod: one sentence with the next step, exit code 2, no traceback."""
    done = _run(tmp_path, "run")

    assert done.returncode == 2
    assert done.stderr.startswith("probetuner: no cluster is configured")
    assert "set KUBECONFIG to a kubeconfig file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_word_is_answered_with_the_right_ones(tmp_path: Path) -> None:
    """A mode that is none is refused with those that are."""
    done = _run(tmp_path, "run", "--default-mode=aply")

    assert done.returncode == 2
    assert all(mode in done.stderr for mode in ("Off", "Observe", "Recommend", "Apply"))


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--lease", "--kubelet-account"])
def test_a_name_without_its_namespace_is_answered_with_the_form(tmp_path: Path, option: str) -> None:
    """What names no object is refused before any cluster is asked."""
    done = _run(tmp_path, "run", f"{option}=probetuner")

    assert done.returncode == 2
    assert "write NAMESPACE/NAME" in done.stderr
    assert option in done.stderr


@pytest.mark.slow
def test_a_namespace_that_cannot_be_one_is_answered_with_the_form(tmp_path: Path) -> None:
    """An empty name would ask for a list that there is not."""
    done = _run(tmp_path, "run", "--watch-namespace=")

    assert done.returncode == 2
    assert "does not name a namespace" in done.stderr
    assert "--watch-namespace" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--shard=3/2"], "'3/2' is no shard; write INDEX/COUNT, such as 2/5"),
        (["--shard=1/3"], "2 cannot be divided among 3 shards; give each one at least"),
    ],
)
def test_a_shard_that_cannot_be_one_is_answered_with_what_can(tmp_path: Path, flags: list[str], said: str) -> None:
    """Neither an index beyond the count, nor a shard that could never roll anything out."""
    done = _run(tmp_path, "run", *flags)

    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def _run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(home / "none"), "COLUMNS": "200"}
    command = [sys.executable, "-c", "from probetuner.cli.main import app; app()", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
