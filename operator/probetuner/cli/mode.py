"""`probetuner mode`: how far the operator may go at a workload."""

from typing import Annotated

import typer

from probetuner.change.enrolment import PolicyObject
from probetuner.cli.answers import write_json
from probetuner.cli.arguments import AnswerFormat, Context, Namespace, Output, Workload, Yes
from probetuner.cli.asking import (
    annotate,
    annotations_of,
    ask,
    parse_ref,
    policy_if_any,
    read_workload,
    set_mode,
)
from probetuner.cli.consent import agree
from probetuner.cli.naming import command
from probetuner.cli.telling import note
from probetuner.cluster.api import Api
from probetuner.cluster.workloads import path_of
from probetuner.model.mode import MODE_ANNOTATION, Mode
from probetuner.model.workload import WorkloadRef

app = typer.Typer(add_completion=False)


@app.command()
def mode(
    workload: Workload,
    wanted: Annotated[
        Mode, typer.Argument(metavar="MODE", case_sensitive=False, help="Off, Observe, Recommend, Apply.")
    ],
    *,
    namespace: Namespace = None,
    context: Context = None,
    yes: Yes = False,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Say how far the operator may go at a workload: Off, Observe, Recommend or Apply.

    It is written where the mode in force comes from: into the ProbePolicy where that has one, else into the annotation
    probetuner.dev/mode of the workload.
    """

    async def write(api: Api, here: str) -> tuple[WorkloadRef, list[str]]:
        ref = parse_ref(workload, namespace or here)
        word = annotations_of(await read_workload(api, ref)).get(MODE_ANNOTATION)
        policy = await policy_if_any(api, ref)
        spoken = policy is not None and policy.policy is not None and policy.policy.mode is not None
        places = _places(ref, policy if spoken else None, word, wanted)
        agree(f"set mode {wanted} in {' and in '.join(places)}", yes=yes)
        if spoken and policy is not None:
            await set_mode(api, policy, wanted)
        if str(ref) in places:
            await annotate(api, path_of(ref), {MODE_ANNOTATION: wanted.value})
        return ref, places

    ref, places = ask(context, write)
    if output is AnswerFormat.JSON:
        write_json("ModeChange", {"object": str(ref), "mode": wanted.value, "writtenTo": places})
    note(f"mode of {ref} is {wanted}, written to {' and to '.join(places)}")
    if wanted is not Mode.OFF:
        note(f"what comes of it: {command('why', ref)}")


def _places(ref: WorkloadRef, policy: PolicyObject | None, word: str | None, wanted: Mode) -> list[str]:
    """Where it is to be written: an Off on the workload holds against the policy, so that goes too."""
    if policy is None:
        return [str(ref)]
    is_vetoed = word is not None and word not in list(Mode)[1:] and wanted is not Mode.OFF
    return [str(policy), *([str(ref)] if is_vetoed else [])]
