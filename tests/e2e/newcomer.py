"""The first minutes of somebody whose kubelets sign their own certificates, and who has read nothing but NOTES.txt.

`python -m e2e.newcomer` plays them on a lab of its own and puts the transcript into docs/self-signed.md. What is typed
is what NOTES.txt and the doctor say, with the names that they leave open filled in.
"""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cluster.charts import CHART, NAMESPACE, RELEASE, values
from demo.cluster import Cluster, of_lab
from demo.slow_start import WORKLOAD
from demo.workloads import MODE, documents
from gym.document import put
from lab import KubeletCertificates, Lab, operator_image

_DOCS = Path(__file__).parents[2] / "docs"
_SHOP = "shop"
_SECONDS_TO_ADVISE = 400.0
_SECONDS_TO_END = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A command as it was typed, with what it printed and how it ended."""

    command: str
    printed: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstMinutes:
    """What came of them: the doctor's word before and after, the advice, and the seconds from the install to it."""

    doctor_before: Typed
    doctor_after: Typed
    source_before: str
    source_after: str
    finding: str
    patch: str
    seconds: float
    typed: tuple[Typed, ...]


@dataclass(slots=True)
class _Terminal:
    """Where somebody types, with the lab's kubectl and helm on PATH, and everything is kept."""

    lab: Lab
    typed: list[Typed] = field(default_factory=list)

    def type(self, command: str, *, shown: str = "", keep: bool = True) -> Typed:
        """Run it; `shown` is how it stands in the transcript, where the lab's own images need more words."""
        path = f"{self.lab.binaries}:{os.environ['PATH']}"
        done = subprocess.run(
            shlex.split(command),
            env={**os.environ, **self.lab.environment(), "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS_TO_END,
            check=False,
        )
        typed = Typed(command=shown or command, printed=done.stdout + done.stderr, exit_code=done.returncode)
        if keep:
            self.typed.append(typed)
        return typed


def play(lab: Lab) -> FirstMinutes:
    """Play on a lab that is up, with the operator's image in it. Raises AssertionError when no advice comes."""
    cluster, terminal = of_lab(lab), _Terminal(lab)
    _deploy(cluster)
    began = time.monotonic()
    install = f"helm install {RELEASE} CHART -n {NAMESPACE} --create-namespace"
    images = shlex.join(values())
    notes = terminal.type(f"{install.replace('CHART', str(CHART))} {images} --wait", shown=install).printed
    ask = _command(notes, "probetuner doctor")
    before = terminal.type(ask)
    _enrol(terminal, notes)
    source_before = _until(lambda: _said(cluster, "source"), "a word on what is seen")
    terminal.type(f"kubectl get probepolicy -n {_SHOP} -o wide")
    mend = _command(before.printed, "helm upgrade")
    terminal.type(mend.replace("CHART", str(CHART)), shown=mend)
    terminal.type(f"kubectl rollout status deploy/{RELEASE} -n {NAMESPACE}")
    after = terminal.type(ask)
    source_after = _until(lambda: _changed(cluster, source_before), "a word on what is seen now")
    finding = _until(lambda: _said(cluster, "patch") and _said(cluster, "finding"), "a recommendation")
    seconds = time.monotonic() - began
    terminal.type(f"kubectl get probepolicy -n {_SHOP} -o wide")
    patch = terminal.type(_filled(_command(notes, "jsonpath='{.status.patch}'")))
    return FirstMinutes(
        doctor_before=before,
        doctor_after=after,
        source_before=source_before,
        source_after=source_after,
        finding=finding,
        patch=patch.printed,
        seconds=seconds,
        typed=tuple(terminal.typed),
    )


def _deploy(cluster: Cluster) -> None:
    """A workload in trouble, which nobody has enrolled."""
    cluster.kubectl("create", "namespace", _SHOP)
    objects = documents(WORKLOAD, cluster, mode="")
    for each in objects:
        each["metadata"].get("annotations", {}).pop(MODE, None)
    cluster.apply(objects, namespace=_SHOP)


def _enrol(terminal: _Terminal, notes: str) -> None:
    terminal.type(_filled(_command(notes, f"{MODE}=Recommend")))


def _command(text: str, part: str) -> str:
    """The command with that part, on a line of its own."""
    return next(line.strip() for line in text.splitlines() if part in line and re.match(r" *(kubectl|helm) ", line))


def _filled(command: str) -> str:
    return command.replace("NAMESPACE", _SHOP).replace("NAME", WORKLOAD)


def _said(cluster: Cluster, word: str) -> str:
    """What the status of the policy says under that name, empty where there is nothing yet."""
    for policy in cluster.get("probepolicy", f"--namespace={_SHOP}")["items"]:
        return str((policy.get("status") or {}).get(word) or "")
    return ""


def _changed(cluster: Cluster, before: str) -> str:
    now = _said(cluster, "source")
    return "" if now == before else now


def _until(look: Callable[[], str], what: str) -> str:
    deadline = time.monotonic() + _SECONDS_TO_ADVISE
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not within {_SECONDS_TO_ADVISE:.0f} s"
        time.sleep(1.0)
    return found


def transcript(minutes: FirstMinutes) -> str:
    """All that was typed and printed, for the document."""
    parts = [f"From `helm install` to the recommendation it took {minutes.seconds:.0f} s."]
    for typed in minutes.typed:
        printed = typed.printed.strip()
        if "helm upgrade" in typed.command:
            printed = f"{printed.partition('NOTES:')[0]}NOTES: (as above)"
        code = f"\n(exit code {typed.exit_code})" if typed.exit_code else ""
        parts.append(f"```console\n$ {typed.command}\n{printed}{code}\n```")
    return "\n\n".join(parts)


def main() -> None:
    """Play on a lab of its own, and put the transcript into its document."""
    lab = Lab("newcomer")
    try:
        lab.up(KubeletCertificates.SELF_SIGNED)
        lab.load_image(operator_image.build())
        put(_DOCS / "self-signed.md", "transcript", transcript(play(lab)))
    finally:
        lab.down()


if __name__ == "__main__":
    main()
