"""A lab as its users hold it: up, down, kubectl, images, and components that can be stopped or made to hang."""

import json
import re
from pathlib import Path
from typing import Any

from lab import boot
from lab.api import Api
from lab.binaries import binaries
from lab.cache import locked, state_root
from lab.certificates import KubeletCertificates, read_certificates
from lab.components import COMPONENTS
from lab.control import request
from lab.errors import LabError, run
from lab.network import NODE
from lab.progress import step
from lab.requirements import require
from lab.versions import VARIABLE, Version, chosen, read_version

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_SECONDS_TO_READY = 120.0
_SECONDS_TO_STOP = 10.0


class Lab:
    """A one-node Kubernetes of its own; `name` tells it from others on the same machine.

    Making the object starts nothing and needs nothing. Raises LabError for a name that is none.
    """

    def __init__(self, name: str = "main") -> None:
        if not _NAME.fullmatch(name):
            raise LabError(f"{name!r} is no name for a lab: lower-case letters, digits and dashes, at most 32")
        self.name = name
        self.state = state_root() / name

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, good on this machine as long as the lab is up."""
        return self.state / "kubeconfig"

    @property
    def binaries(self) -> Path:
        """The folder with `kubectl` and `helm`, built first if need be."""
        return binaries(self.version)

    @property
    def version(self) -> Version:
        """The Kubernetes that it runs; of a lab that is not there, the one that it would get."""
        return read_version(self.state)

    @property
    def kubelet_url(self) -> str:
        """Where the kubelet's own port is reached from this machine; its certificate is the lab's, or its own."""
        return f"https://127.0.0.1:{self.ready()['kubelet_port']}"

    @property
    def authority(self) -> Path:
        """The certificate of the lab's authority, which signed the API server's and the kubelet's."""
        return self.state / "pki" / "ca.crt"

    def is_up(self) -> bool:
        """Whether the lab came up whole and has not ended since."""
        return (self.state / boot.READY).exists() and boot.is_alive(self.state) and boot.answers(self.state)

    def ready(self) -> dict[str, Any]:
        """Return `api_port`, `kubelet_port` and `ready_since` (Unix seconds). Raises LabError when it is not up."""
        if not self.is_up():
            raise LabError(f"lab {self.name} is not up: `python -m lab up --name {self.name}` starts it")
        found: dict[str, Any] = json.loads((self.state / boot.READY).read_text())
        return found

    def up(self, certificates: KubeletCertificates | None = None) -> bool:
        """Bring the lab up, from whatever state it is in; False when it was up already.

        Components of a running lab that were stopped, or ended, are started again. Without `certificates` a running lab
        is taken as it is, and a new one's kubelet has one of the cluster.
        What the machine lacks is installed, what must be built is built. Raises LabError with what to do
        when a part is missing or does not become ready.
        """
        version = chosen()
        require(version)
        binaries(version)
        with self._alone():
            if self.is_up():
                if self.version != version:
                    raise LabError(
                        f"lab {self.name} is up with Kubernetes {self.version}, not {version}: take it down first, or "
                        f"set {VARIABLE}={self.version}"
                    )
                there = read_certificates(self.state)
                if certificates not in (None, there):
                    raise LabError(
                        f"lab {self.name} is up with a {there} certificate of the kubelet: take it down first"
                    )
                self._mend()
                return False
            boot.end(self.state)
            with step(f"Starting lab {self.name}"):
                boot.boot(self.state, version, certificates or KubeletCertificates.CLUSTER)
        return True

    def down(self) -> None:
        """End the lab and leave nothing of it, in whatever state it is. Raises LabError when it does not die."""
        with self._alone():
            boot.end(self.state)

    def kubectl(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002 - as subprocess.run calls it
        """Run kubectl against the lab and return what it printed; raises LabError with its words on failure."""
        return run([self.binaries / "kubectl", *arguments], stdin=input, environment=self.environment())

    def helm(self, *arguments: str) -> str:
        """Run helm against the lab and return what it printed; raises LabError with its words on failure."""
        return run([self.binaries / "helm", *arguments], environment=self.environment())

    def environment(self) -> dict[str, str]:
        """Return the environment variables that point kubectl, helm and client libraries at the lab."""
        self.ready()
        return {"KUBECONFIG": str(self.kubeconfig)}

    def load_image(self, archive: Path) -> None:
        """Import an image from a docker-archive (or OCI) tar; pods then use it with `imagePullPolicy: Never`."""
        self.ready()
        boot.load_image(self.state, archive)

    def components(self) -> dict[str, str]:
        """Return each component's state: `running`, `paused` or `ended with CODE`."""
        found: dict[str, str] = request(self.state, do="report")["components"]
        return found

    def stop_component(self, name: str) -> None:
        """Kill a component at once, as a crash would; it stays away until it is started again."""
        self._signal(name, "SIGKILL")
        boot.wait_until(
            lambda: self.components().get(name, "").startswith("ended"),
            f"{name} does not die",
            seconds=_SECONDS_TO_STOP,
        )

    def start_component(self, name: str) -> None:
        """Start a component that was stopped; `wait_ready` waits until it serves."""
        request(self.state, do="start", component=_known(name))

    def pause_component(self, name: str) -> None:
        """Make a component hang: it keeps its connections and answers nothing, until it is resumed."""
        self._signal(name, "SIGSTOP")
        boot.wait_until(
            lambda: self.components().get(name) == "paused", f"{name} does not pause", seconds=_SECONDS_TO_STOP
        )

    def resume_component(self, name: str) -> None:
        """Let a paused component go on."""
        self._signal(name, "SIGCONT")

    def wait_ready(self) -> None:
        """Wait until the API server is ready and says that the node is. Raises LabError after two minutes."""
        api = Api(port=self.ready()["api_port"], pki=self.state / "pki")
        boot.wait_until(
            lambda: api.ready() and api.node_ready(NODE),
            f"lab {self.name} does not become ready",
            seconds=_SECONDS_TO_READY,
        )

    def _mend(self) -> None:
        ended = [name for name, state in self.components().items() if state.startswith("ended")]
        for name in ended:
            self.start_component(name)
        if ended:
            self.wait_ready()

    def _signal(self, name: str, signal: str) -> None:
        request(self.state, do="signal", component=_known(name), signal=signal)

    def _alone(self) -> Any:
        return locked(self.state.with_name(f".{self.name}.lock"))


def _known(component: str) -> str:
    if component not in COMPONENTS:
        raise LabError(f"a lab has no component {component!r}; it has {', '.join(COMPONENTS)}")
    return component
