# SPDX-License-Identifier: Apache-2.0
"""A clinic's day as people read it: rows in order, with words for where each stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from wardkeep.base.time_of_day import time_of_day
from wardkeep.fhir.clinics.desk import may_undo
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.rows import Step
from wardkeep.fhir.clinics.waits import in_order
from wardkeep.fhir.clinics.words import LATE_MINUTES, Note, Standing

TAGS = {
    Standing.EXPECTED: ("Expected", "grey"),
    Standing.WAITING: ("Waiting", "yellow"),
    Standing.CALLED: ("Called", "purple"),
    Standing.IN_ROOM: ("In the room", "blue"),
    Standing.SEEN: ("Seen", "green"),
    Standing.LEFT: ("Left unseen", "orange"),
    Standing.NO_SHOW: ("Did not come", "orange"),
    Standing.CANCELLED: ("Cancelled", "grey"),
}
NOTES = {
    Note.INTERPRETER: "Interpreter",
    Note.WHEELCHAIR: "Wheelchair",
    Note.UNWELL: "Feels unwell",
    Note.LATE: "Late",
    Note.TRANSPORT: "Transport waits",
    Note.WALKED_IN: "Walked in",
}
FILTERS = {
    "all": ("Everybody", frozenset(Standing)),
    "here": (
        "Here now",
        frozenset({Standing.WAITING, Standing.CALLED, Standing.IN_ROOM}),
    ),
    "expected": ("Expected", frozenset({Standing.EXPECTED})),
    "over": (
        "Seen or gone",
        frozenset({Standing.SEEN, Standing.LEFT, Standing.NO_SHOW, Standing.CANCELLED}),
    ),
}
_SECTIONS = (
    ("In the room and called", (Standing.IN_ROOM, Standing.CALLED)),
    ("Waiting, in the order of being called", (Standing.WAITING,)),
    ("Expected", (Standing.EXPECTED,)),
    (
        "Seen or gone",
        (Standing.SEEN, Standing.LEFT, Standing.NO_SHOW, Standing.CANCELLED),
    ),
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One appointment of the list; who it is stands apart."""

    id: str
    patient: str
    at: str
    standing: str
    tag: tuple[str, str]
    more: str
    """Ticket, wait, room and notes in words."""
    note: str
    priority: int
    shown_as: str
    undoes: int
    """The step that can be taken back; 0: none."""
    last: int
    """The last step, so that a call sent twice is one; 0: none."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """People who stand alike."""

    key: str
    words: str
    rows: tuple[Row, ...]


def sections(
    lines: Sequence[Line],
    steps: Mapping[str, Step],
    now: datetime,
    *,
    only: str = "all",
) -> list[Section]:
    """The day, those first who need somebody now."""
    _, shown = FILTERS.get(only, FILTERS["all"])
    made = []
    for words, standings in _SECTIONS:
        mine = [one for one in lines if one.standing in standings]
        if Standing.WAITING in standings:
            mine = in_order(mine)
        rows = tuple(
            _row(one, steps.get(one.appointment), now)
            for one in mine
            if one.standing in shown
        )
        if rows:
            made.append(Section(key=standings[0].value, words=words, rows=rows))
    return made


def _row(line: Line, last: Step | None, now: datetime) -> Row:
    return Row(
        id=line.appointment,
        patient=line.patient,
        at=clock(line.starts_at),
        standing=line.standing.value,
        tag=TAGS[line.standing],
        more="; ".join(_more(line, now)),
        note=line.note.value,
        priority=line.priority,
        shown_as=line.shown_as.value,
        undoes=last.number if last is not None and may_undo(line, last, now) else 0,
        last=0 if last is None else last.number,
    )


def _more(line: Line, now: datetime) -> list[str]:
    said = []
    if line.ticket:
        said.append(f"Number {line.ticket}")
    if line.standing is Standing.WAITING and line.arrived_at is not None:
        said.append(f"waits {minutes(line.arrived_at, now)} min")
    if line.room:
        said.append(line.room)
    late = minutes(line.starts_at, now)
    if line.standing is Standing.EXPECTED and late > LATE_MINUTES:
        said.append(f"{late} min late")
    if line.is_elsewhere:
        said.append("is in another clinic just now")
    if line.priority:
        said.append("next" if line.priority > 1 else "sooner")
    if line.note in NOTES:
        said.append(NOTES[line.note])
    return said


def clock(moment: datetime) -> str:
    return time_of_day(moment)


def minutes(since: datetime, now: datetime) -> int:
    return max(0, int((now - since).total_seconds() // 60))
