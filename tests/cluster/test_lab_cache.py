"""What is kept between runs is whole or not there, is made once, and is removed without harm."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import LabError
from lab.cache import key_of, made, remove_tree
from lab.errors import run


def test_what_several_want_at_once_is_made_once(tmp_path: Path) -> None:
    """Whoever comes while a thing is being made waits for it and makes it no second time."""
    makers: list[Path] = []

    def make(folder: Path) -> None:
        makers.append(folder)
        (folder / "content").write_text("whole")

    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda _: made(tmp_path / "thing", make), range(8)))
    assert {(path / "content").read_text() for path in found} == {"whole"}
    assert len(makers) == 1


def test_what_failed_half_way_is_not_there(tmp_path: Path) -> None:
    """A failure leaves neither the thing nor its half, and the next try starts afresh."""

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise LabError("no space")

    with pytest.raises(LabError, match="no space"):
        made(tmp_path / "thing", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]
    assert list(made(tmp_path / "thing", lambda folder: (folder / "content").touch()).iterdir())


def test_a_key_tells_all_parts_apart(tmp_path: Path) -> None:
    """Contents count, and so do the borders between parts."""
    file = tmp_path / "source.go"
    file.write_text("package main")
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of(file) == key_of("package main")
    file.write_text("package other")
    assert key_of(file) != key_of("package main")


@pytest.mark.cluster  # mounting needs the lab's own right to do so
def test_what_is_mounted_is_never_removed(tmp_path: Path) -> None:
    """A mount that was left behind stops the removal: it could be the machine's own files."""
    mounted = tmp_path / "folder" / "mounted"
    mounted.mkdir(parents=True)
    run(["mount", "-t", "tmpfs", "precious", mounted])
    try:
        (mounted / "precious").touch()
        with pytest.raises(LabError, match="is still mounted"):
            remove_tree(tmp_path / "folder")
        assert (mounted / "precious").exists()
    finally:
        run(["umount", mounted])
    remove_tree(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
