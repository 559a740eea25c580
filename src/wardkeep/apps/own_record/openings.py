# SPDX-License-Identifier: Apache-2.0
"""A patient's own page: who I am here, and everybody who opened my record.

Done means: date, role, purpose and organisation of every opening, in words that need no
glossary, to print or to look up on a phone. Rejected: names of staff (the organisation
knows them and answers for them), and hiding searches and refused attempts.
"""

from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.base import nhs_number
from wardkeep.base.ids import OrganisationId
from wardkeep.breach.told import clock, onward_words, things_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.incident_desk import OwnIncident
from wardkeep.disclosure.patients import OwnAccess, OwnAccessLine, ReadOwnAccess
from wardkeep.disclosure.purpose import Purpose, Tier
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.ledger.onward import SEND
from wardkeep.ui.format import show_date
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

PATIENTS = Gate.SIGNED_IN.only("patient")
WHAT = {
    "find": "Shown in a list",
    "read": "Opened",
    "search": "Found by a program",
    "write": "Changed or added to",
    "create": "Added",
    "delete": "Something was deleted",
    "history": "Looked at who opened it",
    "print": "Printed",
    "copy": "Made a copy",
    "send": "Referred you and sent, by message",
    "carry": "Put where you live and why you are visited, sealed, on a phone",
    "letters": "Put your name and address on a letter to you",
    "extract": "Put into a national data set",
    "sign-copy": "Signed for a copy",
    "break-glass": "Opened in an emergency",
    "question-opening": "Asked about an opening",
    "pack": "Put your appointment of the day, sealed, on a check-in kiosk",
    "check-in": "You checked in yourself",
    "invite-patient": "Gave you a link to sign in",
    "end-patient-account": "Ended your way to sign in",
    "grant-support": "Let technical support see it",
    "ask-erasure": "Asked to erase it",
    "approve-erasure": "Approved to erase it",
    "withdraw-erasure": "Decided to keep it",
    "dispose": "Destroyed what was kept for long enough",
}
TIERS = {
    "banner": "name and contact details",
    "record": "health record",
    "sealed": "sealed part",
}
PURPOSES = {
    "direct-care": "Your care",
    "administration": "Administration",
    "safeguarding": "Safeguarding",
    "patient-request": "Because you asked",
    "national-return": "A national data set that we have to send",
    "audit": "Checking who opened it",
    "import": "Records moved here",
    "support": "Technical support, allowed by the organisation",
}


class _Name(msgspec.Struct, frozen=True):
    family: str = ""
    given: tuple[str, ...] = ()
    text: str = ""


class _Identifier(msgspec.Struct, frozen=True):
    system: str = ""
    value: str = ""


class _Patient(msgspec.Struct, frozen=True, rename="camel"):
    name: tuple[_Name, ...] = ()
    birth_date: str = ""
    identifier: tuple[_Identifier, ...] = ()


class Person(msgspec.Struct, frozen=True):
    """Who the record is about, as they read it themselves."""

    name: str
    born: str
    nhs_number: str


class Line(msgspec.Struct, frozen=True):
    """One opening in words."""

    at: int
    who: str
    what: str
    why: str
    reason: str
    entry: int
    is_refused: bool
    is_mine: bool


class Incident(msgspec.Struct, frozen=True):
    """An incident that reached this record, in words."""

    found: str
    what: str
    first: str
    last: str
    is_list_only: bool
    is_sealed: bool
    is_whole: bool
    things: tuple[tuple[str, int], ...]
    doing: str
    ask: str
    entries: tuple[int, ...]
    onward: tuple[str, ...] = ()
    """Where it went on to, in words."""
    is_sent: bool = False
    """Whether any of that was a message."""
    is_looked_at: bool = False
    """Whether the list of who opened the record was read."""
    is_looked_at_only: bool = False
    """Whether nothing else was seen."""


def _incident(one: OwnIncident) -> Incident:
    told = one.told
    return Incident(
        found=clock(one.found_at),
        what=one.what,
        first=clock(one.first),
        last=clock(one.last),
        is_list_only=one.is_list_only,
        is_sealed=one.is_sealed,
        is_whole=one.is_whole,
        things=things_of(one.types),
        doing=told.doing if told else "",
        ask=told.ask if told else "",
        entries=one.entries,
        onward=tuple(onward_words(way, to) for way, to in one.onward),
        is_sent=any(way == SEND for way, _ in one.onward),
        is_looked_at=one.is_looked_at,
        is_looked_at_only=one.is_looked_at_only,
    )


@page("/my-record", gate=PATIENTS)
async def show_own_record(visit: Visit) -> Response:
    person = await _who_am_i(visit)
    if isinstance(person, Response):
        return person
    before = visit.query("before")
    given = await visit.warden.ask(
        ReadOwnAccess(visit.token, int(before) if before.isdecimal() else -1), OwnAccess
    )
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.render(
        "own_record/openings.html",
        person=person,
        organisation=given.organisation_name,
        lines=[in_words(one) for one in given.lines],
        total=given.total,
        incidents=[_incident(one) for one in given.incidents],
        next=given.next,
        has_asked=visit.query("said") == "asked",
        is_first=given.total == 0 or before == "",
    )


async def _who_am_i(visit: Visit) -> Person | Response:
    """Every look is an opening too: the ledger has it like any other."""
    opened = await visit.services[Reader].of_patient(
        PatientQuery(
            patient=visit.session.own_patient, types=("Patient",), tiers=(Tier.BANNER,)
        ),
        opener=Opener(
            session=visit.token,
            organisation=OrganisationId(visit.session.organisation),
            purpose=Purpose.PATIENT_REQUEST,
            reason="",
        ),
    )
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    return _person(opened)


def _person(opened: Opened) -> Person:
    try:
        found = msgspec.json.decode(opened.resources[0].text, type=_Patient)
    except (msgspec.DecodeError, IndexError):
        found = _Patient()
    name = found.name[0] if found.name else _Name()
    numbers = [one.value for one in found.identifier if one.system == nhs_number.SYSTEM]
    number = nhs_number.parse(numbers[0]) if numbers else None
    words = name.text or " ".join([*name.given, name.family]).strip()
    return Person(
        name=words or "Name not recorded",
        born=_born(found.birth_date),
        nhs_number=nhs_number.spaced(number) if number else "",
    )


def _born(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        return "Not recorded"
    return show_date(text)


def in_words(line: OwnAccessLine) -> Line:
    what = WHAT.get(line.action, line.action.replace("-", " ").capitalize())
    reach = [TIERS[one] for one in line.tier.split(", ") if one in TIERS]
    if reach:
        what = f"{what}: {' and '.join(reach)}"
    if line.sent_to:
        to = "To" if line.action == "send" else "To be sent by message to"
        what = f"{what}. {to} {line.sent_to}"
    return Line(
        at=line.at,
        who="You" if line.is_mine else line.role_title or "Wardkeep",
        what=what,
        why=PURPOSES.get(line.purpose, ""),
        reason=line.reason,
        entry=line.entry,
        is_refused=line.is_refused,
        is_mine=line.is_mine,
    )
