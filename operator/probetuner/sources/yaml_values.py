"""YAML from strangers to JSON values, quickly and within bounds.

Manifests are read by the core schema of YAML 1.2: only true and false are booleans, times stay strings. Most documents
go to yaml12, an order of magnitude faster than PyYAML. It copies what an alias stands for and recurses for every block,
so that a small document can take all memory or the whole stack; a document that could is composed here from
libyaml's events instead, where both are counted. The two agree on what emitters write.
"""

import json
import re
from typing import Any

import yaml12

from probetuner.model.problem import InvalidObjectError

_MOST_INDICATORS = 1000
"""Every level of nesting takes one of - ? : [ {, and yaml12's stack bears some 4,000 levels in 2 MiB."""


def read_values(content: bytes, *, place: str, first_line: int = 1) -> list[Any]:
    """Read every document of a stream of YAML; what is in them are the values of JSON, with strings as keys.

    `first_line` is the line of the file that the content begins with. Raises InvalidObjectError, naming the line.
    """
    try:
        values = (_quickly(content) if _is_harmless(content) else None) or _carefully(content)
        return [json.loads(json.dumps(value, allow_nan=False)) for value in values]
    except _NotYamlError as error:
        raise InvalidObjectError(f"{place} line {first_line + error.line}", f"is not YAML: {_shown(error)}") from None
    except TypeError:  # of json: a key that is a mapping itself, as {{ name }} is, or a value of a tag of its own
        raise InvalidObjectError(
            f"{place} line {first_line}", "has keys or values that are no JSON; a template has to be rendered first"
        ) from None
    except (UnicodeError, ValueError, RecursionError) as error:
        raise InvalidObjectError(f"{place} line {first_line}", f"cannot be read: {_shown(error)}") from None


class _NotYamlError(Exception):
    """`line` is counted from 0."""

    def __init__(self, trouble: object, line: int) -> None:
        super().__init__(trouble)
        self.line = line


def _shown(error: object) -> str:
    return " ".join(str(error).split())[:200]


_ODD_SPACE = re.compile(r"[^\S \t\r\n]")
"""What Unicode counts as white space and YAML does not; yaml12 takes a word of it for no word."""


def _is_harmless(content: bytes) -> bool:
    if not content.isascii() and _ODD_SPACE.search(content.decode(errors="replace")):
        return False
    indicators = sum(map(content.count, (b"-", b"?", b":", b"[", b"{")))
    return indicators <= _MOST_INDICATORS and not any(mark in content for mark in (b"*", b"!", b"<<", b"\0"))


def _quickly(content: bytes) -> list[Any] | None:
    """The values, None where yaml12 refuses them: kubectl's parser takes some that it does not, libyaml all of those.

    Among them are flow sequences closed at the indentation of their key, and scalars continued at their parent's.
    """
    try:
        return list(yaml12.parse_yaml(content.decode("utf-8-sig"), multi=True))
    except ValueError:
        return None


def _carefully(content: bytes) -> list[Any]:
    from probetuner.sources.yaml_composer import ComposeError, compose  # noqa: PLC0415 - PyYAML loads as long as 50 manifests

    try:
        return list(compose(content))
    except ComposeError as error:
        raise _NotYamlError(error, error.line) from None
