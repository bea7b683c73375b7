"""Users of the lab's cluster, and how they call probetuner."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cluster.operator_process import Space
from lab import Lab, LabError


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
    return kubeconfig_with(space.kubectl("create", "token", name).strip(), lab, folder / "kubeconfig")


def account(lab: Lab, namespace: str, name: str, *, folder: Path) -> Path:
    """The kubeconfig of whoever holds a token of a service account that is there; made in the folder."""
    token = lab.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=3h").strip()
    return kubeconfig_with(token, lab, folder / f"{namespace}-{name}.kubeconfig")


def kubeconfig_with(token: str, lab: Lab, path: Path) -> Path:
    """Write a kubeconfig for the bearer of a token."""
    content = yaml.safe_load(lab.kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token}
    path.write_text(yaml.safe_dump(content))
    return path


class Person:
    """Somebody with a kubeconfig of their own, and what the API server says to them."""

    def __init__(self, lab: Lab, kubeconfig: Path) -> None:
        self._lab = lab
        self.kubeconfig = kubeconfig

    def kubectl(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002 - as the lab calls it
        """Run kubectl as that person. Raises LabError with the API server's words."""
        return self._lab.kubectl(f"--kubeconfig={self.kubeconfig}", *arguments, input=input)

    def refused(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002 - as above
        """Run kubectl as that person, and return the words with which it was refused; empty when it was not."""
        try:
            self.kubectl(*arguments, input=input)
        except LabError as refusal:
            return str(refusal)
        return ""
