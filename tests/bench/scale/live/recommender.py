"""The VPA recommender and its definitions, from its pinned Go module, compiled into the lab's cache."""

import json
import shutil
from pathlib import Path

from lab.cache import cache_root, key_of, made
from lab.errors import run

VERSION = "v1.8.1"
_MODULE = "k8s.io/autoscaler/vertical-pod-autoscaler"
_PINNED = Path(__file__).with_name("go")
"""A module of our own that requires it: `go install` refuses a module that excludes versions of others."""
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off"}
_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w")
PROGRAM, DEFINITIONS = "recommender", "definitions.yaml"


def recommender() -> Path:
    """Return the folder with PROGRAM and DEFINITIONS, compiled first if need be (minutes). Raises LabError."""
    return made(cache_root() / "vpa-recommender" / key_of(*sorted(_PINNED.iterdir())), _compile)


def _compile(folder: Path) -> None:
    package = f"{_MODULE}/pkg/recommender"
    run(["go", "build", *_FLAGS, "-o", f"{folder}/", package], folder=_PINNED, environment=_ENVIRONMENT)
    found = json.loads(run(["go", "mod", "download", "-json", _MODULE], folder=_PINNED, environment=_ENVIRONMENT))
    shutil.copyfile(Path(found["Dir"]) / "deploy" / "vpa-v1-crd-gen.yaml", folder / DEFINITIONS)
