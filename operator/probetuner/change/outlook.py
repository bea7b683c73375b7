"""The parts of a decision, before they are written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.change.block import Block
from probetuner.change.handover import Handover
from probetuner.change.record import Change
from probetuner.change.situation import Announcement
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import Finding
from probetuner.tuning.recommendation import Recommendation


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What was judged and found, what is advised, how the changes stand, and what is to be sent and told.

    `incomplete` says why not all that could be advised was worked out; None where it was. `tried` says in a sentence
    what was rolled back and is not advised again; empty where nothing was.
    """

    cases: tuple[Case, ...] = ()
    findings: tuple[Finding, ...] = ()
    recommendation: Recommendation | None = None
    patch: Mapping[str, Any] | None = None
    changes: tuple[Change, ...] = ()
    block: Block | None = None
    send: Mapping[str, Any] | None = None
    announcements: tuple[Announcement, ...] = ()
    handover: Handover | None = None
    incomplete: str | None = None
    tried: str = ""

    @property
    def latest(self) -> Change | None:
        """The latest change, if there ever was one."""
        return self.changes[0] if self.changes else None
