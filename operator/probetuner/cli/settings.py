"""Settings of probes as they are written on the command line: `liveness.timeoutSeconds=5`, `liveness=none`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from probetuner.model.container import Container
from probetuner.model.probe import FIELD_OF, Probe, ProbeType
from probetuner.tuning.recommendation import Probes

_ATTRIBUTES = {field: attribute for attribute, field in FIELD_OF.items()}
_KINDS = {kind.value.lower(): kind for kind in ProbeType}
_COPIED = {
    ProbeType.STARTUP: (ProbeType.LIVENESS, ProbeType.READINESS),
    ProbeType.LIVENESS: (ProbeType.READINESS, ProbeType.STARTUP),
    ProbeType.READINESS: (ProbeType.LIVENESS, ProbeType.STARTUP),
}


class SettingError(ValueError):
    """A setting that means nothing; the text is a sentence with the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One number of a probe, or no probe where `attribute` is None."""

    kind: ProbeType
    attribute: str | None = None
    value: int = 0


def parse_settings(words: Iterable[str]) -> list[Setting]:
    """Read settings. Raises SettingError."""
    return [_parse(word) for word in words]


def _parse(word: str) -> Setting:
    name, equals, value = word.partition("=")
    probe, dot, field = name.partition(".")
    if probe in _KINDS and equals and not dot and value == "none":
        return Setting(kind=_KINDS[probe])
    if probe not in _KINDS or field not in _ATTRIBUTES or not equals:
        fields = ", ".join(_ATTRIBUTES)
        raise SettingError(f"{word!r} is no setting; write PROBE.FIELD=NUMBER or PROBE=none, where FIELD is {fields}")
    least = 0 if field == "initialDelaySeconds" else 1
    if not value.isdecimal() or not least <= int(value[:10]) < 2**31:
        raise SettingError(f"{word!r}: {field} must be a whole number from {least}")
    return Setting(kind=_KINDS[probe], attribute=_ATTRIBUTES[field], value=int(value))


def with_settings(container: Container, settings: Iterable[Setting]) -> Probes:
    """The container's probes with these settings; a probe that it does not have asks what another of its probes asks.

    Raises SettingError where there is none to ask the same.
    """
    probes: dict[ProbeType, Probe | None] = {kind: container.probe(kind) for kind in ProbeType}
    for setting in settings:
        probes[setting.kind] = _changed(container, probes, setting)
    return Probes(**_by_name(probes))


def _changed(container: Container, probes: Mapping[ProbeType, Probe | None], setting: Setting) -> Probe | None:
    if setting.attribute is None:
        return None
    probe = probes[setting.kind]
    if probe is None:
        others = (container.probe(other) for other in _COPIED[setting.kind])
        asked = next((other for other in others if other is not None), None)
        if asked is None:
            raise SettingError(
                f"container {container.name} has no probe that {setting.kind.field} could ask the same as"
            )
        probe = Probe(handler=asked.handler, written=asked.written)
    changes: dict[str, Any] = {setting.attribute: setting.value}
    return replace(probe, **changes)


def _by_name(probes: Mapping[ProbeType, Probe | None]) -> dict[str, Probe | None]:
    return {kind.value.lower(): probe for kind, probe in probes.items()}
