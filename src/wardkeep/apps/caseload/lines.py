# SPDX-License-Identifier: Apache-2.0
"""Lines of a caseload: whom today's work names, grouped by why, with what is due."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care.depots import due_lines_of
from wardkeep.care.late import DueLine, due_lines, unseen
from wardkeep.care.risk import RiskMark, risk_of
from wardkeep.care.waiting import Waiting
from wardkeep.care.ward_due import ward_lines
from wardkeep.disclosure.who_i_am import ExpectedPatient
from wardkeep.fhir.depots.due import Window
from wardkeep.fhir.store.standings import Marks, Standing
from wardkeep.fhir.tasks.tasks import Listed
from wardkeep.fhir.tasks.to_do import instant_of
from wardkeep.fhir.wards.rows import StayRow
from wardkeep.fhir.work.today import begins_at, is_for_today
from wardkeep.ui.banner import Banner

ORDER = (
    ("ward", "On the ward"),
    ("visit", "Visits today"),
    ("appointment", "Appointments today"),
    ("contact", "Contacts today"),
    ("clinic", "Clinic"),
    ("queue", "In your queue"),
    ("caseload", "On your caseload"),
    ("result", "Results for you"),
)
"""Kinds of work, the most pressing first; a patient stands in the first group."""
_WORDS = dict(ORDER)
_RANK = {kind: rank for rank, (kind, _) in enumerate(ORDER)}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody is on today's list."""

    patient: str
    kind: str
    place: str
    """As `Location/x`; empty where only people are named."""
    at: int | None
    """When it begins, in UTC microseconds since 1970; None for what lasts."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One patient, as the list shows them."""

    id: str
    banner: Banner
    at: str
    """Time of day; empty for what lasts."""
    next_contact: str
    alerts: int
    results: int
    due: tuple[DueLine, ...]
    depots: tuple[DueLine, ...]
    risk: RiskMark
    waits: "Waits"

    @property
    def is_late(self) -> bool:
        is_due = any(one.is_late for one in (*self.due, *self.depots))
        return self.waits.is_late or self.risk.is_late or is_due


class Referred(msgspec.Struct, frozen=True):
    """A team that the patient waits for."""

    to: str
    waited: str
    is_late: bool


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What people wait for about one patient."""

    tasks: int = 0
    """Open ones, whoever's they are."""
    next_task: str = ""
    """When the first is due, a FHIR dateTime."""
    is_late: bool = False
    unread: int = 0
    """Messages to the reader."""
    letters: int = 0
    """Those that wait for the reader's approval."""
    referred: tuple[Referred, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Patients of one kind of work in one place."""

    words: str
    lines: tuple[Line, ...]


def todays(expected: Iterable[ExpectedPatient], *, now: int) -> list[Reason]:
    """Each patient once, for the most pressing reason, in the order of the list.

    What somebody wrote for themselves is left out: it explains no list.
    """
    best: dict[str, tuple[tuple[int, int, bool], Reason]] = {}
    for one in expected:
        is_today = is_for_today(one.kind, since=one.since, until=one.until, now=now)
        if one.is_self_made or one.kind not in _RANK or not is_today:
            continue
        at = begins_at(one.kind, one.since)
        has_place = one.who.startswith("Location/")
        place = one.who if has_place else ""
        rank = (_RANK[one.kind], at or 0, not has_place)
        if one.patient not in best or rank < best[one.patient][0]:
            reason = Reason(patient=one.patient, kind=one.kind, place=place, at=at)
            best[one.patient] = (rank, reason)
    ordered = sorted(best.values(), key=lambda two: (two[0][0], two[1].place, two[0]))
    return [reason for _, reason in ordered]


def waits_of(
    patient: str,
    tasks: Sequence[Listed],
    waiting: Waiting,
    *,
    referred: Sequence[Referred],
    now: datetime,
) -> Waits:
    """What waits about a patient, with the open tasks about them, the soonest first."""
    first = tasks[0].due if tasks else None
    return Waits(
        tasks=len(tasks),
        next_task="" if first is None else instant_of(first),
        is_late=first is not None and first < now,
        unread=waiting.unread_of.get(patient, 0),
        letters=waiting.letters_of.get(patient, 0),
        referred=tuple(referred),
    )


def line_of(  # noqa: PLR0913 - one line, each part of it named
    reason: Reason,
    banner: Banner,
    standing: Standing,
    marks: Marks,
    waits: Waits,
    *,
    depots: Mapping[str, Sequence[Window]],
    stay: StayRow | None,
    now: datetime,
) -> Line:
    at = "" if reason.at is None else _time(from_microseconds(reason.at))
    next_contact, today = standing.next_contact, now.astimezone(LONDON).date()
    return Line(
        id=reason.patient,
        banner=banner,
        at=at,
        next_contact="" if next_contact is None else instant_of(next_contact),
        alerts=standing.alerts,
        results=unseen(standing, marks),
        due=(
            *ward_lines(stay, now),
            *due_lines(
                reason.patient,
                standing,
                marks,
                is_on_ward=reason.kind == "ward",
                now=now,
            ),
        ),
        depots=due_lines_of(depots, reason.patient, today),
        risk=risk_of(reason.patient, marks, today),
        waits=waits,
    )


def _time(at: datetime) -> str:
    return time_of_day(at)


def grouped(
    reasons: Sequence[Reason], lines: Mapping[str, Line], places: Mapping[str, str]
) -> list[Group]:
    """Lines below what they are there for; times in order, else names."""
    found: dict[str, list[Line]] = {}
    for reason in reasons:
        if reason.patient in lines:
            words = _WORDS[reason.kind]
            if reason.place in places:
                words = f"{places[reason.place]}: {words.lower()}"
            found.setdefault(words, []).append(lines[reason.patient])
    return [
        Group(words=words, lines=tuple(sorted(some, key=_by_time_and_name)))
        for words, some in found.items()
    ]


def _by_time_and_name(line: Line) -> tuple[str, str, str]:
    name = line.banner.name
    return line.at, name.family.casefold(), name.given.casefold()
