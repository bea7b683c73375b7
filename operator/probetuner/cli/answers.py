"""Answers on standard output: rows in columns, lines, or JSON. Whatever strangers wrote is made harmless."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from probetuner.cluster.owned import API_VERSION
from probetuner.report.columns import align
from probetuner.report.printable import printable

_CELL_CHARACTERS, _LINE_CHARACTERS = 160, 2000


def write_rows(rows: Sequence[tuple[str, ...]]) -> None:
    """Write rows of words; the first names the columns. A word that is empty stands as a dash."""
    write_text(align([tuple(printable(word, most=_CELL_CHARACTERS) or "-" for word in row) for row in rows]))


def write_lines(lines: Iterable[str]) -> None:
    """Write lines; the spaces that a line begins with stay."""
    write_text("".join(f"{_indent(line)}{printable(line, most=_LINE_CHARACTERS)}\n" for line in lines))


def write_json(kind: str, content: Mapping[str, Any], *, lines: bool = False) -> None:
    """Write an object of that kind, in one line if it is one of several."""
    body = {"apiVersion": API_VERSION, "kind": kind, **content}
    write_text(json.dumps(body, indent=None if lines else 2) + "\n")


def write_text(text: str) -> None:
    """Write text at once, whatever the terminal can show of it."""
    sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
    sys.stdout.flush()


def _indent(line: str) -> str:
    return " " * (len(line) - len(line.lstrip(" ")))
