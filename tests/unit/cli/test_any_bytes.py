"""Whatever bytes come in, a person is told in a sentence and a script by the exit code; nothing falls over."""

import copy
import gzip
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.cli.commands import RECORDINGS, probetuner
from unit.cli.manifests import deployment, probe, service, stream

_FORMATS = st.sampled_from(["table", "json", "yaml", "patch", "kustomize", "html", "sarif"])
_QUICK = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def _last_objects(recording: str) -> list[dict[str, Any]]:
    with gzip.open(RECORDINGS / recording / "watch.ndjson.gz") as lines:
        watched = [json.loads(line)["object"] for line in lines]
    return list({(entry["kind"], entry["metadata"]["name"]): entry for entry in watched}.values())


_OBJECTS = [
    deployment(livenessProbe=probe(), readinessProbe=probe(), ports=[{"containerPort": 8080, "name": "http"}]),
    service(),
    *_last_objects("02-slow-start-killed"),
]
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\x1b[31m", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "Pod", "apps/v1", 10**30, "\ud800"]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


@st.composite
def _mutated(draw: st.DrawFn) -> dict[str, Any]:
    """An object as the API server gives it, with some of its parts replaced by something else."""
    mutated: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(_OBJECTS)))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(_places(mutated)))
        holder[key] = draw(_VALUES)
    return mutated


def _holds(piped: bytes, *arguments: str | Path) -> None:
    result = probetuner("analyze", *arguments, piped=piped)
    told = result.stderr.splitlines()

    assert result.exit_code in {0, 1, 2}
    assert "please report" not in result.stderr
    assert all(line.startswith("probetuner: ") for line in told)
    assert result.exit_code != 2 or told


@_QUICK
@given(st.binary(max_size=400), _FORMATS)
def test_bytes_as_manifests(content: bytes, form: str) -> None:
    """Any bytes on standard input."""
    _holds(content, "-", "-o", form)


@_QUICK
@given(st.lists(st.sampled_from([*"ab:-?&*!|>%@`{}[],#'\"\n \t", "<<: ", "- ", ": ", "---\n"]), max_size=40))
def test_almost_yaml(pieces: list[str]) -> None:
    """Any heap of YAML's own marks."""
    _holds("".join(pieces).encode(), "-")


@settings(_QUICK, max_examples=60)
@given(st.lists(_mutated(), min_size=1, max_size=4), _FORMATS)
def test_objects_with_wrong_parts(items: list[dict[str, Any]], form: str) -> None:
    """Objects of which any part is something else than it should be, as a dump."""
    _holds(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode(), "-", "-o", form)


@settings(_QUICK, max_examples=12)
@given(
    name=st.sampled_from(["meta.json", "watch.ndjson.gz", "metrics.ndjson.gz"]),
    damage=st.one_of(
        st.binary(max_size=200).map(lambda content: lambda _: content),
        st.binary(max_size=200).map(lambda content: lambda _: gzip.compress(content)),
        st.integers(0, 3000).map(lambda size: lambda whole: whole[:size]),
    ),
)
def test_recordings_with_a_damaged_file(name: str, damage: Callable[[bytes], bytes]) -> None:
    """A recording of which a file is something else, or ends anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder) / "recording"
        shutil.copytree(RECORDINGS / "08-broken-exec-probe", damaged)
        (damaged / name).write_bytes(damage((damaged / name).read_bytes()))
        _holds(b"", damaged)


@_QUICK
@given(st.lists(_mutated(), min_size=1, max_size=6), st.lists(st.text(max_size=60), max_size=3))
def test_recordings_with_wrong_lines(objects: list[dict[str, Any]], texts: list[str]) -> None:
    """A recording whose lines hold wrong objects and wrong metrics."""
    with tempfile.TemporaryDirectory() as folder:
        meta = {"format": "probetuner.dev/recording/v1", "started": "2026-11-22T00:00:00Z"}
        Path(folder, "meta.json").write_text(json.dumps(meta))
        watched = [{"t": "2026-11-22T23:00:00Z", "type": "MODIFIED", "object": entry} for entry in objects]
        scraped = [
            {"t": "2026-11-22T23:00:00Z", "node": "n", "path": "/metrics/probes", "text": text} for text in texts
        ]
        for name, lines in (("watch", watched), ("metrics", scraped)):
            content = "".join(json.dumps(line) + "\n" for line in lines)
            Path(folder, f"{name}.ndjson.gz").write_bytes(gzip.compress(content.encode()))
        _holds(b"", folder)


_BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)


@pytest.mark.parametrize(
    "content",
    [
        _BOMB.encode(),
        b"- " * 60_000 + b"x",
        b"[" * 60_000,
        b"{a: " * 60_000,
        b'{"a":' * 60_000,
        b"&a [*a]",
        b"a: !!python/object/apply:os.system [exit]",
        b"a: " + b"9" * 60_000,
        b"\xff\xfe" + "kind: Deployment".encode("utf-16-le"),
        b"\x00" * 100,
        gzip.compress(b"kind: Deployment"),
    ],
    ids=[
        "aliases",
        "deep-block",
        "deep-flow",
        "deep-map",
        "deep-json",
        "cycle",
        "tag",
        "digits",
        "utf16",
        "nul",
        "gzip",
    ],
)
def test_harmful_documents_do_no_harm(content: bytes) -> None:
    """What is made to take all memory, the stack or control is refused, and the document after it is analysed."""
    result = probetuner("analyze", "-", "-o", "yaml", piped=content + b"\n" + stream(deployment()))

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    if not content.startswith((b"\xff", b"{", b"[")):
        assert [one["name"] for one in yaml.safe_load(result.stdout)["workloads"]] == ["web"]
