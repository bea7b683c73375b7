"""Programs that stand in for kubectl and helm: each gives fixed answers and keeps what it was told."""

import json
from dataclasses import dataclass
from pathlib import Path

from demo.cluster import Cluster

_PROGRAM = """\
#!/bin/sh
echo "$@" >> "{folder}/{name}.told"
cat "{folder}/{name}.$1" 2>/dev/null || true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Stand-ins in a folder. `answer` sets what a program prints for its first word; `told` are its lines so far."""

    folder: Path

    def cluster(self, *, operator_image: str = "registry.example/probetuner:dev") -> Cluster:
        """A cluster that is reached with them."""
        for name in ("kubectl", "helm"):
            program = self.folder / name
            program.write_text(_PROGRAM.format(folder=self.folder, name=name))
            program.chmod(0o755)
        return Cluster(
            kubectl_program=str(self.folder / "kubectl"),
            helm_program=str(self.folder / "helm"),
            operator_image=operator_image,
            demo_image="registry.example/demo:1",
            pull_policy="IfNotPresent",
        )

    def answer(self, name: str, word: str, what: object) -> None:
        """Have the program answer with this as JSON."""
        (self.folder / f"{name}.{word}").write_text(json.dumps(what))

    def told(self, name: str) -> list[str]:
        """The arguments of every call, a line each."""
        file = self.folder / f"{name}.told"
        return file.read_text().splitlines() if file.exists() else []
