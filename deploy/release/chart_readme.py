"""Write the chart's README: what it is, how it is installed, and a table of its values.

`values.yaml` is the source of truth: the comment above a value is its description.

    python -m release.chart_readme            write deploy/helm/probetuner/README.md
    python -m release.chart_readme --check    write nothing; exit with 1 when the README differs
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).resolve().parents[1] / "helm" / "probetuner"
README = CHART / "README.md"

_HEAD = """\
# probetuner

{description}

Kubernetes {kubernetes}, Helm 3.14 or later.

    helm install probetuner CHART --namespace probetuner-system --create-namespace --wait \\
      --set image.repository=REGISTRY/probetuner

CHART is the packaged chart, its folder, or `oci://REGISTRY/charts/probetuner`. This install can change no workload
until `apply.enabled` is set. Upgrade with `--reset-then-reuse-values`, which keeps what you set and takes the defaults
of the new chart.

## Values

Generated from `values.yaml` by `make chart`. A value that is not in this table is refused, not ignored.

| value | default | meaning |
| --- | --- | --- |
"""


def readme(chart: dict[str, str], values: str) -> str:
    """Return the README of the chart with this Chart.yaml and the text of this values.yaml.

    Raises ValueError when a value has no description.
    """
    root = yaml.compose(values, yaml.SafeLoader)
    rows = [
        f"| `{path}` | `{json.dumps(default)}` | {_cell(path, description)} |"
        for path, default, description in _rows(root, values.splitlines())
    ]
    kubernetes = chart["kubeVersion"].removeprefix(">=").partition("-")[0].removesuffix(".0") + " or later"
    return _HEAD.format(description=chart["description"], kubernetes=kubernetes) + "\n".join(rows) + "\n"


def _cell(path: str, description: str) -> str:
    if not description:
        raise ValueError(f"values.yaml: {path} has no comment above it, which would be its description")
    return description.replace("|", "\\|")


def _rows(node: yaml.Node | None, lines: list[str], place: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield the path, default and description of each value; a group is told as one where none in it is described."""
    assert isinstance(node, yaml.MappingNode)
    for key, value in node.value:
        path = f"{place}{key.value}"
        if (
            isinstance(value, yaml.MappingNode)
            and not value.flow_style
            and any(inner for _, _, inner in _rows(value, lines))
        ):
            yield from _rows(value, lines, f"{path}.")
        else:
            yield path, yaml.SafeLoader("").construct_object(value, deep=True), _comment(key, lines)


def _comment(key: yaml.Node, lines: list[str]) -> str:
    """The lines of comment directly above a key, as one."""
    above: list[str] = []
    for line in reversed(lines[: key.start_mark.line]):
        if not line.lstrip().startswith("#"):
            break
        above.insert(0, line.strip().removeprefix("#").strip())
    return " ".join(above)


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m release.chart_readme [--check]\n")
        return 2
    text = readme(yaml.safe_load((CHART / "Chart.yaml").read_text()), (CHART / "values.yaml").read_text())
    if not arguments:
        README.write_text(text)
        return 0
    if README.exists() and README.read_text() == text:
        return 0
    sys.stderr.write("the chart's README.md differs from values.yaml: run `make chart`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
