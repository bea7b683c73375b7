"""Write the chart's copy of the custom resource definitions.

`crds/` is the source of truth. Helm never upgrades what lies in a chart's own `crds/` folder, so the chart
carries them as templates: rendered with `crds.install`, kept on uninstall with `crds.keep`.

    python deploy/chart_crds.py            write deploy/helm/probetuner/templates/crds
    python deploy/chart_crds.py --check    write nothing; exit with 1 and name each file that differs
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "crds"
COPIES = ROOT / "deploy" / "helm" / "probetuner" / "templates" / "crds"

_HEAD = """\
{{- /* Generated from crds/%s by deploy/chart_crds.py: change it there. */ -}}
{{- if .Values.crds.install }}
"""
_METADATA = """\
  {{- $kept := ternary (dict "helm.sh/resource-policy" "keep") dict .Values.crds.keep }}
  {{- include "probetuner.marks" (dict "root" . "annotations" $kept) | nindent 2 }}
"""


def chart_copy(name: str, definition: str) -> str:
    """Return the template for the definition in the file *name*.

    Raises ValueError when the definition is not plain enough to be wrapped.
    """
    if "{{" in definition:
        raise ValueError(f"crds/{name} contains '{{{{', which Helm would take for a template: reword it")
    before, metadata_name, after = definition.partition("metadata:\n  name: ")
    name_line, newline, rest = after.partition("\n")
    if not metadata_name or not rest.startswith("spec:"):
        raise ValueError(f"crds/{name} must begin with metadata that holds a name only, followed by spec")
    return _HEAD % name + before + metadata_name + name_line + newline + _METADATA + rest + "{{- end }}\n"


def expected_copies() -> dict[Path, str]:
    """Return the path and content of every file that belongs into the chart."""
    return {COPIES / source.name: chart_copy(source.name, source.read_text()) for source in SOURCES.glob("*.yaml")}


def stale_copies(expected: dict[Path, str]) -> list[Path]:
    """Return the files in the chart that are missing, differ, or have no source."""
    present = {path: path.read_text() for path in COPIES.glob("*")}
    return sorted(path for path in expected.keys() | present.keys() if expected.get(path) != present.get(path))


def write_copies(expected: dict[Path, str]) -> None:
    """Make the folder in the chart hold exactly *expected*."""
    COPIES.mkdir(parents=True, exist_ok=True)
    for path in COPIES.glob("*"):
        if path not in expected:
            path.unlink()
    for path, content in expected.items():
        path.write_text(content)


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python deploy/chart_crds.py [--check]\n")
        return 2
    expected = expected_copies()
    if not arguments:
        write_copies(expected)
        return 0
    stale = stale_copies(expected)
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} differs from crds/: run python deploy/chart_crds.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
