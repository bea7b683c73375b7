"""What a look into /proc of a container tells: bounded, and never confused by names."""

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts.inspection import MOST_PROCESSES, SCRIPT, read_inspection

PRINTED = """\
self 90
stat 1 (redis-server) S 0 1 1 0 -1 4194560 2391
stat 12 (a) Z (b) Z 1 12 12 0 -1
stat 13 (sleep) Z 1 12 12 0 -1
stat 14 (sh) Z 12 12 12 0 -1
stat 15 (sleep) S 1 12 12 0 -1
stat 90 (sh) R 0 90 90 0 -1
tini /usr/bin/tini
end
"""


def test_processes_are_counted_by_state_and_parent() -> None:
    """Zombies are told from the living, those handed to process 1 from others, and the look itself is left out."""
    seen = read_inspection(PRINTED, pod="redis-0", container="redis")

    assert seen is not None
    assert (seen.processes, seen.zombies, seen.adopted) == (5, 3, 2)
    assert (seen.first, seen.tini, seen.complete) == ("redis-server", "/usr/bin/tini", True)


def test_a_look_that_broke_off_says_so() -> None:
    """Without its last line, or with more processes than are read, it is not complete."""
    cut = read_inspection(PRINTED.removesuffix("end\n"), pod="p", container="c")
    many = read_inspection("self 7\nmore\nend\n", pod="p", container="c")

    assert cut is not None
    assert not cut.complete
    assert many is not None
    assert not many.complete


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_read(first: str, then: str) -> None:
    """What comes out of a container may be anything."""
    read_inspection(first, pod="p", container="c")
    seen = read_inspection(f"self 1\n{first}\nstat {then}", pod="p", container="c")

    assert seen is None or seen.zombies <= seen.processes


def test_the_script_runs_in_a_plain_shell_and_reads_only() -> None:
    """A POSIX shell without any other program on its PATH prints what is read here: this machine's own processes."""
    said = subprocess.run(
        ["/bin/sh", "-c", SCRIPT], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=True
    )
    seen = read_inspection(said.stdout, pod="p", container="c")

    assert seen is not None
    assert seen.processes >= 1
    assert seen.complete or seen.processes >= MOST_PROCESSES
    assert not any(sign in SCRIPT.replace("2>/dev/null", "") for sign in (">", "rm ", "kill"))
