"""What /proc of a container shows: its processes, those of them that are zombies, and who is process 1.

The text is what `SCRIPT` prints, run by a shell in the container: it reads and starts nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MOST_PROCESSES = 4096
MOST_CHARACTERS = 1024 * 1024
_COMM_CHARACTERS = 64

SCRIPT = f"""\
echo "self $$"
n=0
for f in /proc/[0-9]*/stat; do
  n=$((n+1))
  if [ $n -gt {MOST_PROCESSES} ]; then echo more; break; fi
  IFS= read -r line 2>/dev/null <"$f" && echo "stat $line"
done 2>/dev/null
for p in /usr/bin/tini /sbin/tini /bin/tini /usr/sbin/tini /usr/local/bin/tini /tini; do
  if [ -x "$p" ]; then echo "tini $p"; break; fi
done
echo end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """One look at the processes of a container.

    `adopted` are the zombies whose parent is process 1, `first` is the name of that, `tini` where the image has tini.
    `complete` says whether all processes could be read.
    """

    pod: str
    container: str
    processes: int
    zombies: int
    adopted: int
    first: str
    tini: str | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    number: int
    name: str
    state: str
    parent: int


def read_inspection(text: str, *, pod: str, container: str) -> Inspection | None:
    """Read what `SCRIPT` printed; None when that is not what it prints. Never raises."""
    lines = text[:MOST_CHARACTERS].splitlines()
    own = next((line.removeprefix("self ") for line in lines if line.startswith("self ")), None)
    if own is None:
        return None
    processes = [process for process in _processes(lines) if str(process.number) != own]
    zombies = [process for process in processes if process.state == "Z"]
    return Inspection(
        pod=pod,
        container=container,
        processes=len(processes),
        zombies=len(zombies),
        adopted=sum(process.parent == 1 for process in zombies),
        first=next((process.name for process in processes if process.number == 1), ""),
        tini=next((line.removeprefix("tini ") for line in lines if line.startswith("tini /")), None),
        complete="end" in lines and "more" not in lines,
    )


def _processes(lines: list[str]) -> Iterator[_Process]:
    """The lines of /proc/PID/stat; the name may hold blanks and parentheses (proc(5)), so its end is the last one."""
    for line in lines:
        head, closed, rest = line.removeprefix("stat ").rpartition(")")
        number, opened, name = head.partition(" (")
        fields = rest.split()
        if line.startswith("stat ") and closed and opened and number.isdecimal() and len(fields) > 1:
            parent = int(fields[1]) if fields[1].isdecimal() else 0
            yield _Process(number=int(number), name=name[:_COMM_CHARACTERS], state=fields[0][:1], parent=parent)
