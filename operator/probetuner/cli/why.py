"""`probetuner why`: what was found at a workload, what follows from it, and what stands in the way."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import typer

from probetuner.change.status import Phase
from probetuner.cli.answers import write_json, write_lines
from probetuner.cli.arguments import AnswerFormat, Context, Namespace, Output, Workload
from probetuner.cli.asking import UnansweredError, ask, parse_ref, policy_of
from probetuner.cli.naming import command, program
from probetuner.cli.standing import Json, Standing, document, standing_of
from probetuner.cluster.api import Api

app = typer.Typer(add_completion=False)


@app.command()
def why(
    workload: Workload,
    *,
    namespace: Namespace = None,
    context: Context = None,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Tell what was found at a workload, what follows from it, and what stands in the way.

    That is each finding with its evidence, the recommendation with its reasons, what was weighed and lost against it as
    far as the ProbePolicy has it, and the refusal with what cures it.
    """
    standing = ask(context, lambda api, here: standing_in(api, workload, namespace or here))
    if output is AnswerFormat.JSON:
        write_json("Explanation", _document(standing))
    else:
        write_lines(_lines(standing))


async def standing_in(api: Api, word: str, namespace: str) -> Standing:
    """Where the workload stands that is named. Raises ApiError and UnansweredError."""
    ref = parse_ref(word, namespace)
    standing = standing_of(await policy_of(api, ref))
    if standing is None or not standing.status:
        raise UnansweredError(f"the operator has not looked at {ref} yet; {program()} doctor says whether one works")
    return standing


def _document(standing: Standing) -> Json:
    said = standing.status
    return {
        **document(standing),
        **{name: said[name] for name in ("findings", "forecast", "patch", "handover") if name in said},
        "recommendation": said["recommendation"] if standing.identity else None,
        "lost": [asdict(one) for one in standing.lost()],
    }


def _lines(standing: Standing) -> Iterator[str]:
    ref, said = standing.ref, standing.status
    yield f"{ref.kind} {ref.name} in namespace {ref.namespace}: {standing.phase}, mode {said.get('mode', '?')}"
    for finding in said.get("findings") or ():
        yield from _finding(finding)
    if standing.identity:
        yield from _advice(standing)
    else:
        yield "recommended: nothing"
    for lost in standing.lost():
        yield f"  not {lost.what}: {lost.why}"
    refused = standing.refused
    if refused is not None:
        yield f"refused: {refused.reason}: {refused.message}"
        yield f"  what to do: {refused.cure}" if refused.cure else "  see docs/refusals.md"
    yield f"next: {_next(standing)}"


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    place = f" in container {finding['container']}" if finding.get("container") else ""
    samples = f", {finding['samples']} samples" if "samples" in finding else ""
    sure = f" ({finding['confidence']:.0%} sure{samples})" if "confidence" in finding else ""
    yield f"found: {finding['severity']} {finding['name']}{place}{sure}"
    if finding.get("explanation"):
        yield f"  {finding['explanation']}"
    for sentence in finding.get("evidence") or ():
        yield f"  - {sentence}"


def _advice(standing: Standing) -> Iterator[str]:
    yield f"recommended: {standing.summary} ({standing.identity})"
    for action in standing.status["recommendation"].get("actions") or ():
        about = f"({action['probe']})" if action.get("probe") else ""
        yield f"  {action['name']}{about}: {action.get('reason') or 'no reason was written'}"
    forecast = standing.status.get("forecast") or {}
    for when in ("before", "after"):
        if when in forecast:
            figures = ", ".join(f"{name} {value:g}" for name, value in forecast[when].items())
            yield f"  forecast, {when}: {figures or 'nothing is known'}"


def _next(standing: Standing) -> str:
    if standing.identity and standing.phase in (Phase.RECOMMENDED, Phase.BLOCKED):
        return f"{command('diff', standing.ref)} shows what would change"
    if standing.changes:
        return f"{command('history', standing.ref)} shows what was changed"
    return f"{program()} explain {standing.status.get('finding') or ''}".rstrip()
