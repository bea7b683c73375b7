"""A recording that was written is read back as it was."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.sources import recorder
from probetuner.sources.recorder import write_recording
from probetuner.sources.recording import METRICS_FILE, WATCH_FILE, Record, Recording, Scrape, Watched

_BEGAN = 1_760_000_000.0
_OBJECTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["Pod", "Event"]),
        "metadata": st.dictionaries(st.sampled_from(["name", "uid"]), st.text()),
    }
)
_RECORDS = st.one_of(
    st.builds(Watched, at=st.just(0.0), change=st.sampled_from(["ADDED", "MODIFIED"]), object=_OBJECTS),
    st.builds(
        Scrape,
        at=st.just(0.0),
        node=st.text(),
        path=st.just("/metrics/probes"),
        text=st.text(),
        problem=st.none() | st.text(min_size=1),
    ),
)


def _later(record: Record, at: float) -> Record:
    if isinstance(record, Scrape):
        return replace(record, at=at)
    return Watched(at=at, change=record.change, object=record.object)


def _write(folder: Path, records: Iterable[Record | None]) -> int:
    return write_recording(folder, records, kubernetes="v1.35.4", namespaces=("shop",), started=_BEGAN, seconds=10.0)


@pytest.mark.slow
@given(st.lists(_RECORDS, max_size=8))
def test_records_come_back(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> None:
    """All records come back in their order, with their times, and the meta data says when and what."""
    folder = tmp_path_factory.mktemp("recorded") / "recording"
    timed = [_later(record, _BEGAN + number) for number, record in enumerate(records)]
    count = _write(folder, timed)
    recording = Recording(folder)

    assert list(recording.records()) == timed
    assert recording.problems == []
    assert count == len(timed)
    assert (recording.kubernetes, recording.namespace, recording.started) == ("v1.35.4", "shop", _BEGAN)
    assert recording.ended == _BEGAN + max(0, len(timed) - 1)


def test_managed_fields_are_left_out(tmp_path: Path) -> None:
    """What the API server keeps for itself is not recorded."""
    pod = {"kind": "Pod", "metadata": {"name": "a", "managedFields": [{}]}}
    _write(tmp_path / "r", [Watched(at=_BEGAN, change="ADDED", object=pod)])
    (record,) = Recording(tmp_path / "r").records()

    assert isinstance(record, Watched)
    assert record.object == {"kind": "Pod", "metadata": {"name": "a"}}


def test_an_interrupted_recording_is_whole(tmp_path: Path) -> None:
    """What was recorded before an interruption is read without a problem."""

    def interrupted() -> Iterator[Record]:
        yield Watched(at=_BEGAN, change="ADDED", object={"kind": "Pod"})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _write(tmp_path / "r", interrupted())
    recording = Recording(tmp_path / "r")

    assert len(list(recording.records())) == 1
    assert recording.problems == []


def test_what_was_received_is_on_disk_while_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is flushed, all of it can be read, also where nothing more comes; that it goes on is told."""
    monkeypatch.setattr(recorder, "_FLUSH_SECONDS", 0.0)
    seen: list[int] = []

    def received() -> Iterator[Record | None]:
        for number in range(3):
            yield Watched(at=_BEGAN + number, change="ADDED", object={"kind": "Pod", "metadata": {"name": str(number)}})
            yield None
            recording = Recording(tmp_path / "r")
            seen.append(len(list(recording.records())))
            assert recording.ended is None
            assert len(recording.problems) == 2

    _write(tmp_path / "r", received())

    assert seen == [1, 2, 3]
    assert Recording(tmp_path / "r").ended == _BEGAN + 2


@pytest.mark.slow
@given(records=st.lists(_RECORDS, min_size=1, max_size=6), data=st.data())
def test_cut_off_at_any_byte_it_gives_what_was_flushed_before(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record], data: st.DataObject
) -> None:
    """Whatever was on disk by then is read, in its order; that something is missing is told, and where."""
    folder = tmp_path_factory.mktemp("cut") / "r"
    timed = [_later(record, _BEGAN + number) for number, record in enumerate(records)]
    flushed: list[dict[str, int]] = []

    def received() -> Iterator[Record | None]:
        for record in timed:
            yield record
            flushed.append({name: (folder / name).stat().st_size for name in (WATCH_FILE, METRICS_FILE)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "_FLUSH_SECONDS", 0.0)
        _write(folder, received())
    name = data.draw(st.sampled_from((WATCH_FILE, METRICS_FILE)))
    whole = (folder / name).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    (folder / name).write_bytes(whole[:cut])
    recording = Recording(folder)
    read = list(recording.records())

    kept = [record for record, sizes in zip(timed, flushed, strict=True) if sizes[name] <= cut or _file(record) != name]
    assert [record for record in read if record in kept] == kept
    assert all(record in timed for record in read)
    if cut == len(whole):
        assert recording.problems == []
    else:
        (problem,) = recording.problems
        assert str(folder / name) in problem
        assert "it is cut off" in problem


def _file(record: Record) -> str:
    return METRICS_FILE if isinstance(record, Scrape) else WATCH_FILE


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A folder that is there already is left alone."""
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "meta.json").write_text(json.dumps({}))

    with pytest.raises(FileExistsError):
        _write(tmp_path / "r", [])
    assert (tmp_path / "r" / "meta.json").read_text() == "{}"
