"""Files that people and kubectl write, to Kubernetes objects: a folder of manifests, a file, or what was piped in.

A document that cannot be read is told and left out, the others are still given out.
"""

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from probetuner.model.autoscaler import AUTOSCALERS
from probetuner.model.pod_controllers import POD_CONTROLLERS
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadKind
from probetuner.sources.special import special_kind
from probetuner.sources.yaml_values import read_values

SUFFIXES = (".yaml", ".yml", ".json")
MOST_BYTES = 512 * 1024 * 1024
"""A dump of some 50,000 pods."""

Tell = Callable[[str], None]
Taken = TypeVar("Taken")

_DOCUMENT_MARK = b"---"
_MOST_YAML_BYTES = 64 * 1024 * 1024
_MOST_LEVELS_OF_LISTS = 10
_CHUNK_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an object was read: `place` in words, and the file, the line and the text of its document, if any."""

    place: str
    file: str | None = None
    line: int | None = None
    text: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A Kubernetes object, of whatever kind, and where it was read."""

    object: Mapping[str, Any]
    origin: Origin


_SAYING = frozenset({*WorkloadKind, *POD_CONTROLLERS, *AUTOSCALERS, "Service", "Pod", "Event", "Node"})


def says_of_probes(kind: str) -> bool:
    """Whether an object of that kind, or a list of such, is of any use to judge probes."""
    return kind in _SAYING or kind.endswith("List")


def understood(take: Callable[[], Taken], place: str, tell: Tell) -> Taken | None:
    """What taking in one object gives; None, and a sentence, where it cannot be understood."""
    try:
        return take()
    except InvalidObjectError as error:
        tell(f"{place}: {error}; it was left out")
    except Exception as error:  # noqa: BLE001 - a fault in reading one object never stops the others
        tell(f"{place}: it could not be read, please report this: {type(error).__name__}: {error}")
    return None


def files_in(path: Path, tell: Tell) -> list[Path]:
    """The manifests of a folder and of the folders in it, in the order of their names; a file is itself.

    Names that begin with a dot are passed over, and what is no file is told and left out. Raises InvalidObjectError
    when there is none.
    """
    if not path.is_dir():
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if name.endswith(SUFFIXES) and not name.startswith(".")]
    if not found:
        raise InvalidObjectError(str(path), f"holds no file that ends in {', '.join(SUFFIXES)}")
    kinds = {file: special_kind(file) for file in found}
    for file, kind in kinds.items():
        if kind is not None:
            tell(f"{file} is {kind} and no file; it was left out")
    return [file for file, kind in kinds.items() if kind is None]


def read_file(path: Path, tell: Tell, *, foreign: Tell | None = None) -> Iterator[Given]:
    """Give out the objects of a file; see `read_content`."""
    try:
        with path.open("rb") as file:
            content = read_bounded(file)
    except OSError as error:
        tell(f"{path} cannot be read: {error.strerror or error}")
        return
    yield from read_content(content, str(path), tell, foreign=foreign)


