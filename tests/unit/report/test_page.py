"""The page has an index, groups and a filter, so that hundreds of workloads can be read."""

import re
from html.parser import HTMLParser
from typing import Any

from unit.cli.commands import probetuner
from unit.cli.manifests import BROKEN, deployment, probe, stream


def page(*documents: Any) -> str:
    """The page about these manifests."""
    return probetuner("analyze", "-", "-o", "html", piped=stream(*documents)).stdout


class Elements(HTMLParser):
    """Every element's tag, attributes and those of what it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102 - as the parser has it
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, style: str) -> list[dict[str, str]]:
        """The attributes of the elements of that class."""
        return [attributes for _, attributes in self.found if style in attributes.get("class", "").split()]


def in_namespace(name: str, namespace: str, **container: Any) -> dict[str, Any]:
    made = deployment(name, **container)
    made["metadata"]["namespace"] = namespace
    return made


def test_every_link_leads_to_a_place_in_the_page() -> None:
    """From the index to the findings, from a finding to its workloads, and back."""
    elements = Elements(page(deployment("a", **BROKEN), deployment("b", livenessProbe=probe()), deployment("c")))
    links = {attributes["href"][1:] for tag, attributes in elements.found if tag == "a"}
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]

    assert links <= set(ids)
    assert len(ids) == len(set(ids))
    assert {row["class"].split()[1] for row in elements.of("row")} == {"critical", "info"}


def test_the_index_and_the_groups_have_the_worst_finding_first() -> None:
    """As the table has; each is explained once."""
    text = page(*(deployment(f"web-{number}", **BROKEN) for number in range(9)), deployment("b", livenessProbe=probe()))
    elements = Elements(text)

    assert [group["id"] for group in elements.of("group")] == ["critical-port-not-declared", "info-start-not-protected"]
    assert text.count("The API server does not check the name") == 1
    assert len(elements.of("spot")) == 9 + 10


def test_two_workloads_of_one_name_have_a_section_each() -> None:
    """Environments in a repository use the same names."""
    elements = Elements(page(deployment("a", **BROKEN), deployment("a", livenessProbe=probe())))
    links = {attributes["href"] for tag, attributes in elements.found if tag == "a" and "w" in attributes["href"][:2]}

    assert links == {"#w0", "#w1"}


def test_what_a_chosen_namespace_hides_is_of_others() -> None:
    """Rows, findings and workloads carry the class of their namespaces, and the style sheet uses it."""
    text = page(in_namespace("a", "one", **BROKEN), in_namespace("b", "two", livenessProbe=probe()))
    elements = Elements(text)
    options = [attributes["id"] for tag, attributes in elements.found if tag == "option" and "id" in attributes]
    spots = [spot["class"].split()[1] for spot in elements.of("spot")]

    assert options == ["n0", "n1"]
    assert spots == ["n0", "n0", "n1"]
    assert [set(row["class"].split()) & {"n0", "n1"} for row in elements.of("row")] == [{"n0"}, {"n0", "n1"}]
    for option in options:
        assert re.search(rf"has\(#{option}:checked\) :is\([^)]*\.spot[^)]*\):not\(\.{option}\)", text)


def test_every_severity_can_be_hidden() -> None:
    """A box for each, and one for what is no trouble; the style sheet knows all of them."""
    text = page(deployment(**BROKEN))
    boxes = [attributes["id"] for tag, attributes in Elements(text).found if tag == "input" and "checked" in attributes]

    assert boxes == ["show-critical", "show-warning", "show-info", "show-good"]
    assert all(f"#{box}:not(:checked)" in text for box in boxes)
