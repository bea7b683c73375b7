"""Users of the lab's cluster, and how they call probetuner."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cluster.operator_process import Space
from lab import Lab


def probetuner(kubeconfig: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Call probetuner as a user of that kubeconfig does."""
    return subprocess.run(
        [Path(sys.executable).with_name("probetuner"), *map(str, arguments)],
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def user(lab: Lab, space: Space, name: str, rules: Sequence[dict[str, Any]], *, folder: Path) -> Path:
    """The kubeconfig of somebody who may do just that in the namespace; made in the folder."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}}
    space.kubectl("create", "serviceaccount", name)
    space.apply({**role, "rules": list(rules)})
    space.kubectl("create", "rolebinding", name, f"--role={name}", f"--serviceaccount={space.name}:{name}")
    token = space.kubectl("create", "token", name).strip()
    kubeconfig = yaml.safe_load(lab.kubeconfig.read_text())
    kubeconfig["users"][0]["user"] = {"token": token}
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    return folder / "kubeconfig"
