"""Tables in the docs that a command writes: what stands between two marks is replaced, the rest stays as written."""

from collections.abc import Sequence
from pathlib import Path


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def put(path: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- begin MARK -->` and `<!-- end MARK -->`. Raises ValueError without these."""
    begin, end = f"<!-- begin {mark} -->", f"<!-- end {mark} -->"
    before, found, rest = path.read_text().partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"{path} has no {begin} and {end}; put them where the table belongs")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")
