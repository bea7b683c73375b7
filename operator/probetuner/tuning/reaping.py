"""Who is to reap the children that exec probes leave: what the policy asks for, where it can work and does no harm.

All three cures were measured against each way in which probes leave orphans (docs/zombies.md). Process 1 of the
pod or of the container reaps whatever is handed to it. A wrapper around the probe adopts orphans only while it lives.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.commands import base_name, unwrapped
from probetuner.diagnosis.leak import Leak
from probetuner.diagnosis.reaping import has_reaper, leaking_probes, wrapper_words
from probetuner.model.container import Container
from probetuner.model.policy import Allowance, ContainerMode, ReaperStrategy
from probetuner.model.probe import Exec, Probe, ProbeType
from probetuner.tuning import handlers
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName

AS_INIT = ("tini", "--")
"""What a container's command is put behind, so that tini is its process 1."""

_AS_WRAPPER = ("tini", "-s", "--")
_ONLY_AS_FIRST = ("init", "s6-svscan", "systemd")
_ADDRESSES_FIRST = re.compile(r"/proc/1/|\bkill\b[^;&|]*\s1\b")
_SINGLE_PROCESS = "probe with a single process: the program itself, or `sh -c 'exec …'`"


def stop_zombies(proposal: Proposal) -> Proposal:
    """Propose the cure that the policy names, or say why it cannot be that one and what would work.

    A handler without a command comes before all of them, where one was tried: there is nothing to reap then.
    """
    leaks = leaking_probes(proposal.case)
    other = handlers.without_command(proposal, leaks) if leaks else None
    if other is not None and Allowance.TYPES in proposal.policy.allow:
        return handlers.take_without_command(proposal, leaks, other)
    if has_reaper(proposal.case):
        return _advise_single_process(proposal, "process 1 should reap them and does not")
    match proposal.policy.reaper.strategy:
        case ReaperStrategy.SHARE_PROCESS_NAMESPACE:
            return _share(proposal)
        case ReaperStrategy.TINI_INIT:
            return _begin_with_tini(proposal, how_known="spec.reaper.strategy says that the image has tini")
        case ReaperStrategy.TINI_WRAPPER:
            return _wrap(proposal)
        case ReaperStrategy.OFF:
            return _advise_single_process(proposal, "spec.reaper.strategy is Off")


def _advise_single_process(proposal: Proposal, why: str, *, or_else: str = "") -> Proposal:
    about = next(iter(leaking_probes(proposal.case)), None)
    return proposal.advise(ActionName.FIX_HANDLER, f"{why}; {_SINGLE_PROCESS}{or_else}", about)


def _share(proposal: Proposal) -> Proposal:
    obstacle = _left_out(proposal) or obstacle_to_sharing(proposal.case)
    if obstacle is None:
        return proposal.take_reaper(
            ActionName.SHARE_PROCESS_NAMESPACE,
            f"the pause container then reaps, as process 1 of the pod; {_consequences(proposal.case)}",
            shares_processes=True,
        )
    tini = next((seen.tini for seen in proposal.case.inspections if seen.tini), None)
    if tini is not None and proposal.case.container.command:
        return _begin_with_tini(proposal, how_known=f"{obstacle}, and the image was seen to have {tini}")
    why = f"the process namespace is not shared: {obstacle}"
    return _advise_single_process(proposal, why, or_else=", or let tini be process 1 of the image")


def _left_out(proposal: Proposal) -> str | None:
    """Why nothing may be done that concerns all containers of the pod, where the user left one of them out."""
    modes = ((one.name, proposal.policy.containers.mode_of(one.name)) for one in proposal.case.workload.containers)
    name = next((name for name, mode in modes if mode is ContainerMode.OFF), None)
    return f"spec.containers leaves {name} out, which would share it too" if name else None


def obstacle_to_sharing(case: Case) -> str | None:
    """Why the process namespace of the pod had better not be shared, None when nothing is known against it."""
    workload = case.workload
    if workload.host_pid:
        return "hostPID forbids it"
    if workload.runs_windows:
        return "pods on Windows have none"
    needy = [base_name(c.command[0]) for c in workload.containers if c.command]
    needy += [seen.first for seen in case.inspections]
    insists = next((name for name in needy if name in _ONLY_AS_FIRST), None)
    if insists:
        return f"{insists} runs as process 1 only"
    addressed = next((c.name for c in workload.containers if any(map(_ADDRESSES_FIRST.search, _commands(c)))), None)
    return f"a command of container {addressed} addresses process 1, which would be pause" if addressed else None


def _commands(container: Container) -> Iterator[str]:
    probes = (container.probe(kind) for kind in ProbeType)
    handlers = (probe.handler for probe in probes if probe is not None)
    commands = [handler.command for handler in handlers if isinstance(handler, Exec)]
    for command in (container.command, container.args, *container.hooks, *commands):
        yield " ".join(command)


def _consequences(case: Case) -> str:
    others = [container.name for container in case.workload.containers if container.name != case.container.name]
    alone = "the application is process 1 no more, so SIGTERM ends it even where it has no handler for it"
    if not others:
        return alone
    return f"{alone}; {', '.join(others)} and it see each other's processes, environment and files"


def _begin_with_tini(proposal: Proposal, *, how_known: str) -> Proposal:
    container = proposal.case.container
    if not container.command:
        return proposal.advise(
            ActionName.TINI_AS_INIT,
            "the container sets no command, and what its image runs is not known here: set command, or begin the "
            "image's ENTRYPOINT with `tini --`",
        )
    return proposal.take_reaper(
        ActionName.TINI_AS_INIT,
        f"tini is process 1 of the container then, passes signals on and reaps; {how_known}",
        command=(*AS_INIT, *container.command),
    )


def _wrap(proposal: Proposal) -> Proposal:
    leaks = leaking_probes(proposal.case)
    if {Leak.OUTLIVES, Leak.TIMEOUT} & set(leaks.values()):
        obstacle = obstacle_to_sharing(proposal.case)
        better = ActionName.TINI_AS_INIT if obstacle else ActionName.SHARE_PROCESS_NAMESPACE
        return proposal.advise(
            better,
            f"spec.reaper.strategy is TiniWrapper, which {wrapper_words(leaks)}; "
            + ("TiniInit reaps them" if obstacle else "ShareProcessNamespace and TiniInit reap them"),
        )
    reason = f"`tini -s` around the probe {wrapper_words(leaks)}"
    for kind in leaks:
        probe = proposal.probes.get(kind)
        if probe is not None:
            probes = proposal.probes.with_probe(kind, _wrapped(probe))
            proposal = proposal.take(ActionName.TINI_WRAPPER, reason, needs=Allowance.REAPER, probes=probes)
    return proposal


def _wrapped(probe: Probe) -> Probe:
    if not isinstance(probe.handler, Exec):
        return probe
    command = (*_AS_WRAPPER, *unwrapped(probe.handler.command))
    return replace(probe, handler=Exec(command=command), written={**probe.written, "exec": {"command": list(command)}})
