"""A container of a pod template, as far as its probes are concerned."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from probetuner.model.fields import count, objects, text, texts
from probetuner.model.probe import Grpc, Handler, HttpGet, Probe, ProbeType, TcpSocket, parse_probe
from probetuner.model.problem import InvalidObjectError


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A declared container port."""

    number: int
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that the kubelet probes: a regular one, or a sidecar (init container that restarts always).

    `hooks` are the commands that the kubelet runs in it after its start and before its end. `variables` are the names
    of its environment's variables.
    `index` is its place among the containers, or the init containers, of the pod's spec.
    """

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    hooks: tuple[tuple[str, ...], ...] = ()
    variables: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    has_cpu_limit: bool = False
    is_sidecar: bool = False
    liveness: Probe | None = None
    readiness: Probe | None = None
    startup: Probe | None = None
    index: int = field(default=0, compare=False)

    def probe(self, kind: ProbeType) -> Probe | None:
        """The probe of that kind, if there is one."""
        return {
            ProbeType.LIVENESS: self.liveness,
            ProbeType.READINESS: self.readiness,
            ProbeType.STARTUP: self.startup,
        }[kind]

    def asks_the_same(self, one: Handler | None, other: Handler | None) -> bool:
        """Whether two handlers put the same question: ports may be named or not, and of headers only Host matters."""
        return one is not None and other is not None and self._question(one) == self._question(other)

    def connect_alike(self, one: Handler | None, other: Handler | None) -> bool:
        """Whether two handlers connect to the same port of the same host."""
        places = [self._place(handler) for handler in (one, other)]
        return None not in places and places[0] == places[1]

    def _place(self, handler: Handler | None) -> tuple[str, int | str] | None:
        match handler:
            case HttpGet() | TcpSocket():
                return handler.host, self._number(handler.port)
            case Grpc():
                return "", handler.port
        return None

    def _question(self, handler: Handler) -> Handler:
        if isinstance(handler, HttpGet):
            host = tuple(header for header in handler.headers if header[0].lower() == "host")
            return replace(handler, port=self._number(handler.port), headers=host)
        return replace(handler, port=self._number(handler.port)) if isinstance(handler, TcpSocket) else handler

    def _number(self, port: int | str) -> int | str:
        return next((known.number for known in self.ports if known.name == port), port)


def parse_containers(pod_spec: Mapping[str, Any], *, place: str) -> tuple[Container, ...]:
    """Read the probed containers of a pod spec or of a template's spec, in their order, sidecars last.

    Raises InvalidObjectError when a container cannot be understood.
    """
    return tuple(_parse_all(pod_spec, place=place))


def _parse_all(pod_spec: Mapping[str, Any], *, place: str) -> Iterator[Container]:
    for listed, sidecars in (("containers", False), ("initContainers", True)):
        for index, raw in enumerate(objects(pod_spec, listed, place)):
            if sidecars and raw.get("restartPolicy") != "Always":
                continue
            at = f"{place}.{listed}[{raw.get('name', index)}]"
            yield parse_container(raw, place=at, is_sidecar=sidecars, index=index)


def parse_container(raw: Mapping[str, Any], *, place: str, is_sidecar: bool = False, index: int = 0) -> Container:
    """Read one container. Raises InvalidObjectError."""
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidObjectError(f"{place}.name", "is missing")
    limits = _mapping(_mapping(raw, "resources", place), "limits", place)
    return Container(
        name=name,
        image=str(raw.get("image") or ""),
        command=texts(raw, "command", place),
        args=texts(raw, "args", place),
        hooks=_hooks(raw, place),
        variables=tuple(text(variable, "name", f"{place}.env") for variable in objects(raw, "env", place)),
        ports=tuple(
            Port(
                number=count(port, "containerPort", f"{place}.ports"),
                name=text(port, "name", f"{place}.ports"),
                protocol=text(port, "protocol", f"{place}.ports") or "TCP",
            )
            for port in objects(raw, "ports", place)
        ),
        has_cpu_limit="cpu" in limits,
        is_sidecar=is_sidecar,
        index=index,
        **{
            kind.value.lower(): parse_probe(_mapping(raw, kind.field, place), place=f"{place}.{kind.field}", kind=kind)
            for kind in ProbeType
            if raw.get(kind.field) is not None
        },
    )


def _hooks(raw: Mapping[str, Any], place: str) -> tuple[tuple[str, ...], ...]:
    lifecycle = _mapping(raw, "lifecycle", place)
    hooks = (_mapping(lifecycle, name, f"{place}.lifecycle") for name in ("postStart", "preStop"))
    return tuple(texts(_mapping(hook, "exec", place), "command", place) for hook in hooks if hook.get("exec"))


def _mapping(raw: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
    value = raw.get(name) or {}
    if not isinstance(value, Mapping):
        raise InvalidObjectError(f"{place}.{name}", "is not an object")
    return value
