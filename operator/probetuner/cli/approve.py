"""`probetuner approve`: recommendations that the operator is to apply once, watch, and undo if they are worse."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from probetuner.cli.answers import write_json, write_rows
from probetuner.cli.arguments import AnswerFormat, Context, Everywhere, Namespace, Output, Yes
from probetuner.cli.asking import (
    UnansweredError,
    annotate,
    annotations_of,
    ask,
    explained,
    policies_in,
    read_workload,
    selected,
)
from probetuner.cli.consent import agree
from probetuner.cli.naming import named, program
from probetuner.cli.standing import Standing, standing_of
from probetuner.cli.telling import note
from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError
from probetuner.cluster.workloads import path_of
from probetuner.diagnosis.wording import first_of
from probetuner.model.mode import APPROVE_ANNOTATION, ROLLBACK_ANNOTATION, Mode

app = typer.Typer(add_completion=False)

_COLUMNS = ("NAMESPACE", "WORKLOAD", "ID", "RECOMMENDATION", "RESULT")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approval:
    """What came of one approval; `problem` is a sentence where it was not written."""

    standing: Standing
    problem: str = ""


@app.command()
def approve(
    identity: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The id of a recommendation.", show_default=False)
    ] = None,
    *,
    namespace: Namespace = None,
    everywhere: Everywhere = False,
    selector: Annotated[
        str | None, typer.Option("-l", "--selector", help="Of all workloads that have these labels.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait in the namespace.")] = False,
    context: Context = None,
    yes: Yes = False,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Have the operator apply recommendations once: it watches the new pods, and undoes what makes things worse.

    An approval is the annotation probetuner.dev/approve of the workload. It is good for exactly that recommendation:
    where another one holds by now, nothing is done, and the ProbePolicy says so.

    Exit code 0: approved. 2: something was not.
    """

    async def write(api: Api, here: str) -> list[_Approval]:
        if [identity is not None, selector is not None, everything].count(True) != 1:
            raise UnansweredError(f"name one id, or labels with -l, or --all; {program()} status shows what waits")
        scope = None if everywhere else namespace or here
        labelled = None if selector is None else await selected(api, scope, selector)
        standings = filter(None, map(standing_of, await policies_in(api, scope)))
        waiting = sorted(_waiting(standings, identity, labelled), key=lambda one: str(one.ref))
        if not waiting:
            raise UnansweredError(_nothing(identity, scope))
        described = first_of([f"{one.summary} ({one.identity}) for {one.ref}" for one in waiting], _MOST_NAMED)
        agree(f"have the operator apply {described}", yes=yes)
        return [await _approve(api, one) for one in waiting]

    done = ask(context, write)
    _write(done, output)
    for one in done:
        if one.problem:
            note(one.problem)
    if any(one.problem for one in done):
        raise typer.Exit(2)
    note(f"to see what comes of it: {program()} status --watch, then {program()} history KIND/NAME")


def _waiting(
    standings: Iterator[Standing], identity: str | None, labelled: Collection[object] | None
) -> Iterator[Standing]:
    for one in standings:
        may_be_meant = one.identity == identity if identity is not None else labelled is None or one.ref in labelled
        if one.identity and may_be_meant and one.status.get("mode") in (Mode.RECOMMEND, Mode.APPLY):
            yield one


def _nothing(identity: str | None, scope: str | None) -> str:
    where = "any namespace" if scope is None else f"namespace {scope} (-A looks in all)"
    what = "no recommendation" if identity is None else f"no recommendation {identity}"
    return f"{what} waits in {where}; {program()} status shows those that do"


async def _approve(api: Api, standing: Standing) -> _Approval:
    """Write the annotation, and take a wish away that the very same be undone."""
    ref, identity = standing.ref, standing.identity
    try:
        there = annotations_of(await read_workload(api, ref))
        words: dict[str, str | None] = {APPROVE_ANNOTATION: identity}
        if there.get(ROLLBACK_ANNOTATION) == identity:
            words[ROLLBACK_ANNOTATION] = None
        await annotate(api, path_of(ref), words)
    except (ApiError, UnansweredError) as problem:
        said = explained(problem) if isinstance(problem, ApiError) else str(problem)
        return _Approval(standing=standing, problem=f"{ref} was not approved: {said}")
    return _Approval(standing=standing)


def _write(done: list[_Approval], output: AnswerFormat) -> None:
    if output is AnswerFormat.JSON:
        items = [
            {"object": str(one.standing.ref), "id": one.standing.identity, "approved": not one.problem} for one in done
        ]
        write_json("Approvals", {"items": items})
        return
    write_rows([_COLUMNS, *map(_row, done)])


def _row(one: _Approval) -> tuple[str, ...]:
    standing = one.standing
    place = (standing.ref.namespace, named(standing.ref))
    return (*place, standing.identity, standing.summary, "refused" if one.problem else "approved")
