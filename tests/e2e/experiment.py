"""The load experiment on rng as people first meet it: its liveness probe asks for real work, every second."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.cluster import Cluster
from demo.load import Load
from demo.stage import Stage
from e2e.rng import rng

SEED_LOADS = (Load(path="/1", clients=10, requests=1000, seconds=180),) * 6
"""`ab -c 10 -n 1000`, again if no probe happened to kill: which replica each request meets is chance."""
_WORK_SECONDS = 0.2
"""Twice the demonstration's: with 0.1 s ten clients that take a tenth of a second between two requests, as they do on
a busy machine, hardly ever queue for three seconds in a row behind one replica; with 0.2 s they always do."""

_STEPS = "1,2,5,10,25"
_SECONDS_PER_STEP = 15
_SECONDS_IN_ALL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsOutcome:
    """What the command printed, how it ended, and the Jobs that were there afterwards."""

    document: Mapping[str, Any]
    exit_code: int
    progress: str
    jobs_left: str


def eager_rng(cluster: Cluster, *, mode: str) -> list[dict[str, Any]]:
    """The objects of rng, with its liveness probe once a second, and twice the work on each request."""
    return rng(cluster, work_seconds=_WORK_SECONDS, mode=mode, probe={"periodSeconds": 1})


def play_steps(stage: Stage, service: Iterable[Mapping[str, Any]]) -> StepsOutcome:
    """Send more and more requests at a time, whatever happens to the service."""
    stage.set_up(service)
    stage.until(lambda now: now.rolled_out or None, what="rng to be available", seconds=120)
    image = f"--image={stage.cluster.operator_image}"
    asked = [image, "--path=/1", f"--steps={_STEPS}", f"--seconds={_SECONDS_PER_STEP}", "--yes"]
    never_ended = ["--no-abort-on-kill", "--abort-error-share=1"]
    done = subprocess.run(
        [
            Path(sys.executable).with_name("probetuner"),
            *("loadtest", "service/rng", f"--namespace={stage.namespace}", *asked, *never_ended, "--output=json"),
        ],
        env={**os.environ, **stage.cluster.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS_IN_ALL,
        check=False,
    )
    return StepsOutcome(
        document=json.loads(done.stdout or "{}"),
        exit_code=done.returncode,
        progress=done.stderr,
        jobs_left=stage.cluster.kubectl("get", "jobs", f"--namespace={stage.namespace}", "--output=name"),
    )
