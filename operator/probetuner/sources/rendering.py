"""Folders that a tool has to build before there are manifests: Helm charts and kustomizations.

What kustomize and Helm would make of them is not guessed: their own programs render them where they are at hand, and
else a sentence says with which command to do so. A patch or a template is never taken for a manifest.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probetuner.model.problem import InvalidObjectError
from probetuner.sources.yaml_values import read_values

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CHART = "Chart.yaml"
_REFERENCES = ("resources", "bases", "components", "crds")
_TIMEOUT_SECONDS = 60.0
"""Generators and charts with dependencies take seconds; remote bases that cannot be reached would take for ever."""
_MOST_BYTES = 1024 * 1024
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A folder that has to be rendered. `covers` is every file of it and of what it builds upon.

    `commands` render it, each by another program that can. `may_be_read` says whether its files are manifests as they
    are, if not the final ones.
    """

    folder: Path
    covers: frozenset[Path]
    commands: tuple[tuple[str, ...], ...]
    may_be_read: bool

    @property
    def advice(self) -> str:
        """The command that a person would give."""
        return " ".join(self.commands[0])


def builds_in(path: Path) -> list[Build]:
    """The charts and kustomizations of a folder, but for those that another kustomization builds upon."""
    charts, kustomizations = [], []
    for folder, folders, names in os.walk(path):
        if _CHART in names:
            charts.append(Path(folder))
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        kustomizations += [Path(folder)] if any(name in names for name in _KUSTOMIZATIONS) else []
    known = {folder: _referenced(folder) for folder in kustomizations}
    upon = {found.resolve() for references in known.values() for found in references if found.is_dir()}
    roots = [folder for folder in kustomizations if folder.resolve() not in upon]
    return [*map(_chart, charts), *(_kustomization(folder) for folder in roots)]


def render(build: Build) -> tuple[bytes, str]:
    """What the first program at hand makes of it, and the command; InvalidObjectError says why there is nothing."""
    for command in build.commands:
        if shutil.which(command[0]) is None:
            continue
        try:
            done = subprocess.run(  # noqa: S603 - fixed programs; the folder is one that the user named, and no option
                command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InvalidObjectError(" ".join(command), f"did not end: {error}") from None
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split()[:_MOST_WORDS])
            raise InvalidObjectError(" ".join(command), f"failed: {said}")
        return done.stdout, " ".join(command)
    programs = " nor ".join(command[0] for command in build.commands)
    raise InvalidObjectError(str(build.folder), f"has to be rendered, and there is no {programs} on PATH")


def _chart(folder: Path) -> Build:
    covers = frozenset(Path(found, name) for found, _, names in os.walk(folder) for name in names)
    command = ("helm", "template", folder.resolve().name, str(folder))
    return Build(folder=folder, covers=covers, commands=(command,), may_be_read=False)


def _kustomization(folder: Path) -> Build:
    return Build(
        folder=folder,
        covers=frozenset(_covered(folder, seen=set())),
        commands=(("kubectl", "kustomize", str(folder)), ("kustomize", "build", str(folder))),
        may_be_read=True,
    )


def _covered(folder: Path, *, seen: set[Path]) -> Iterator[Path]:
    """The files beside the kustomization, those that it names elsewhere, and the same of what it builds upon."""
    if folder.resolve() in seen:
        return
    seen.add(folder.resolve())
    yield from (found for found in folder.iterdir() if found.is_file())
    for found in _referenced(folder):
        if found.is_dir():
            yield from _covered(found, seen=seen)
        else:
            yield found


def _referenced(folder: Path) -> Sequence[Path]:
    """The files and folders of this machine that a kustomization names as its resources."""
    name = next((name for name in _KUSTOMIZATIONS if (folder / name).is_file()), None)
    if name is None:
        return ()
    try:
        with (folder / name).open("rb") as file:
            documents = read_values(file.read(_MOST_BYTES), place=str(folder / name))
    except (OSError, InvalidObjectError):
        return ()
    written: Mapping[str, Any] = next((one for one in documents if isinstance(one, dict)), {})
    names = [entry for field in _REFERENCES for entry in written.get(field) or () if isinstance(entry, str)]
    return [found for entry in names if (found := Path(os.path.normpath(folder / entry))).exists()]
