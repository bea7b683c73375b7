"""The answer of the doctor for people: a line for each question, and below what is wrong what mends it."""

import json
import sys
from collections.abc import Iterator

from probetuner.doctor.check import Check, State
from probetuner.doctor.checkup import Checkup
from probetuner.report.printable import printable

_STYLES = {State.OK: "green", State.NOTE: "dim", State.WRONG: "bold red", State.UNKNOWN: "yellow"}
_AREA_CHARACTERS, _STATE_CHARACTERS = 13, 8
_MOST_CHARACTERS = 2000


def write_table(checkup: Checkup) -> None:
    """Write it to standard output, in colours at a terminal and in plain lines elsewhere."""
    if sys.stdout.isatty():
        _write_coloured(checkup)
        return
    lines = [_line(check) for check in checkup.checks]
    text = "".join(
        f"{line}\n" for line, check in zip(lines, checkup.checks, strict=True) for line in (line, *_cures(check))
    )
    sys.stdout.buffer.write(
        (text + "".join(f"{line}\n" for line in _ending(checkup))).encode(errors="backslashreplace")
    )
    sys.stdout.flush()


def _write_coloured(checkup: Checkup) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe needs no colours
    from rich.padding import Padding  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checkup.checks:
        cell = Text(_told(check.message))
        cell.append("".join(f"\n{line.strip()}" for line in _cures(check)), style="bold")
        table.add_row(Text(check.state.value, style=_STYLES[check.state]), check.area.value, cell)
    console = Console()
    console.print(table)
    for line in _ending(checkup):
        console.print(Padding(Text(line), (0, 0)))


def _line(check: Check) -> str:
    return f"{check.state.value:<{_STATE_CHARACTERS}}{check.area.value:<{_AREA_CHARACTERS}}{_told(check.message)}"


def _cures(check: Check) -> Iterator[str]:
    """What mends it, a line each."""
    indent = " " * (_STATE_CHARACTERS + _AREA_CHARACTERS)
    if check.values:
        yield f"{indent}chart value: {', or '.join(value.value for value in check.values)}"
    if check.rule is not None:
        yield f"{indent}missing rule: {json.dumps(dict(check.rule))}"
    if check.step:
        yield f"{indent}{_told(check.step)}"


def _ending(checkup: Checkup) -> Iterator[str]:
    wrong = [check for check in checkup.checks if check.state is State.WRONG]
    unknown = sum(check.state is State.UNKNOWN for check in checkup.checks)
    asked = f" Rights of {_told(checkup.asked.user)} were asked." if checkup.asked is not None else ""
    yield ""
    yield f"{len(wrong)} wrong, {unknown} could not be asked, of {len(checkup.checks)}.{asked}"
    values = dict.fromkeys(check.values[0].value for check in wrong if check.values)
    if values and checkup.operator is not None:
        operator = checkup.operator
        release = _told(operator.release or operator.name)
        setting = " ".join(f"--set {value}" for value in values)
        yield f"helm upgrade {release} CHART -n {_told(operator.namespace)} --reset-then-reuse-values {setting}"


def _told(text: str) -> str:
    return printable(text, most=_MOST_CHARACTERS)
