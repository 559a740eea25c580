# SPDX-License-Identifier: Apache-2.0
"""Leave from a ward as a FHIR ServiceRequest: planned, gone, back, or called off.

https://hl7.org/fhir/R4/servicerequest.html: `occurrencePeriod` is from when until when,
`performerType` who goes along, `patientInstruction` the conditions. It names neither a
requester nor a performer, so that it explains its patient to nobody. That somebody is
out is also the status of their stay. A section's leave of absence (section 17 of the
Mental Health Act 1983) is an entry of the section; this is one time out under it.
"""

import enum
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.fhir.mha.section import Entry, Section
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person
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
    text_said,
    written,
)
from wardkeep.fhir.work.expects import Content, listed, status_of

TYPE = "ServiceRequest"
CATEGORY = "leave"
ESCORTS = f"{SYSTEM}:escort"
OUT, BACK = f"{SYSTEM}:out", f"{SYSTEM}:back"
ESCORTED, ACCOMPANIED, UNESCORTED = "escorted", "accompanied", "unescorted"
ESCORT_WORDS = {
    ESCORTED: "Escorted by staff",
    ACCOMPANIED: "With family or a friend",
    UNESCORTED: "Alone",
}
LONGEST = timedelta(days=31)
_LONGER = f"{SYSTEM}:prolonged"


class State(enum.StrEnum):
    """How a leave stands."""

    PLANNED = "planned"
    OUT = "out"
    BACK = "back"
    CANCELLED = "cancelled"


_STATUS = {
    State.PLANNED: "active",
    State.OUT: "active",
    State.BACK: "completed",
    State.CANCELLED: "revoked",
}
_OVER = {
    "completed": State.BACK,
    "revoked": State.CANCELLED,
    "entered-in-error": State.CANCELLED,
}


class Longer(msgspec.Struct, frozen=True, kw_only=True):
    """One time that it was prolonged."""

    was: datetime
    """Until when it had been."""
    at: datetime
    by: Person
    why: str


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """One time out."""

    id: str
    patient: str
    begins: datetime
    until: datetime
    escort: str
    conditions: str
    by: Person
    planned: datetime
    state: State = State.PLANNED
    went: datetime | None = None
    back: datetime | None = None
    longer: tuple[Longer, ...] = ()

    @property
    def escort_words(self) -> str:
        return ESCORT_WORDS.get(self.escort, self.escort)

    def is_overdue(self, now: datetime) -> bool:
        return self.state is State.OUT and now > self.until


def is_leave(content: Content) -> bool:
    """Whether a ServiceRequest is one."""
    return is_of(content.get("category"), CATEGORY)


def read_leave(content: Content) -> Leave | None:
    """What a ServiceRequest says as a leave; None where it is none."""
    period = content.get("occurrencePeriod")
    if not is_leave(content) or not isinstance(period, dict):
        return None
    begins, until = moment_in(period.get("start")), moment_in(period.get("end"))
    if begins is None or until is None:
        return None
    subject = content.get("subject")
    said = subject.get("reference") if isinstance(subject, dict) else ""
    conditions = content.get("patientInstruction")
    went = moment_said(content, OUT)
    under_way = State.PLANNED if went is None else State.OUT
    return Leave(
        id=str(content.get("id", "")),
        patient=str(said).partition("/")[2],
        begins=begins,
        until=until,
        escort=code_in(content.get("performerType"), ESCORTS),
        conditions=conditions if isinstance(conditions, str) else "",
        by=person_said(content, BY),
        planned=moment_in(content.get("authoredOn")) or begins,
        state=_OVER.get(status_of(content), under_way),
        went=went,
        back=moment_said(content, BACK),
        longer=tuple(_longer_in(content)),
    )


def _longer_in(content: Content) -> Iterator[Longer]:
    for one in listed(content, "extension"):
        was, at = moment_said(one, "was"), moment_said(one, "at")
        if one.get("url") == _LONGER and was is not None and at is not None:
            by, why = person_said(one, "by"), text_said(one, "why")
            yield Longer(was=was, at=at, by=by, why=why)


def prolonged(
    leave: Leave, until: datetime, *, at: datetime, by: Person, why: str
) -> Leave:
    """The same, until later; what it had been stays readable."""
    line = Longer(was=leave.until, at=at, by=by, why=why)
    return msgspec.structs.replace(leave, until=until, longer=(*leave.longer, line))


def leave_content(leave: Leave) -> Content:
    """It as a resource's content."""
    content: Content = {
        "resourceType": TYPE,
        "id": leave.id,
        "status": _STATUS[leave.state],
        "intent": "plan",
        "category": [concept(SYSTEM, CATEGORY, "Leave from the ward")],
        "code": {"text": "Leave from the ward"},
        "subject": {"reference": f"Patient/{leave.patient}"},
        "occurrencePeriod": {
            "start": written(leave.begins),
            "end": written(leave.until),
        },
        "authoredOn": written(leave.planned),
        "performerType": concept(ESCORTS, leave.escort, leave.escort_words),
    }
    if leave.conditions:
        content["patientInstruction"] = leave.conditions
    put_extension(content, BY, **of_person(leave.by))
    if leave.went is not None:
        put_extension(content, OUT, valueDateTime=written(leave.went))
    if leave.back is not None:
        put_extension(content, BACK, valueDateTime=written(leave.back))
    if leave.longer:
        said = listed(content, "extension")
        content["extension"] = [*said, *map(_longer_said, leave.longer)]
    return content


def _longer_said(one: Longer) -> Content:
    return {
        "url": _LONGER,
        "extension": [
            {"url": "was", "valueDateTime": written(one.was)},
            {"url": "at", "valueDateTime": written(one.at)},
            {"url": "by", **of_person(one.by)},
            {"url": "why", "valueString": one.why},
        ],
    }


def ended(leave: Leave, state: State) -> Leave:
    """The same, over."""
    return msgspec.structs.replace(leave, state=state)


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """Leave that was authorised under section 17, as the section's entry says it."""

    entry: Entry

    @property
    def escort_words(self) -> str:
        return ESCORT_WORDS.get(self.entry.outcome, self.entry.outcome)

    def covers(self, leave: Leave) -> bool:
        """Whether the time out lies in it, in no less company than it asks for."""
        entry = self.entry
        if entry.until is None or leave.until > entry.until or leave.begins < entry.at:
            return False
        asked, has = _COMPANY.get(entry.outcome, 0), _COMPANY.get(leave.escort, 0)
        return has >= asked


_COMPANY = {UNESCORTED: 0, ACCOMPANIED: 1, ESCORTED: 2}
_COMMUNITY = "17A"
_CLOSED_BY = ("leave-back", "leave-revoked")


def authorities(sections: Sequence[Section], now: datetime) -> list[Authority]:
    """Leave under sections that nobody ended, neither over nor closed since."""
    found = []
    for section in sections:
        if section.facts.ended is not None:
            continue
        closed = [one.at for one in section.holding if one.kind in _CLOSED_BY]
        found += [
            Authority(entry=one)
            for one in section.holding
            if one.kind == "leave"
            and one.until is not None
            and one.until > now
            and not any(at >= one.at for at in closed)
        ]
    return found


def needs_authority(sections: Sequence[Section]) -> bool:
    """Whether somebody is kept under one of them: in the community nobody is."""
    return any(one.facts.ended is None and one.code != _COMMUNITY for one in sections)
