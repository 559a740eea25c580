# SPDX-License-Identifier: Apache-2.0
"""Lines of a caseload: whom today's work names, grouped by why, with what is due."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.care.due import OBSERVATIONS, REVIEW, WORDS, due_id
from wardkeep.care.seen_results import seen_id
from wardkeep.disclosure.who_i_am import ExpectedPatient
from wardkeep.fhir.store.standings import Marks, Standing
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
LONGEST_WITHOUT_SET = timedelta(hours=12)
"""On a ward; the published chart's longest interval (NEWS2)."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody is on today's list."""

    patient: str
    kind: str
    place: str
    """As `Location/x`; empty where only people are named."""
    at: int | None
    """When it begins, in UTC microseconds since 1970; None for what lasts."""


class DueLine(msgspec.Struct, frozen=True):
    """Something that is due, and when: a FHIR dateTime, or nothing known."""

    words: str
    when: str
    is_late: bool


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

    @property
    def is_late(self) -> bool:
        return any(one.is_late for one in self.due)


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


def marks_wanted(standings: Mapping[str, Standing]) -> list[tuple[str, str]]:
    """Patient and id of the resources that say what is due and what was looked at."""
    found = []
    for patient, standing in standings.items():
        ids = [due_id(patient, kind) for kind in (OBSERVATIONS, REVIEW)]
        ids += [seen_id(*one) for one in standing.reports]
        found += [(patient, one) for one in ids]
    return found


def line_of(
    reason: Reason,
    banner: Banner,
    standing: Standing,
    marks: Marks,
    *,
    now: datetime,
) -> Line:
    at = "" if reason.at is None else _time(from_microseconds(reason.at))
    next_contact = standing.next_contact
    return Line(
        id=reason.patient,
        banner=banner,
        at=at,
        next_contact="" if next_contact is None else _instant(next_contact),
        alerts=standing.alerts,
        results=sum(seen_id(*one) not in marks.there for one in standing.reports),
        due=tuple(_due(reason, standing, marks, now=now)),
    )


def _due(
    reason: Reason, standing: Standing, marks: Marks, *, now: datetime
) -> Iterable[DueLine]:
    for kind in (OBSERVATIONS, REVIEW):
        at = marks.due.get(due_id(reason.patient, kind))
        if at is None and kind == OBSERVATIONS and reason.kind == "ward":
            at = _by_the_chart(standing)
            if at is None:
                yield DueLine("No observations for a week", "", is_late=True)
        if at is not None:
            yield DueLine(WORDS[kind], _instant(at), is_late=at < now)


def _by_the_chart(standing: Standing) -> datetime | None:
    """Where nobody said when the next set is due: the longest that is published."""
    last = standing.last_set
    return None if last is None else last + LONGEST_WITHOUT_SET


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _time(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%H:%M}"


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
