"""What each finding means, in the words of the docs: a page per finding, the same that docs/findings shows."""

from dataclasses import dataclass
from importlib.resources import files

from probetuner.diagnosis.finding import FindingName


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A page: `summary` is its first sentence, `text` the whole of it as Markdown."""

    name: FindingName
    summary: str
    text: str


def explain(name: FindingName) -> Explanation:
    """The page about a finding."""
    text = (files(__name__) / f"{name.value}.md").read_text(encoding="utf-8")
    _, summary, *_ = (paragraph for paragraph in text.split("\n\n"))
    return Explanation(name=name, summary=" ".join(summary.split()), text=text)
