"""A file of several documents is taken apart where YAML says, and what says nothing of probes is not read."""

from hypothesis import given
from hypothesis import strategies as st

from probetuner.sources.manifests import read_content

MARKS = ["---\n", "--- # next\n", "---\r\n", "---\t\n"]
LOOKALIKES = ["----", "---x", " ---", "# ---", "kind of", "kinds: x", " kind: Deployment"]


def _fail(problem: str) -> None:
    raise AssertionError(problem)


@given(
    documents=st.lists(
        st.tuples(st.sampled_from(MARKS), st.lists(st.sampled_from(LOOKALIKES), max_size=3)), min_size=1
    ),
    marked_first=st.booleans(),
)
def test_every_document_is_found_at_its_line(documents: list[tuple[str, list[str]]], marked_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Only a line of three hyphens begins one, whatever lines of a text in it look like."""
    text, lines = "", []
    for index, (mark, others) in enumerate(documents):
        text += mark if index or marked_first else ""
        lines.append(text.count("\n") + (0 if index or marked_first else 1))
        text += "kind: ConfigMap\n" + "".join(f"{line}\n" for line in others)
    found = list(read_content(text.encode(), "file", _fail))

    assert [one.object for one in found] == [{"kind": "ConfigMap"}] * len(documents)
    assert [one.origin.line for one in found] == lines


@given(
    st.sampled_from(['kind: "ConfigMap"', "kind: ConfigMap # of the shop", "kind:\tConfigMap", "kind: 'ConfigMap'\r"])
)
def test_of_what_says_nothing_of_probes_only_the_kind_is_read(line: str) -> None:
    """The rest need not even be YAML, before it or after it."""
    for text in (f"a: [\n{line}\nb: {{\n", f"{line}\nb: {{\n"):
        (found,) = read_content(text.encode(), "file", _fail)

        assert found.object == {"kind": "ConfigMap"}


def test_a_document_of_two_kinds_is_read_whole() -> None:
    """Whichever of them counts, YAML decides it and not a search."""
    told: list[str] = []

    assert not list(read_content(b"kind: ConfigMap\nkind: Deployment\nb: {\n", "file", told.append))
    assert "is not YAML" in told[0]
