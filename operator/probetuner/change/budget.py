"""How much a status may weigh as a whole, and what is left out first where it would weigh more.

Each part of a status is bounded by the schema, but all together may come to more than a megabyte. etcd takes one and a
half, and every watch and every look has to carry it. What is left out is named in `status.omitted`. What the next
decision goes by stays whatever happens: phase and conditions, the figures that were told, the id of the recommendation
and the latest change.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Status = Mapping[str, Any]

MOST_BYTES = 256 * 1024
"""Of JSON. A usual status has two to ten KiB; the largest that needs nothing left out was seen at some 60."""

_FOR_OMITTED_BYTES = 1024
_FINDINGS, _REASON_CHARACTERS = 8, 128


def within_budget(status: Status) -> dict[str, Any]:
    """The status, without as much of it, least important first, as is needed for the budget."""
    omitted = []
    for name, less in _STEPS.items():
        for shorter in less(status):
            if weight(status) <= MOST_BYTES - _FOR_OMITTED_BYTES:
                break
            status = shorter
            omitted.append(name)
    return {**status, "omitted": list(dict.fromkeys(omitted))} if omitted else dict(status)


def weight(status: Status) -> int:
    """How many bytes the status takes as JSON."""
    return len(json.dumps(status))


def _without(*names: str) -> Callable[[Status], Iterator[Status]]:
    """Leave out these fields of all containers."""

    def less(status: Status) -> Iterator[Status]:
        containers = [{name: value for name, value in one.items() if name not in names} for one in status["containers"]]
        if containers != status["containers"]:
            yield {**status, "containers": containers}

    return less


def _without_evidence(status: Status) -> Iterator[Status]:
    findings = [{name: value for name, value in one.items() if name != "evidence"} for one in status["findings"]]
    if findings != status["findings"]:
        yield {**status, "findings": findings}


def _fewer_findings(status: Status) -> Iterator[Status]:
    if len(status["findings"]) > _FINDINGS:
        yield {**status, "findings": status["findings"][:_FINDINGS]}


def _without_lines(status: Status) -> Iterator[Status]:
    if "lines" in status.get("handover", {}):
        yield {**status, "handover": {name: value for name, value in status["handover"].items() if name != "lines"}}


def _without_patch(status: Status) -> Iterator[Status]:
    if "patch" in status:
        yield {name: value for name, value in status.items() if name != "patch"}


def _without_old_patches(status: Status) -> Iterator[Status]:
    """Without the patches of one change more each time, the oldest first; those of the latest stay."""
    entries = list(status["history"])
    for index in range(len(entries) - 1, 0, -1):
        entries[index] = {name: value for name, value in entries[index].items() if name not in ("patch", "undo")}
        yield {**status, "history": list(entries)}


def _shorter_reasons(status: Status) -> Iterator[Status]:
    advice = status.get("recommendation", {})
    if advice.get("actions"):
        actions = [{**action, "reason": action["reason"][:_REASON_CHARACTERS]} for action in advice["actions"]]
        yield {**status, "recommendation": {**advice, "actions": actions}}


_STEPS: Mapping[str, Callable[[Status], Iterator[Status]]] = {
    "containers.endpoints": _without("endpoints"),
    "containers.current": _without("current"),
    "handover.lines": _without_lines,
    "findings.evidence": _without_evidence,
    "containers.recommended": _without("recommended"),
    "findings": _fewer_findings,
    "containers.findings": _without("findings"),
    "patch": _without_patch,
    "recommendation.actions.reason": _shorter_reasons,
    "history.patch": _without_old_patches,
}
"""What is left out, in this order. That a change was made, when, and what became of it never is: it counts for the
limits on changes, and what was tried is not tried again."""
