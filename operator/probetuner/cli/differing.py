"""A workload as it is and as the patch in its policy's status would make it: probes, commands and who reaps."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from probetuner.change.patch import COMMAND_FIELD, SHARE_FIELD, merged_pod, pod_spec_of
from probetuner.change.warrant import field_problem
from probetuner.cli.asking import UnansweredError, read_workload
from probetuner.cli.naming import command
from probetuner.cli.standing import Standing
from probetuner.cli.why import standing_in
from probetuner.cluster.api import Api
from probetuner.model.probe import ProbeType
from probetuner.report.printable import printable

_LISTS = ("initContainers", "containers")
_SHOWN_FIELDS = ("name", COMMAND_FIELD, *(kind.field for kind in ProbeType))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a patch changes: `before` and `after` are what it is about of the pod's spec.

    `version` is the resourceVersion of the workload.
    """

    standing: Standing
    patch: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    version: str

    @property
    def text(self) -> str:
        """The difference as `diff -u` writes it, empty where there is none."""
        ref = self.standing.ref
        lines = difflib.unified_diff(
            _lines(self.before),
            _lines(self.after),
            fromfile=f"{ref} as it is",
            tofile=f"{ref} as recommended ({self.standing.identity or 'the old values'})",
            lineterm="",
        )
        return "".join(f"{line}\n" for line in lines)


async def difference_in(api: Api, word: str, namespace: str) -> Difference:
    """What is recommended for the workload that is named. Raises ApiError and UnansweredError."""
    standing = await standing_in(api, word, namespace)
    patch = _patch_of(standing)
    raw = await read_workload(api, standing.ref)
    pod = raw["spec"]["template"]["spec"]
    about = {entry["name"] for listed in _LISTS for entry in pod_spec_of(patch).get(listed, ())}
    return Difference(
        standing=standing,
        patch=patch,
        before=_shown(pod, about),
        after=_shown(merged_pod(pod, patch), about),
        version=str(raw["metadata"]["resourceVersion"]),
    )


def _patch_of(standing: Standing) -> Mapping[str, Any]:
    """The patch of the status, if there is one and it is of probes and who reaps. Raises UnansweredError."""
    ref, text = standing.ref, standing.status.get("patch")
    if not isinstance(text, str):
        raise UnansweredError(f"there is no patch for {ref}; {command('why', ref)} tells what was found")
    try:
        patch = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        patch = None
    problem = field_problem(patch)
    if problem is not None:
        raise UnansweredError(f"status.patch of {standing.policy} is none of probetuner's ({problem}); leave it alone")
    assert isinstance(patch, dict)
    return patch


def _shown(pod: Mapping[str, Any], about: set[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {SHARE_FIELD: pod[SHARE_FIELD]} if pod.get(SHARE_FIELD) is not None else {}
    for listed in _LISTS:
        entries = [
            {name: _sorted(entry[name]) for name in _SHOWN_FIELDS if entry.get(name) is not None}
            for entry in pod.get(listed) or ()
            if entry.get("name") in about
        ]
        if entries:
            shown[listed] = entries
    return shown


def _sorted(value: Any) -> Any:
    """The same with its fields by name: where a patch puts them means nothing."""
    if not isinstance(value, Mapping):
        return value
    return {name: _sorted(value[name]) for name in sorted(value)}


def _lines(shown: Mapping[str, Any]) -> list[str]:
    return list(_printable(yaml.safe_dump(dict(shown), sort_keys=False)))


def _printable(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield " " * (len(line) - len(line.lstrip(" "))) + printable(line)
