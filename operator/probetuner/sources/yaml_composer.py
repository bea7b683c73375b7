"""Documents of YAML, composed from libyaml's events with every level and every aliased value counted.

Plain words are read by the core schema of YAML 1.2.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

_MOST_LEVELS = 200
_MOST_VALUES = 5_000_000
_MOST_DIGITS = 300

_Parser: type[Any] = getattr(yaml, "CParser", yaml.SafeLoader)


class ComposeError(Exception):
    """A stream that is no YAML, or asks for too much; `line` is counted from 0."""

    def __init__(self, trouble: str, line: int) -> None:
        super().__init__(trouble)
        self.line = line


def compose(content: bytes) -> Iterator[Any]:
    """Give out the documents of a stream. Raises ComposeError."""
    try:
        yield from _documents(content)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise ComposeError(error.problem or str(error), line) from None
    except yaml.reader.ReaderError as error:
        raise ComposeError(error.reason, 0) from None


def _documents(content: bytes) -> Iterator[Any]:
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
            raise _misfit(f"aliases stand for more than {_MOST_VALUES} values", event)
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
