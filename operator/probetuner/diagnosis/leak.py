"""How the command of an exec probe can leave orphans behind, read from the command itself.

The runtime reaps the process that it started for a probe, and at a timeout kills that process alone. Whatever it
started in its turn then goes to process 1 of the container, and stays a zombie if that does not wait for it
(linux kernel/exit.c find_new_reaper; containerd's shim, exec.go kill). docs/zombies.md has what was measured of each.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from probetuner.model.probe import Exec, Probe

_SHELLS = ("sh", "bash", "dash", "ash", "zsh")
REAPERS = ("tini", "dumb-init", "catatonit", "s6-svscan", "init", "systemd")
_WRAPPERS = ("tini", "dumb-init", "catatonit")
_SUBREAPER_FLAG = "-s"
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_BACKGROUND = re.compile(r"(?<![&>|<])&(?![&>])")
_NO_MORE_WORK = re.compile(r"[\s;(){}&|]*((exit(\s+\d+)?|true|:|fi|done)[\s;(){}&|]*)*")


class Leak(StrEnum):
    """How an exec probe leaves an orphan; the value says it in words."""

    OUTLIVES = "the probe ends while a child of it still runs in the background"
    WITHIN = "a child in the background loses its parent while the probe still runs"
    TIMEOUT = "the probe is killed at its timeout, alone, and its child runs on"
    UNSEEN = "the command does not show how it starts others"


def leak_of(probe: Probe) -> Leak | None:
    """How this probe can leave orphans, None when it surely leaves none: a single process is reaped by the runtime.

    A shell is taken to fork for whatever it runs, as dash does, unless it begins with `exec`. What a wrapper does
    about it is another matter (`is_adopted`).
    """
    if not isinstance(probe.handler, Exec):
        return None
    command = unwrapped(probe.handler.command)
    if not command:
        return None
    program, *words = command
    base = base_name(program)
    if base == "timeout":
        return Leak.TIMEOUT
    if base in _SHELLS:
        return _leak_of_script(words[-1]) if words[:1] and words[0].startswith("-") and "c" in words[0] else Leak.UNSEEN
    return Leak.UNSEEN if program.endswith((".sh", ".bash", ".py")) else None


def _leak_of_script(script: str) -> Leak | None:
    bare = _QUOTED.sub("Q", script).strip()
    background = [match.end() for match in _BACKGROUND.finditer(bare)]
    if background:
        rest = bare[background[-1] :]
        if re.search(r"\bwait\b", rest):
            return Leak.TIMEOUT
        return Leak.OUTLIVES if _NO_MORE_WORK.fullmatch(rest) else Leak.WITHIN
    replaced = bare.startswith("exec ") and not re.search(r"[;|&`]|\$\(", bare)
    return None if replaced else Leak.TIMEOUT


def is_adopted(probe: Probe) -> bool:
    """Whether the orphans of this probe end while a wrapper around it, `tini -s`, lives to reap them."""
    return leak_of(probe) is Leak.WITHIN and isinstance(probe.handler, Exec) and is_wrapped(probe.handler.command)


def is_wrapped(command: Sequence[str]) -> bool:
    """Whether the command is run by a wrapper that adopts orphans."""
    return len(command) > 1 and base_name(command[0]) in _WRAPPERS and command[1] == _SUBREAPER_FLAG


def unwrapped(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command without any wrapper, whether that adopts orphans or not."""
    if not command or base_name(command[0]) not in _WRAPPERS:
        return command
    flags = 1
    while flags < len(command) and command[flags].startswith("-") and command[flags] != "--":
        flags += 1
    return command[flags + 1 :] if command[flags : flags + 1] == ("--",) else command[flags:]


def base_name(program: str) -> str:
    """The name of a program without its folder."""
    return program.rsplit("/", 1)[-1]
