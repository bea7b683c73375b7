"""How the command of an exec probe can leave orphans behind, read from the command itself.

The runtime reaps the process that it started for a probe, and at a timeout kills that process alone. Whatever it
started in its turn then goes to process 1 of the container, and stays a zombie if that does not wait for it
(linux kernel/exit.c find_new_reaper; containerd's shim, exec.go kill). docs/zombies.md has what was measured of each.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from probetuner.diagnosis.commands import SHELLS, WRAPPERS, base_name, script_of, unwrapped
from probetuner.model.probe import Exec, Probe

REAPERS = ("tini", "dumb-init", "catatonit", "s6-svscan", "init", "systemd")
_SUBREAPER_FLAG = "-s"
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_BACKGROUND = re.compile(r"(?<![&>|<])&(?![&>])")
_STARTS_OTHERS = re.compile(r"[`(]|(?<!\|)\|(?!\|)|(?<![&>])&(?![&>])")
"""Substitutions, subshells, pipes and what runs in the background, in a script whose quotes are left in place."""
_BUILTINS = frozenset(
    ("exit", "true", "false", ":", "test", "[", "[[", "echo", "printf", "kill", "read", "cd", "export", "set", "return")
)
_NO_MORE_WORK = re.compile(r"[\s;(){}&|]*((exit(\s+\d+)?|true|:|fi|done)[\s;(){}&|]*)*")


class Leak(StrEnum):
    """How an exec probe leaves an orphan; the value says it in words."""

    OUTLIVES = "the probe ends while a child of it still runs in the background"
    WITHIN = "a child in the background loses its parent while the probe still runs"
    TIMEOUT = "the probe is killed at its timeout, alone, and its child runs on"
    UNSEEN = "the command does not show how it starts others"


def leak_of(probe: Probe) -> Leak | None:
    """How this probe can leave orphans, None when it surely leaves none: a single process is reaped by the runtime.

    A shell is taken to fork for whatever program it runs, as dash does, unless it begins with `exec`; bash puts a lone
    command in its own place (execute_cmd.c, ONESHOT). What a wrapper does about it is another matter (`is_adopted`).
    """
    if not isinstance(probe.handler, Exec):
        return None
    command = unwrapped(probe.handler.command)
    if not command:
        return None
    base = base_name(command[0])
    if base == "timeout":
        return Leak.TIMEOUT
    if base in SHELLS:
        script = script_of(command)
        return Leak.UNSEEN if script is None else _leak_of_script(script, replaces_lone=base == "bash")
    return Leak.UNSEEN if command[0].endswith((".sh", ".bash", ".py")) else None


def _leak_of_script(script: str, *, replaces_lone: bool) -> Leak | None:
    bare = _QUOTED.sub("Q", script).strip()
    if _is_built_in(script, bare):
        return None
    background = [match.end() for match in _BACKGROUND.finditer(bare)]
    if background:
        rest = bare[background[-1] :]
        if re.search(r"\bwait\b", rest):
            return Leak.TIMEOUT
        return Leak.OUTLIVES if _NO_MORE_WORK.fullmatch(rest) else Leak.WITHIN
    first, *more = re.split(r"[;\n]", bare)
    alone = not re.search(r"[|&`]|\$\((?!\s*<)", first)  # bash reads `$(< file)` by itself
    replaced = first.startswith("exec ") or (replaces_lone and not "".join(more).strip())
    return None if alone and replaced else Leak.TIMEOUT


def _is_built_in(script: str, bare: str) -> bool:
    """Whether the shell does all of it by itself, and so starts no process."""
    words = (statement.split() for statement in re.split(r"&&|\|\||[;\n]", bare))
    return not _STARTS_OTHERS.search(script) and all(first[0] in _BUILTINS for first in words if first)


def is_adopted(probe: Probe) -> bool:
    """Whether the orphans of this probe end while a wrapper around it, `tini -s`, lives to reap them."""
    return leak_of(probe) is Leak.WITHIN and isinstance(probe.handler, Exec) and is_wrapped(probe.handler.command)


def is_wrapped(command: Sequence[str]) -> bool:
    """Whether the command is run by a wrapper that adopts orphans."""
    return len(command) > 1 and base_name(command[0]) in WRAPPERS and command[1] == _SUBREAPER_FLAG
