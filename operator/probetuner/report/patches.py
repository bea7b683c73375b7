"""The report as YAML: whole, as patches for kubectl, and as a component for kustomize."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from probetuner.report.document import write_document
from probetuner.report.printable import printable
from probetuner.report.report import Report, WorkloadReport


class _Block(str):
    """A text of several lines that is to be read by people."""

    __slots__ = ()


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # which of the two is not known
    def ignore_aliases(self, _: Any) -> bool:
        return True


_Dumper.add_representer(
    _Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def write_report(report: Report) -> str:
    """The whole report."""
    return write_yaml(write_document(report))


def write_yaml(value: Any) -> str:
    """A value of JSON as YAML, in the order of its keys."""
    text: str = yaml.dump(_sayable(value), Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=120)
    return text


def _sayable(value: Any) -> Any:
    """The value with half characters replaced: JSON can hold lone surrogates, and no encoding of YAML can."""
    match value:
        case dict():
            return {_sayable(key): _sayable(entry) for key, entry in value.items()}
        case list():
            return [_sayable(entry) for entry in value]
        case str():
            return type(value)(value.encode(errors="replace").decode())
    return value


def write_patches(report: Report) -> str:
    """One YAML document per workload that is to change, each under the command that applies it."""
    return "".join(_document(workload) for workload in report.workloads if workload.patch)


def write_kustomization(report: Report) -> str:
    """A kustomize component with all patches; name its folder under `components` of a kustomization."""
    return write_yaml(
        {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            "patches": [_kustomize(workload) for workload in report.workloads if workload.patch],
        }
    )


def _document(workload: WorkloadReport) -> str:
    ref = workload.ref
    told = [pair for one in workload.containers for pair in zip(one.action_titles, one.actions, strict=True)]
    headline = ", ".join(dict.fromkeys(title for title, _ in told))
    reasons = "".join(f"#   {title}: {printable(f'{action.container}: {action.reason}')}\n" for title, action in told)
    name = str(ref) if workload.names_namespace else f"{ref.kind}/{ref.name}"
    head = f"# {printable(name)}: {headline}\n{reasons}{_handed_over(workload)}# {_command(workload)}\n"
    return f"---\n{head}{write_yaml(workload.patch)}"


def _handed_over(workload: WorkloadReport) -> str:
    """Who would put the patch back and the lines for them, if they are others, as comments: they are no part of it."""
    handover = workload.handover
    if handover is None:
        return ""
    told = f"# {printable(handover.keeper)}: {printable(handover.advice)}\n"
    lines = "" if handover.lines is None or handover.lines == workload.patch else write_yaml(handover.lines)
    return told + "".join(f"#   {line}\n" for line in lines.splitlines())


def _command(workload: WorkloadReport) -> str:
    """The command for kubectl, which names a namespace only if the manifest does."""
    ref = workload.ref
    namespace = ("-n", printable(ref.namespace)) if workload.names_namespace else ()
    body = json.dumps(workload.patch, separators=(",", ":"))
    what = (ref.kind.lower(), printable(ref.name))
    return shlex.join(("kubectl", *namespace, "patch", *what, "--type", "strategic", "-p", body))


def _kustomize(workload: WorkloadReport) -> Mapping[str, Any]:
    """A patch for the workload's manifest, which may leave the namespace to the kustomization: that counts as default.

    The target's namespace is a regular expression (kustomize: patches, target); without one any namespace fits.
    """
    ref = workload.ref
    metadata, target = {"name": ref.name}, {"kind": str(ref.kind), "name": ref.name}
    if workload.names_namespace:
        metadata["namespace"] = ref.namespace
        target["namespace"] = "|".join(dict.fromkeys((ref.namespace, "default")))
    whole = {"apiVersion": "apps/v1", "kind": str(ref.kind), "metadata": metadata, **workload.patch}
    return {"target": target, "patch": _Block(write_yaml(whole))}
