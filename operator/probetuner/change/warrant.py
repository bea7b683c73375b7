"""What may be sent to a workload: the last word before the wire, whatever stands in a status.

A change is written into the status of a ProbePolicy before it is sent, and whoever may write statuses can write another
there. So nothing in a status is carried out as it stands. A patch is sent only if it is of the fields that
`field_problem` lists, if the mode and `spec.allow` permit it at that moment, and if what it names is there. All that
decides is on the workload and in the spec of the policy, which only those may write who may decide that.

What is left: the values. Who may write statuses can choose the numbers and handlers of a probe, as far as `spec.allow`
goes, and so the command that an exec probe runs in the container.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.change.patch import COMMAND_FIELD, SHARE_FIELD, pod_spec_of
from probetuner.change.situation import Situation, WorkloadPatch
from probetuner.diagnosis.commands import unwrapped
from probetuner.model.container import Container
from probetuner.model.mode import APPROVE_ANNOTATION, Mode
from probetuner.model.policy import Allowance, ContainerMode, Policy
from probetuner.model.probe import FIELD_OF, GRACE_FIELD, HANDLER_FIELDS, Exec, Probe, ProbeType
from probetuner.model.workload import Workload
from probetuner.tuning.reaping import AS_INIT

_LISTS = {"containers": False, "initContainers": True}
"""The lists of containers in a pod's spec, and whether what is probed there is a sidecar."""

_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """What permits a patch: the workload as it is, and the mode and the policy that hold for it now."""

    workload: Workload
    mode: Mode
    policy: Policy

    @classmethod
    def of(cls, situation: Situation) -> "Warrant":
        """What permits a patch in this situation."""
        return cls(workload=situation.workload, mode=situation.mode.mode, policy=situation.policy)

    def problem(self, patch: WorkloadPatch) -> str | None:
        """Say in a sentence why the patch must not be sent; None when it may be."""
        if patch.resource_version != self.workload.resource_version:
            return "the workload is not the one that was decided upon"
        if not self.asks_for(patch.change, undoes=patch.undoes):
            return (
                f"mode is {self.mode}, and {APPROVE_ANNOTATION} on the workload is not {_shown(patch.change)}, "
                "so it is no longer asked for"
            )
        return field_problem(patch.body) or next(self._problems(patch.body), None)

    def asks_for(self, change: str, *, undoes: bool) -> bool:
        """Whether the mode asks for changes, or a person for this one: an approval is of its undo too."""
        words = (self.workload.approve_annotation, self.workload.rollback_annotation if undoes else None)
        return self.mode is Mode.APPLY or (self.mode is Mode.RECOMMEND and change in words)

    def _problems(self, body: Mapping[str, Any]) -> Iterator[str]:
        spec = pod_spec_of(body)
        if SHARE_FIELD in spec:
            yield from self._unless_allowed(SHARE_FIELD, {Allowance.REAPER})
            yield from (
                self._left_out(container.name) for container in self.workload.containers if self._is_off(container)
            )
        for listed, of_sidecars in _LISTS.items():
            for entry in spec.get(listed, ()):
                container = self.workload.container(entry["name"])
                if container is None or container.is_sidecar is not of_sidecars:
                    yield f"{listed} has no {_shown(entry['name'])} that is probed"
                elif self._is_off(container):
                    yield self._left_out(container.name)
                else:
                    yield from self._container_problems(container, entry)

    def _container_problems(self, container: Container, entry: Mapping[str, Any]) -> Iterator[str]:
        if COMMAND_FIELD in entry:
            yield from self._unless_allowed(f"{container.name}.{COMMAND_FIELD}", {Allowance.REAPER})
            old, new = container.command, tuple(entry[COMMAND_FIELD])
            if not new or ((*AS_INIT, *old) != new and (*AS_INIT, *new) != old):
                yield f"the command of {container.name} would change by more than a `{' '.join(AS_INIT)}` before it"
        for kind in ProbeType:
            if kind.field in entry:
                live = container.probe(kind)
                for field, permits in _needs(kind, live, entry[kind.field]):
                    yield from self._unless_allowed(f"{container.name}.{kind.field}{field}", permits)

    def _unless_allowed(self, place: str, permits: set[Allowance]) -> Iterator[str]:
        if not permits & self.policy.allow:
            wanted = " or ".join(sorted(permits))
            yield f"spec.allow of the ProbePolicy lists no {wanted}, which {place} needs"

    def _is_off(self, container: Container) -> bool:
        return self.policy.containers.mode_of(container.name) is ContainerMode.OFF

    def _left_out(self, container: str) -> str:
        return f"spec.containers of the ProbePolicy leaves {container} out, so it is no longer asked for"


