"""What was found, as JSON (docs/checkup.schema.json)."""

from collections import Counter
from typing import Any

from probetuner.cluster.owned import API_VERSION
from probetuner.doctor.check import Check, State
from probetuner.doctor.checkup import Checkup
from probetuner.doctor.installed import Installed
from probetuner.doctor.kubelets import NodeAnswer


def document(checkup: Checkup) -> dict[str, Any]:
    """The checkup as JSON has it; what is not known is null, never left out."""
    counts = Counter(check.state for check in checkup.checks)
    asked = checkup.asked
    return {
        "apiVersion": API_VERSION,
        "kind": "Checkup",
        "server": checkup.server,
        "version": checkup.version or None,
        "operator": None if checkup.operator is None else _operator(checkup.operator),
        "rightsOf": None if asked is None else {"user": asked.user, "by": asked.by, "instead": asked.instead or None},
        "summary": {state.value: counts[state] for state in State},
        "checks": [_check(check) for check in checkup.checks],
        "nodes": [_node(answer) for answer in checkup.nodes],
    }


def _operator(one: Installed) -> dict[str, Any]:
    return {
        "namespace": one.namespace,
        "name": one.name,
        "release": one.release or None,
        "account": one.account,
        "lease": str(one.lease),
        "shards": one.shard.count,
        "excludedNamespaces": sorted(one.excluded),
        "watchedNamespaces": list(one.watched),
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "area": check.area.value,
        "state": check.state.value,
        "message": check.message,
        "values": [value.value for value in check.values],
        "step": check.step or None,
        "rule": None if check.rule is None else dict(check.rule),
        "nodes": list(check.nodes),
    }


def _node(answer: NodeAnswer) -> dict[str, Any]:
    served = answer.certificate
    return {
        "node": answer.node,
        "state": "answering" if answer.failure is None else answer.failure.value,
        "httpStatus": answer.status,
        "problem": answer.problem or answer.partial or None,
        "probeSeries": answer.probes if answer.failure is None else None,
        "certificate": None
        if served is None
        else {
            "subject": served.subject,
            "issuer": served.issuer,
            "names": list(served.names),
            "notAfter": served.not_after,
        },
    }
