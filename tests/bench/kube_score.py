"""kube-score, compiled from source into the lab's cache."""

from pathlib import Path

from lab.cache import cache_root, made
from lab.errors import run

VERSION = "v1.20.0"


def kube_score() -> Path:
    """Return the program, compiled first if need be (a minute). Raises LabError when that fails."""
    return made(cache_root() / f"kube-score-{VERSION}", _compile) / "kube-score"


def _compile(folder: Path) -> None:
    package = f"github.com/zegl/kube-score/cmd/kube-score@{VERSION}"
    environment = {"GOBIN": str(folder), "CGO_ENABLED": "0", "GOWORK": "off"}
    run(["go", "install", "-trimpath", "-ldflags=-s -w", package], folder=folder, environment=environment)