def read_bounded(file: BinaryIO) -> bytes:
    """The content of a file, or a little more than is ever read of one; how large it is need not be known."""
    chunks, size = [], 0
    while size <= MOST_BYTES and (chunk := file.read(_CHUNK_BYTES)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def read_content(content: bytes, file: str, tell: Tell, *, foreign: Tell | None = None) -> Iterator[Given]:
    """Give out the objects in the content of `file`: JSON, or YAML of one or many documents; lists are unfolded.

    Of an object of a kind that says nothing of probes no more than the kind is read. `foreign` hears of documents that
    are no Kubernetes objects, or of an empty file, which is no problem where a folder was given; without it they are
    told as one.
    """
    if len(content) > MOST_BYTES:
        tell(f"{file} is larger than {MOST_BYTES // 1024**2} MiB; split it")
        return
    count = 0
    for origin, value in _documents(content, file, tell, foreign):
        count += 1
        yield from _unfold(value, origin, foreign or tell)
    if not count and not content.strip():
        (foreign or tell)(f"{file} is empty")


def _documents(content: bytes, file: str, tell: Tell, foreign: Tell | None) -> Iterator[tuple[Origin, Any]]:
    if foreign is not None and content.strip() and not _NAMES_KIND.search(content):
        foreign(f"{file} is not a Kubernetes object: it has no kind; it was left out")
        return
    if _FOR_PEOPLE.match(content):
        command = "kubectl get deploy,sts,ds,pods,events -o json"
        tell(f"{file} is what kubectl prints for people; give what `{command}` prints")
        return
    if content.lstrip()[:1] in (b"{", b"["):
        values, trouble = _json_values(content)
        if trouble is None or values or file.endswith(".json") or len(content) > _MOST_YAML_BYTES:
            for number, (line, value) in enumerate(values, 1):
                place = file if len(values) == 1 else f"{file} document {number}"
                yield Origin(place=place, file=file, line=line, text=content if len(values) == 1 else b""), value
            if trouble is not None:
                tell(f"{file} is not JSON: {trouble}" + ("; the rest was left out" if values else ""))
            return
    if len(content) > _MOST_YAML_BYTES:
        tell(f"{file} is larger than {_MOST_YAML_BYTES // 1024**2} MiB; split it, or give it as JSON")
        return
    yield from _yaml_documents(content, file, tell)


_FOR_PEOPLE = re.compile(rb"\s*(?:Name:[ \t]{2,}\S|(?:NAMESPACE|NAME|LAST SEEN)[ \t]{2,}[A-Z]{2,})")
"""The beginning of `kubectl describe`, and the head of the table that `kubectl get` prints without -o."""

_SPACE = re.compile(r"\s*")


def _json_values(content: bytes) -> tuple[list[tuple[int, Any]], str | None]:
    """The values of JSON one after another, as jq and `kubectl get` in a loop print them, each with its line.

    What follows the last one that can be read comes as a sentence on what is wrong there.
    """
    values: list[tuple[int, Any]] = []
    decoder, line, seen = json.JSONDecoder(), 1, 0
    try:
        text = content.decode("utf-8-sig")
        begin = _end(_SPACE, text, 0)
        while begin < len(text):
            line, seen = line + text.count("\n", seen, begin), begin
            value, end = decoder.raw_decode(text, begin)
            values.append((line, value))
            begin = _end(_SPACE, text, end)
    except (ValueError, RecursionError) as error:
        return values, " ".join(str(error).split())
    return values, None


def _end(pattern: re.Pattern[str], text: str, begin: int) -> int:
    found = pattern.match(text, begin)
    return found.end() if found else begin


def _yaml_documents(content: bytes, file: str, tell: Tell) -> Iterator[tuple[Origin, Any]]:
    """Each document by itself, so that one that is not YAML does not hide the ones after it."""
    line, number = 1, 0
    for piece in _pieces(content):
        if piece.strip() not in (b"", b"---"):
            number += 1
            origin = Origin(place=f"{file} document {number}", file=file, line=line, text=piece)
            kind = _lone_kind(piece)
            try:
                if kind is not None and not says_of_probes(kind):
                    yield origin, {"kind": kind}
                else:
                    yield from ((origin, value) for value in read_values(piece, place=origin.place, first_line=line))
            except InvalidObjectError as error:
                tell(f"{error}; the document was left out")
        line += piece.count(b"\n")


_NAMES_KIND = re.compile(rb"""^(?:kind|["']kind["'])[ \t]*:|^[ \t]*["{,].*?["']kind["'][ \t]*:""", re.MULTILINE)
_KIND = re.compile(rb"^kind:[ \t]*[\"']?([A-Za-z0-9]+)[\"']?[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)


def _lone_kind(document: bytes) -> str | None:
    """The kind of a document in block style that names one, found without reading the rest.

    A line that begins with it is not part of any value: those are indented, or quoted over several lines, which
    manifests do not do with a line of just that form.
    """
    found = [_KIND.match(document, begin) for begin in _lines_with(b"kind:", document)]
    named = [match[1] for match in found if match is not None]
    return named[0].decode() if len(named) == 1 else None


def _pieces(content: bytes) -> Iterator[bytes]:
    marks = (
        begin
        for begin in _lines_with(_DOCUMENT_MARK, content)
        if content[begin + 3 : begin + 4] in (b"", b" ", b"\t", b"\r", b"\n")
    )
    begins = [0, *marks, len(content)]
    return (content[begin:end] for begin, end in itertools.pairwise(begins) if begin < end)


def _lines_with(word: bytes, content: bytes) -> Iterator[int]:
    """Where the lines begin that begin with this word; a search for bytes is many times as fast as an expression."""
    if content.startswith(word):
        yield 0
    found = content.find(b"\n" + word)
    while found >= 0:
        yield found + 1
        found = content.find(b"\n" + word, found + 1)


def _unfold(value: Any, origin: Origin, tell: Tell, *, level: int = 0) -> Iterator[Given]:
    if value is None:
        return
    if isinstance(value, list) and any(map(_has_kind, value)) and level <= _MOST_LEVELS_OF_LISTS:
        for index, item in enumerate(value):
            place = replace(origin, place=f"{origin.place} [{index}]")
            yield from _unfold(item, place, tell, level=level + 1)
        return
    if not _has_kind(value) or level > _MOST_LEVELS_OF_LISTS:
        tell(f"{origin.place} is not a Kubernetes object: it has no kind; it was left out")
        return
    kind: str = value["kind"]
    items = value.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        yield Given(object=value, origin=origin)
        return
    for index, item in enumerate(items):
        place = replace(origin, place=f"{origin.place} items[{index}]")
        yield from _unfold(_typed(item, kind, value.get("apiVersion")), place, tell, level=level + 1)


def _has_kind(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("kind"), str)


def _typed(item: Any, list_kind: str, version: Any) -> Any:
    """The entries of the API server's own lists, such as DeploymentList, do not repeat what they are."""
    if isinstance(item, dict) and "kind" not in item and list_kind != "List":
        return {"apiVersion": version, "kind": list_kind.removesuffix("List"), **item}
    return item
