"""YAML from strangers becomes JSON values, the same ones whichever parser a document is given to."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from probetuner.model.problem import InvalidObjectError
from probetuner.sources.yaml_values import read_values

_NUMBER = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
"""PyYAML writes it without quotes as text of YAML 1.1; by YAML 1.2, and for Kubernetes, it is a number."""

_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=12).filter(
    lambda text: not _NUMBER.fullmatch(text)
) | st.sampled_from(
    [
        "yes",
        "no",
        "null",
        "~",
        "0644",
        "1_000",
        "0x1f",
        "2026-01-01",
        "- a",
        "a: b",
        "#",
        "a #b",
        "|",
        "*a",
        "!a",
    ]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)
_CAREFULLY = "# *\n"
"""A star may be an alias, so the document is composed with care."""


@given(st.lists(_VALUES, min_size=1, max_size=3))
def test_both_parsers_read_what_emitters_write(documents: list[Any]) -> None:
    """What an emitter writes is read back as it was, quickly and carefully."""
    written = yaml.safe_dump_all(documents, explicit_start=True, allow_unicode=True)

    assert read_values(written.encode(), place="p") == documents
    assert read_values((_CAREFULLY + written).encode(), place="p") == documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("True", True),
        ("~", None),
        ("12", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5e3", 1500.0),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("'12'", "12"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
    ],
)
@pytest.mark.parametrize("care", ["", _CAREFULLY])
def test_words_mean_what_the_core_schema_says(text: str, value: Any, care: str) -> None:
    """Plain words are values by YAML 1.2's core schema: times and sexagesimals stay text."""
    assert read_values(f"{care}a: {text}\n".encode(), place="p") == [{"a": value}]


def test_aliases_and_merges_are_resolved() -> None:
    """An alias stands for its anchor's value, and merged keys give way to those that are written."""
    text = b"base: &base {a: 1, b: 2}\nsame: *base\nmore: {<<: *base, b: 3}\n"

    assert read_values(text, place="p") == [
        {"base": {"a": 1, "b": 2}, "same": {"a": 1, "b": 2}, "more": {"a": 1, "b": 3}}
    ]


def test_keys_become_strings() -> None:
    """Keys that are numbers are text, as in JSON."""
    assert read_values(b"7: a\ntrue: b\n", place="p") == [{"7": "a", "true": "b"}]


@pytest.mark.parametrize("care", [b"", b"# *\n"])
def test_errors_name_the_line(care: bytes) -> None:
    """What is wrong is told with the line of the file, counted from where the document begins in it."""
    with pytest.raises(InvalidObjectError, match=r"^file line 1[34] is not YAML: ") as caught:
        read_values(care + b"a: 1\nb: 2\nc: d: e\n", place="file", first_line=12 - len(care) // 4)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", [b"a: .inf\n", b"a: .nan # *\n", b"? [1]\n: 2\n", b"? [1] # *\n: 2\n", b"a: *nowhere\n"]
)
def test_what_json_cannot_say_is_refused(text: bytes) -> None:
    """Infinities, keys that are lists and aliases to nothing are no values of JSON."""
    with pytest.raises(InvalidObjectError):
        read_values(text, place="p")
