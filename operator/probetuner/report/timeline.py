"""What happened to a container's pods, drawn: a row per pod, time from left to right."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory, FailureRun, UnreadySpell
from probetuner.report.report import ContainerReport

_WIDTH, _NAMES, _ROW, _AXIS = 1000.0, 170.0, 26.0, 22.0
_MOST_PODS = 20
_TICKS = 5
_NAME_CHARACTERS = 22

_CAUSES = {
    None: ("runs", "runs"),
    RestartCause.LIVENESS_KILL: ("killed", "killed by the liveness probe"),
    RestartCause.STARTUP_KILL: ("killed", "killed by the startup probe"),
    RestartCause.CRASH: ("crashed", "ended by itself"),
    RestartCause.OOM: ("crashed", "ended by the kernel, out of memory"),
    RestartCause.STOPPED: ("ended", "was asked to stop, nobody knows by whom"),
    RestartCause.DISRUPTION: ("ended", "ended with its pod"),
    RestartCause.UNKNOWN: ("ended", "ended, nobody knows why"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From epoch seconds to the width of the drawing."""

    begin: float
    end: float

    def x(self, at: float) -> float:
        share = (min(max(at, self.begin), self.end) - self.begin) / max(self.end - self.begin, 1.0)
        return _NAMES + share * (_WIDTH - _NAMES)


def draw_timeline(container: ContainerReport) -> str:
    """An SVG of the lives, failures and unready spells that are remembered; empty when none is."""
    history = container.history
    pods = list(dict.fromkeys(life.pod_uid for life in history.lives))[-_MOST_PODS:]
    if not pods:
        return ""
    scale = _Scale(begin=min(life.started_at for life in history.lives), end=_end(history))
    rows = [mark for row, pod in enumerate(pods) for mark in _row(container, pod, scale, top=row * _ROW)]
    height = len(pods) * _ROW + _AXIS
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" aria-label="Timeline of {escape(container.name)}">'
        f"{''.join(rows)}{''.join(_axis(scale, height))}</svg>"
    )


def _end(history: ContainerHistory) -> float:
    return max(history.last_seen_at, *(life.ended_at or life.started_at for life in history.lives))


def _row(container: ContainerReport, pod: str, scale: _Scale, *, top: float) -> Iterator[str]:
    history = container.history
    lives = [life for life in history.lives if life.pod_uid == pod]
    name = lives[-1].pod
    shown = name if len(name) <= _NAME_CHARACTERS else "…" + name[1 - _NAME_CHARACTERS :]
    yield f'<text x="0" y="{top + 17:.0f}">{escape(shown)}<title>{escape(name)}</title></text>'
    for life in lives:
        yield _life(container, life, scale, top)
    yield from _spells((spell for spell in history.unready if spell.pod_uid == pod), scale, top)
    yield from _runs((run for run in history.runs if run.pod_uid == pod), scale, top)


def _life(container: ContainerReport, life: Life, scale: _Scale, top: float) -> str:
    style, words = _CAUSES[attribute(life, container.container, watched_since=container.history.first_seen_at)]
    until = scale.end if life.ended_at is None else life.ended_at
    told = f"{clock(life.started_at)} to {clock(until)}: {words}"
    return _bar(style, scale, life.started_at, until, top=top + 5, height=14, told=told)


def _spells(spells: Iterable[UnreadySpell], scale: _Scale, top: float) -> Iterator[str]:
    for spell in spells:
        until = scale.end if spell.ended_at is None else spell.ended_at
        told = f"{clock(spell.started_at)}: unready for {until - spell.started_at:.0f} s"
        yield _bar("unready", scale, spell.started_at, until, top=top + 20, height=4, told=told)


def _runs(runs: Iterable[FailureRun], scale: _Scale, top: float) -> Iterator[str]:
    for run in runs:
        causes = ", ".join(cause.value for cause in run.causes) or "cause unknown"
        failures = f"{run.failures} attempts of {run.probe.value.lower()} failed"
        told = f"{clock(run.started_at)}: {failures} ({causes}), {run.ending.value}"
        yield _bar("failed", scale, run.started_at, run.ended_at or run.last_at, top=top + 1, height=4, told=told)


def _bar(style: str, scale: _Scale, begin: float, end: float, *, top: float, height: float, told: str) -> str:
    left, width = scale.x(begin), max(1.5, scale.x(end) - scale.x(begin) - 0.8)
    return (
        f'<rect class="{style}" x="{left:.1f}" y="{top:.0f}" width="{width:.1f}" height="{height:.0f}" rx="1.5">'
        f"<title>{escape(told)}</title></rect>"
    )


def _axis(scale: _Scale, height: float) -> Iterator[str]:
    for tick in range(_TICKS):
        at = scale.begin + (scale.end - scale.begin) * tick / (_TICKS - 1)
        anchor: str = _ANCHORS[tick]
        yield f'<text class="axis" x="{scale.x(at):.0f}" y="{height - 5:.0f}" text-anchor="{anchor}">{clock(at)}</text>'


_ANCHORS: Sequence[str] = ("start", "middle", "middle", "middle", "end")


def clock(at: float) -> str:
    """The time of day in UTC of a moment in epoch seconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
