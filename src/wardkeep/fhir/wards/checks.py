# SPDX-License-Identifier: Apache-2.0
"""A day's sheet of checks as a FHIR Observation, each check a component of it.

https://hl7.org/fhir/R4/observation.html. As the paper sheet it is one a level and day,
in London: an Observation a check would be ninety-six a day, and push everything else
out of whatever reads the newest hundred. A check that was recorded stays: one that was
wrong is struck, with who did it. When a check is due is worked out, never stored.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards.level import TYPE as LEVEL
from wardkeep.fhir.wards.saying import (
    BY,
    SYSTEM,
    code_in,
    concept,
    is_of,
    moment_said,
    of_person,
    person_said,
    put_extension,
    said_in,
    text_said,
    written,
)
from wardkeep.fhir.work.expects import Content, listed

TYPE = "Observation"
SHEET, CHECK = "check-sheet", "check"
SEEN_AS = f"{SYSTEM}:seen"
_AT, _RECORDED, _DUE, _WHERE, _WORDS, _LATE = (
    f"{SYSTEM}:{it}" for it in ("at", "recorded", "due", "where", "words", "late-entry")
)
_STRUCK_BY, _STRUCK_AT = f"{SYSTEM}:struck-by", f"{SYSTEM}:struck-at"
NOT_FOUND = "not-found"
SEEN = {
    "asleep": "Asleep, breathing seen",
    "calm": "Awake, calm",
    "busy": "Awake, with others or busy",
    "unsettled": "Awake, unsettled",
    "distressed": "Distressed",
    NOT_FOUND: "Not found",
}
WHERE = {
    "bedroom": "Bedroom",
    "day-room": "Day room",
    "bathroom": "Bathroom",
    "corridor": "Corridor",
    "garden": "Garden",
    "elsewhere": "Elsewhere on the ward",
}
MOST_CHECKS = 400
"""Of one sheet: every five minutes of a day are 288."""
LATE_ENTRY_HOURS = 12
"""How long afterwards a check that was done may be written down, marked as such."""
_MINUTE = timedelta(minutes=1)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a patient."""

    id: str
    at: datetime
    """When they were seen: the server's time, or what a late entry says."""
    recorded: datetime
    due: datetime
    """By when this check had to be done."""
    by: Person
    seen: str
    where: str = ""
    words: str = ""
    is_late_entry: bool = False
    struck_by: Person = Person()
    struck_at: datetime | None = None

    @property
    def is_struck(self) -> bool:
        return self.struck_at is not None

    @property
    def late_minutes(self) -> int:
        """Whole minutes after it was due; 0: in time."""
        return max(0, (self.at - self.due) // _MINUTE)

    def missed(self, every: int) -> int:
        """How many further checks were due in the meantime and not done."""
        return self.late_minutes // every

    @property
    def seen_words(self) -> str:
        return SEEN.get(self.seen, self.seen)

    @property
    def where_words(self) -> str:
        return WHERE.get(self.where, self.where)


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of a level on a day, as they were written."""

    id: str
    level: str
    patient: str
    checks: tuple[Check, ...] = ()

    @property
    def holding(self) -> tuple[Check, ...]:
        """Those that were not struck, by when they were done."""
        found = [one for one in self.checks if not one.is_struck]
        return tuple(sorted(found, key=lambda one: (one.at, one.recorded)))

    @property
    def last(self) -> Check | None:
        return self.holding[-1] if self.holding else None


def next_due(
    *, began: datetime, every: int, last: datetime | None, back: datetime | None = None
) -> datetime:
    """By when somebody has to look next.

    So long after the last check, or after the level was set; at once when the patient
    came back from leave since.
    """
    since = began if last is None else max(last, began)
    if back is not None and back > since:
        return back
    return since + timedelta(minutes=every)


def overdue_minutes(due: datetime, now: datetime) -> int:
    """Whole minutes since it was due; 0: it is not late."""
    return max(0, (now - due) // _MINUTE)


def day_of(moment: datetime) -> date:
    return moment.astimezone(LONDON).date()


def sheet_id(level: str, day: date) -> str:
    return derived_uuid("ward-sheet", level, day.isoformat())


def new_sheet(level: str, *, patient: str, day: date) -> Sheet:
    return Sheet(id=sheet_id(level, day), level=level, patient=patient)


def is_sheet(content: Content) -> bool:
    """Whether an Observation is one."""
    return is_of(content.get("code"), SHEET)


def read_sheet(content: Content) -> Sheet | None:
    """What an Observation says as a sheet; None where it is none."""
    level = _level_in(content)
    if not is_sheet(content) or not level:
        return None
    subject = content.get("subject")
    said = subject.get("reference") if isinstance(subject, dict) else ""
    is_wrong = content.get("status") in ("entered-in-error", "cancelled")
    return Sheet(
        id=str(content.get("id", "")),
        level=level,
        patient=str(said).partition("/")[2],
        checks=() if is_wrong else tuple(_checks(content)),
    )


def _level_in(content: Content) -> str:
    for one in listed(content, "partOf"):
        kind, _, id_ = str(one.get("reference", "")).partition("/")
        if kind == LEVEL:
            return id_
    return ""


def _checks(content: Content) -> Iterator[Check]:
    for one in listed(content, "component"):
        at, due = moment_said(one, _AT), moment_said(one, _DUE)
        if not is_of(one.get("code"), CHECK) or at is None:
            continue
        yield Check(
            id=str(one.get("id", "")),
            at=at,
            recorded=moment_said(one, _RECORDED) or at,
            due=due or at,
            by=person_said(one, BY),
            seen=code_in(one.get("valueCodeableConcept"), SEEN_AS),
            where=text_said(one, _WHERE),
            words=text_said(one, _WORDS),
            is_late_entry=said_in(one).get(_LATE, {}).get("valueBoolean") is True,
            struck_by=person_said(one, _STRUCK_BY),
            struck_at=moment_said(one, _STRUCK_AT),
        )


def sheet_content(sheet: Sheet) -> Content:
    """It as a resource's content."""
    times = [one.at for one in sheet.checks]
    return {
        "resourceType": TYPE,
        "id": sheet.id,
        "status": "final" if len(sheet.checks) == 1 else "amended",
        "code": concept(SYSTEM, SHEET, "Checks on the ward"),
        "subject": {"reference": f"Patient/{sheet.patient}"},
        "partOf": [{"reference": f"{LEVEL}/{sheet.level}"}],
        "effectivePeriod": {"start": written(min(times)), "end": written(max(times))},
        "component": [_component(one) for one in sheet.checks],
    }


def _component(check: Check) -> Content:
    content: Content = {
        "id": check.id,
        "code": concept(SYSTEM, CHECK, "Check"),
        "valueCodeableConcept": concept(SEEN_AS, check.seen, check.seen_words),
    }
    put_extension(content, _AT, valueDateTime=written(check.at))
    put_extension(content, _RECORDED, valueDateTime=written(check.recorded))
    put_extension(content, _DUE, valueDateTime=written(check.due))
    put_extension(content, BY, **of_person(check.by))
    for url, text in ((_WHERE, check.where), (_WORDS, check.words)):
        if text:
            put_extension(content, url, valueString=text)
    if check.is_late_entry:
        put_extension(content, _LATE, valueBoolean=True)
    if check.struck_at is not None:
        put_extension(content, _STRUCK_BY, **of_person(check.struck_by))
        put_extension(content, _STRUCK_AT, valueDateTime=written(check.struck_at))
    return content


def newest_first(sheets: Iterable[Sheet]) -> list[Check]:
    """All checks of some sheets, struck ones as well."""
    found = [one for sheet in sheets for one in sheet.checks]
    return sorted(found, key=lambda one: (one.at, one.recorded), reverse=True)
