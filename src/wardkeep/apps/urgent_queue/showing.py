# SPDX-License-Identifier: Apache-2.0
"""A call that waits as boards show it: colour and words, and no name of anybody."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.care.ambulance import Ambulance, ambulance_of
from wardkeep.care.queue_words import (
    ABSENT,
    COLOURS,
    left_words,
    number_of,
    span_words,
)
from wardkeep.fhir.urgent.clocks import WORDS, Pace, pace_of
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SKILLS
from wardkeep.fhir.urgent.queue_rows import EntryRow, OwnerCount, SkillCount
from wardkeep.fhir.urgent.steps import WORDS as STATES, State

SKILL_WORDS = {
    "ambulance": "Ambulance",
    "clinician": "Clinician",
    "emergency-department": "Emergency department",
    "paediatric": "Clinician for children",
    "mental-health": "Mental health",
    "palliative": "Palliative care",
    "dental": "Dental nurse",
    "pharmacist": "Pharmacist",
    "base": "Treatment centre",
    "visit": "Home visit",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One place in a queue."""

    entry: str
    patient: str
    number: str
    """What staff call it: the end of its id, which says nothing of anybody."""
    words: str
    skill: str
    pace: Pace
    pace_words: str
    colour: str
    left: str
    due: datetime
    given: datetime
    state: str
    owner: str
    is_new: bool
    is_pinned: bool
    is_escalated: bool
    attempts: int
    comforted: datetime | None
    next_at: datetime
    ambulance: Ambulance | None
    """None: it is no request for one."""
    planned: datetime | None
    """When they are booked, or a car is expected."""
    absent: str
    """Why nobody saw them at the time that was booked, in words."""


class SkillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One skill's queue."""

    skill: str
    words: str
    count: SkillCount
    oldest: str
    """How long the oldest has waited."""


def skill_words(skill: str) -> str:
    return SKILL_WORDS.get(skill, skill.capitalize() or "No skill is named")


def line_of(row: EntryRow, now: datetime) -> Line:
    pace = pace_of(given=row.given_at, due=row.due_at, now=now)
    known = DISPOSITIONS.get(row.disposition)
    return Line(
        entry=row.entry,
        patient=row.patient,
        number=number_of(row.entry),
        words=known.words if known else row.disposition or "Not said",
        skill=skill_words(row.skill),
        pace=pace,
        pace_words=WORDS[pace],
        colour=COLOURS[pace],
        left=left_words(row.due_at, now),
        due=row.due_at,
        given=row.given_at,
        state=STATES[State(row.state)],
        owner=row.owner,
        is_new=row.state == State.NEW and not row.owner,
        is_pinned=row.is_pinned,
        is_escalated=row.is_escalated,
        attempts=row.attempts,
        comforted=row.comforted_at,
        next_at=row.next_at,
        ambulance=ambulance_of(row, now),
        planned=row.planned_at,
        absent=ABSENT.get(row.attendance, "") if row.state == State.BOOKED else "",
    )


def lines_of(rows: Sequence[EntryRow], now: datetime) -> list[Line]:
    return [line_of(one, now) for one in rows]


def skills_in_order(counts: Sequence[SkillCount], now: datetime) -> list[SkillLine]:
    """In the order of the list of dispositions; what that does not know at the end."""
    known = {skill: place for place, skill in enumerate(SKILLS)}
    ordered = sorted(
        counts, key=lambda one: (known.get(one.skill, len(known)), one.skill)
    )
    return [
        SkillLine(
            skill=one.skill,
            words=skill_words(one.skill),
            count=one,
            oldest=span_words(int((now - one.oldest).total_seconds() // 60)),
        )
        for one in ordered
    ]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Of some queues together."""

    waiting: int
    to_take: int
    breached: int
    nearly: int
    overdue: int
    escalated: int


def totals_of(counts: Sequence[SkillCount]) -> Totals:
    return Totals(
        waiting=sum(one.waiting for one in counts),
        to_take=sum(one.to_take for one in counts),
        breached=sum(one.breached for one in counts),
        nearly=sum(one.nearly for one in counts),
        overdue=sum(one.overdue for one in counts),
        escalated=sum(one.escalated for one in counts),
    )


def due_words(one: OwnerCount, now: datetime) -> str:
    return left_words(one.first_due, now)
