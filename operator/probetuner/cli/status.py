"""`probetuner status`: where the workloads stand that are followed."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from probetuner.change.status import Phase
from probetuner.cli.answers import write_json, write_rows
from probetuner.cli.arguments import AnswerFormat, Context, Everywhere, Namespace, Output
from probetuner.cli.asking import ask, policies_in
from probetuner.cli.naming import command, named, program
from probetuner.cli.standing import Standing, document, standing_of
from probetuner.cli.telling import note
from probetuner.cluster.api import Api

app = typer.Typer(add_completion=False)

_LOOK_AGAIN_SECONDS = 2.0
_COLUMNS = ("WORKLOAD", "MODE", "PHASE", "FINDING", "CONFIDENCE", "RECOMMENDATION", "ID", "REFUSAL")


@app.command()
def status(
    *,
    namespace: Namespace = None,
    everywhere: Everywhere = False,
    context: Context = None,
    blocked: Annotated[bool, typer.Option("--blocked", help="Only where somebody has to do something.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on, and tell what changes, until Ctrl-C.")] = False,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Show where the followed workloads stand: what was found, what is recommended, and what stands in the way.

    Exit code 0; 2 where it could not be asked.
    """
    shown: dict[str, Standing] = {}

    async def look(api: Api, here: str) -> None:
        scope = None if everywhere else namespace or here
        while True:
            found = [standing for policy in await policies_in(api, scope) if (standing := standing_of(policy))]
            meant = [one for one in found if not blocked or one.phase == Phase.BLOCKED]
            fresh = [one for one in meant if _is_new(one, shown.get(str(one.policy)))]
            if fresh or not shown:
                _WRITERS[output](sorted(fresh, key=_place), everywhere, bool(shown) or watch)
            shown.update((str(one.policy), one) for one in meant)
            if not watch:
                _tell_next(meant, scope, blocked=blocked)
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    try:
        ask(context, look)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _is_new(one: Standing, before: Standing | None) -> bool:
    return before is None or document(before) != document(one)


def _place(one: Standing) -> tuple[str, str]:
    return one.ref.namespace, named(one.ref)


def _write_table(standings: Sequence[Standing], everywhere: bool, _: bool) -> None:  # noqa: FBT001 - as all writers
    head = ("NAMESPACE", *_COLUMNS) if everywhere else _COLUMNS
    write_rows([head, *((one.ref.namespace, *_row(one)) if everywhere else _row(one) for one in standings)])


def _row(one: Standing) -> tuple[str, ...]:
    said = one.status
    words = (str(said.get(name) or "") for name in ("mode", "phase", "finding", "confidence"))
    refused = one.refused
    return (named(one.ref), *words, one.summary, one.identity, "" if refused is None else refused.reason)


def _write_json(standings: Sequence[Standing], _: bool, lines: bool) -> None:  # noqa: FBT001 - as all writers
    write_json("Statuses", {"items": [document(one) for one in standings]}, lines=lines)


def _tell_next(found: Sequence[Standing], scope: str | None, *, blocked: bool) -> None:
    stuck = next((one for one in found if one.phase == Phase.BLOCKED), None)
    waiting = next((one for one in found if one.identity), None)
    if not found:
        what = "blocked" if blocked else "followed"
        note(
            f"nothing is {what} in {_named_scope(scope)}; {program()} mode KIND/NAME Recommend has a workload followed"
        )
    elif stuck is not None:
        note(f"what stands in the way, and what to do: {command('why', stuck.ref)}")
    elif waiting is not None:
        note(f"why, and what else was weighed: {command('why', waiting.ref)}")


def _named_scope(scope: str | None) -> str:
    return "any namespace" if scope is None else f"namespace {scope}"


_WRITERS: dict[AnswerFormat, Callable[[Sequence[Standing], bool, bool], None]] = {
    AnswerFormat.TABLE: _write_table,
    AnswerFormat.JSON: _write_json,
}