def _needs(kind: ProbeType, live: Probe | None, body: Mapping[str, Any] | None) -> Iterator[tuple[str, set[Allowance]]]:
    """The fields that are written of a probe, and what permits each.

    A probe that comes, goes or asks something else is a matter of types, or of startup where it is the startup probe;
    its numbers come with it. A command that is only put behind a wrapper is the reaper's.
    """
    types = {Allowance.TYPES, Allowance.STARTUP} if kind is ProbeType.STARTUP else {Allowance.TYPES}
    if body is None or live is None:
        yield "", types
        return
    for name in body:
        if name in HANDLER_FIELDS:
            yield f".{name}", types | ({Allowance.REAPER} if _only_wraps(live, body) else set())
        elif name == GRACE_FIELD:
            yield f".{name}", {Allowance.GRACE}
        else:
            yield f".{name}", types | {Allowance.THRESHOLDS}


def _only_wraps(live: Probe, body: Mapping[str, Any]) -> bool:
    new = (body.get("exec") or {}).get("command")
    old = live.handler.command if isinstance(live.handler, Exec) else None
    return new is not None and old is not None and unwrapped(tuple(new)) == unwrapped(old)


def field_problem(body: Any) -> str | None:
    """Say in a sentence why this is no patch of ours; None when it is of these fields and nothing else.

    `spec.template.spec` with `shareProcessNamespace`, and of named containers and sidecars `command` and the three
    probes, of these the numbers, the grace period and the handlers with their known fields. Directives of strategic
    merge (`$patch` and the like) are none of them. A probe's `host` is not either: it would have the kubelet ask
    somebody else.
    """
    return next(_template_problems(body), None)


def _template_problems(body: Any) -> Iterator[str]:
    place, spec = "", body
    for name in ("spec", "template", "spec"):
        yield from _other_fields(spec, {name}, place)
        place, spec = f"{place}.{name}".lstrip("."), spec[name]
    yield from _other_fields(spec, {SHARE_FIELD, *_LISTS}, place)
    if not isinstance(spec.get(SHARE_FIELD), bool | None):
        yield f"{place}.{SHARE_FIELD} is not true, false or null"
    for listed in _LISTS:
        entries = spec.get(listed, [])
        if not isinstance(entries, list):
            yield f"{place}.{listed} is not a list"
        names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
        if not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
            yield f"{place}.{listed} has an entry without a name of its own"
        for entry in entries:
            yield from _entry_problems(entry, f"{place}.{listed}[{_shown(entry['name'])}]")


def _entry_problems(entry: Any, place: str) -> Iterator[str]:
    yield from _other_fields(entry, {"name", COMMAND_FIELD, *(kind.field for kind in ProbeType)}, place)
    if COMMAND_FIELD in entry and not _is_texts(entry[COMMAND_FIELD]):
        yield f"{place}.{COMMAND_FIELD} is not a list of strings"
    for kind in ProbeType:
        if entry.get(kind.field) is not None:
            yield from _probe_problems(entry[kind.field], f"{place}.{kind.field}")


def _probe_problems(probe: Any, place: str) -> Iterator[str]:
    numbers = {*FIELD_OF.values(), GRACE_FIELD}
    yield from _other_fields(probe, {*numbers, *HANDLER_FIELDS}, place)
    for name, value in probe.items():
        if name in numbers and not _is_whole(value) and not (name == GRACE_FIELD and value is None):
            yield f"{place}.{name} is not a whole number"
        if name in HANDLER_FIELDS and value is not None:
            yield from _handler_problems(name, value, f"{place}.{name}")


def _handler_problems(name: str, handler: Any, place: str) -> Iterator[str]:
    known = _LEAVES[name]
    yield from _other_fields(handler, known.keys(), place)
    for field, value in handler.items():
        if value is not None and not known[field](value):
            yield f"{place}.{field} has no value that a probe takes"


def _other_fields(value: Any, known: Any, place: str) -> Iterator[str]:
    """A sentence for each field that is not known; the caller looks at no more than the first."""
    if not isinstance(value, dict):
        yield f"{place or 'the patch'} is not an object"
    elif not value:
        yield f"{place or 'the patch'} is empty"
    else:
        yield from (f"{place}.{_shown(name)}".lstrip(".") + " is none of ours" for name in value if name not in known)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_port(value: Any) -> bool:
    return _is_whole(value) or _is_text(value)


def _is_headers(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(header, dict) and header.keys() <= {"name", "value"} and all(map(_is_text, header.values()))
        for header in value
    )


_LEAVES: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "exec": {"command": _is_texts},
    "httpGet": {"path": _is_text, "port": _is_port, "scheme": _is_text, "httpHeaders": _is_headers},
    "tcpSocket": {"port": _is_port},
    "grpc": {"port": _is_whole, "service": _is_text},
}


def _shown(name: object) -> str:
    text = str(name)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
