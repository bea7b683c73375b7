"""YAML from strangers to JSON values, quickly and within bounds.

Manifests are read by the core schema of YAML 1.2: only true and false are booleans, times stay strings. Most documents
go to yaml12, an order of magnitude faster than PyYAML. It copies what an alias stands for and recurses for every block,
so that a small document can take all memory or the whole stack; a document that could is composed here from
libyaml's events instead, where both are counted. The two agree on every document that both may read.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
import yaml12

from probetuner.model.problem import InvalidObjectError

_MOST_INDICATORS = 1000
"""Every level of nesting takes one of - ? : [ {, and yaml12's stack bears some 4,000 levels in 2 MiB."""
_MOST_LEVELS = 200
_MOST_VALUES = 5_000_000
_MOST_DIGITS = 300

_Parser: type[Any] = getattr(yaml, "CParser", yaml.SafeLoader)


def read_values(content: bytes, *, place: str, first_line: int = 1) -> list[Any]:
    """Read every document of a stream of YAML; what is in them are the values of JSON, with strings as keys.

    `first_line` is the line of the file that the content begins with. Raises InvalidObjectError, naming the line.
    """
    try:
        values = _quickly(content) if _is_harmless(content) else list(_carefully(content))
        return [json.loads(json.dumps(value, allow_nan=False)) for value in values]
    except yaml.MarkedYAMLError as error:
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        raise InvalidObjectError(f"{place} line {line}", f"is not YAML: {_shown(error.problem or error)}") from None
    except _QuickError as error:
        line = first_line + error.line - 1
        raise InvalidObjectError(f"{place} line {line}", f"is not YAML: {_shown(error)}") from None
    except yaml.reader.ReaderError as error:
        raise InvalidObjectError(f"{place} line {first_line}", f"is not text: {error.reason}") from None
    except (_TooMuchError, UnicodeError, ValueError, TypeError, RecursionError) as error:
        raise InvalidObjectError(f"{place} line {first_line}", f"cannot be read: {_shown(error)}") from None


class _TooMuchError(Exception):
    """The document would take more memory than a manifest can need."""


class _QuickError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _shown(error: object) -> str:
    return " ".join(str(error).split())[:200]


def _is_harmless(content: bytes) -> bool:
    indicators = sum(map(content.count, (b"-", b"?", b":", b"[", b"{")))
    return indicators <= _MOST_INDICATORS and not any(mark in content for mark in (b"*", b"!", b"<<", b"\0"))


_QUICK_MESSAGE = re.compile(r"(?:YAML parse error: )?(.*?)(?: at byte \d+ line (\d+) column \d+)?", re.DOTALL)


def _quickly(content: bytes) -> list[Any]:
    text = content.decode("utf-8-sig")
    try:
        return list(yaml12.parse_yaml(text, multi=True))
    except ValueError as error:
        found = _QUICK_MESSAGE.fullmatch(str(error))
        assert found is not None
        raise _QuickError(found[1], int(found[2] or 1)) from None


def _carefully(content: bytes) -> Iterator[Any]:
    parser = _Parser(content)
    try:
        parser.get_event()
        while not isinstance(parser.get_event(), yaml.StreamEndEvent):
            yield _Composer(parser.get_event).value(parser.get_event(), level=0)[0]
            parser.get_event()
    finally:
        parser.dispose()


class _Composer:
    """One document; a value comes with how many values it is made of, those behind aliases counted each time."""

    def __init__(self, next_event: Callable[[], Any]) -> None:
        self._next = next_event
        self._anchored: dict[str, tuple[Any, int]] = {}

    def value(self, event: Any, *, level: int) -> tuple[Any, int]:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchored:
                raise _misfit(f"no anchor of the name {event.anchor!r} was closed before", event)
            return self._anchored[event.anchor]
        if level > _MOST_LEVELS:
            raise _misfit(f"nested more than {_MOST_LEVELS} deep", event)
        built = self._built(event, level + 1)
        if built[1] > _MOST_VALUES:
            raise _TooMuchError(f"its aliases stand for more than {_MOST_VALUES} values")
        if event.anchor is not None:
            self._anchored[event.anchor] = built
        return built

    def _built(self, event: Any, level: int) -> tuple[Any, int]:
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(level)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(level)
        return _scalar(event), 1

    def _sequence(self, level: int) -> tuple[list[Any], int]:
        values, size = [], 1
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, more = self.value(event, level=level)
            values.append(value)
            size += more
        return values, size

    def _mapping(self, level: int) -> tuple[dict[Any, Any], int]:
        values: dict[Any, Any] = {}
        merged: list[Any] = []
        size = 1
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, _ = self.value(event, level=level)
            if isinstance(key, list | dict):
                raise _misfit("a key is not a string", event)
            value, more = self.value(self._next(), level=level)
            size += 1 + more
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and event.style is None:
                merged.extend(value if isinstance(value, list) else [value])
            else:
                values[key] = value
        for source in merged:
            if isinstance(source, dict):
                values = {**source, **values}
        return values, size


def _misfit(trouble: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=trouble, problem_mark=event.start_mark)


_PLAIN = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_DECIMAL, _OCTAL, _HEXADECIMAL = re.compile(r"[-+]?[0-9]+"), re.compile(r"0o[0-7]+"), re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style is not None or event.tag in {"tag:yaml.org,2002:str", "!"}:
        return text
    if text in _PLAIN:
        return _PLAIN[text]
    if len(text) > _MOST_DIGITS:
        return text
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
