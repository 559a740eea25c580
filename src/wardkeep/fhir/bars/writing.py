# SPDX-License-Identifier: Apache-2.0
"""A message on its way into the record: whom it is about, and that it comes once."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.base.nhs_number import SYSTEM as NHS_NUMBER, parse
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.fhir.bars.codes import Error
from wardkeep.fhir.bars.errors import Fault, answer_of
from wardkeep.fhir.bars.headers import Sent
from wardkeep.fhir.bars.message import Message
from wardkeep.fhir.bars.rows import Sender, received
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asked import read_asked
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.outcome import of_invalid, of_problems, of_refusal
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Beside, Change, Guard
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.outcomes import (
    NO_GUARD,
    AlreadyThere,
    Conflict,
    Invalid,
    NotFound,
    Written,
)
from wardkeep.fhir.store.search_request import SearchRequest, TooCostly
from wardkeep.fhir.store.taken import SLOT_TAKEN
from wardkeep.fhir.validation import check

Json = dict[str, Any]
ATTEMPTS = 3
_LOCK_BYTES = 8


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """A message whose form is right, with the request that it came in."""

    asking: Asking
    session: SessionView
    sender: Sender
    message: Message
    headers: Sent
    now: datetime


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    focus: Json = {}
    """What it is about, as the sender is told."""
    is_duplicate: bool = False


Desk = Callable[[Arriving], Awaitable[Done | Answer]]
AGAIN = Done()
"""Somebody else made the patient meanwhile: look again."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a message is about."""

    patient: str
    guards: tuple[Guard, ...] = ()
    """What must still find nobody, where the patient is new."""

    @property
    def is_new(self) -> bool:
        return bool(self.guards)


def conflict(words: str, place: str = "") -> Answer:
    """409: what is so here, against what the message says."""
    fault = Fault(error=Error.CONFLICT, code="conflict", words=words, place=place)
    return answer_of((fault,))


def not_found(words: str, place: str = "") -> Answer:
    fault = Fault(error=Error.NOT_FOUND, code="not-found", words=words, place=place)
    return answer_of((fault,))


async def match(arriving: Arriving, store: Store) -> Match | Answer:
    """By NHS number and birth date together, through search tokens: nobody is opened.

    A number with another birth date is somebody else's, or a mistake: a record of its
    own is made, and people look at both. The sender is answered alike in each case.
    """
    number, born = _known_by(arriving.message)
    fresh = new_uuid()
    if not number:
        # Nobody else can be meant: a guard that never finds anything.
        return Match(patient=fresh, guards=(Guard(lock=0, sql=_NOBODY, values=()),))
    pairs = [("identifier", f"{NHS_NUMBER}|{number}"), ("birthdate", born)]
    found = await _found(arriving, store, "Patient", pairs)
    if isinstance(found, Answer):
        return found
    ids, guard = found
    if len(ids) == 1:
        return Match(patient=ids[0])
    if ids:
        # Two records of one person are for people to bring together.
        return Match(patient=fresh, guards=(Guard(lock=0, sql=_NOBODY, values=()),))
    return Match(patient=fresh, guards=(guard,))


_NOBODY = "select 1 where false"


def _known_by(message: Message) -> tuple[str, str]:
    """NHS number and birth date; both empty where either is missing or wrong."""
    entry = message.one("Patient")
    content = entry.content if entry is not None else {}
    said = [
        str(one.get("value", ""))
        for one in content.get("identifier", [])
        if one.get("system") == NHS_NUMBER
    ]
    number = parse(said[0]) if len(said) == 1 else None
    born = content.get("birthDate")
    if number is None or not isinstance(born, str) or len(born) != len("2000-01-01"):
        return "", ""
    return str(number), born


async def _found(
    arriving: Arriving, store: Store, type_: str, pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], Guard] | Answer:
    """Ids of at most two, and how to look again within the write."""
    asking = arriving.asking
    asked = read_asked(type_, pairs, asking, session=arriving.session)
    if isinstance(asked, Answer):
        return asked
    request = SearchRequest(queries=(asked.query,), count=2, told=asked.told)
    found = await store.searcher.ids(request, opener=asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, TooCostly):
        fault = Fault(error=Error.UNPROCESSABLE, code="too-costly", words=found.wrong)
        return answer_of((fault,))
    spelled = repr((asking.opener.organisation, type_, list(pairs))).encode()
    lock = int.from_bytes(sha256(spelled).digest()[:_LOCK_BYTES], "big", signed=True)
    return found.ids, Guard(lock=lock, sql=found.sql, values=found.values)


class Stored(msgspec.Struct, frozen=True):
    """A resource of ours, as it is now."""

    content: Json
    version: int


async def service_of(arriving: Arriving, store: Store) -> Stored | Answer:
    """The HealthcareService of ours that the request names."""
    said = f"{arriving.headers.system}|{arriving.headers.service}"
    found = await _found(arriving, store, "HealthcareService", [("identifier", said)])
    if isinstance(found, Answer):
        return found
    if len(found[0]) != 1:
        return not_found(
            "No service here has this identifier.", "NHSD-Target-Identifier"
        )
    return await stored(arriving, store, "HealthcareService", found[0][0])


async def stored(
    arriving: Arriving, store: Store, type_: str, id_: str
) -> Stored | Answer:
    found = await store.reader.one(type_, id_, opener=arriving.asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, NotFound):
        return not_found(f"There is no such {type_} here.")
    content = msgspec.json.decode(found.text, type=Json)
    return Stored({**content, "id": id_}, found.version)


async def write(  # noqa: PLR0913 - one change, each part of it named
    arriving: Arriving,
    store: Store,
    contents: Sequence[tuple[Json, int]],
    *,
    whose: Match,
    beside: Sequence[Beside] = (),
    tells: Sequence[Topic] = (),
    is_shared: frozenset[str] = frozenset(),
) -> Answer | Done | None:
    """All of it with the mark that the message came; None once it is written.

    Each content with the version that it builds on (0: it is new). What would lie in
    nobody's record, except types of `is_shared`, is refused: everybody could read it.
    """
    drafts = []
    for content, _ in contents:
        made = _draft(content, whose.patient, is_shared)
        if isinstance(made, Answer):
            return made
        drafts.append(made)
    mark = received(
        arriving.sender,
        message=arriving.message.id,
        request=arriving.headers.request,
        event=str(arriving.message.event),
        now=arriving.now,
    )
    change = Change(
        drafts=drafts,
        expected=[version for _, version in contents],
        guards=whose.guards,
        beside=[mark, *beside],
        tells=tells,
    )
    written = await store.writer.write(change, opener=arriving.asking.opener)
    return _told(written)


def _told(
    written: Written | Refusal | Conflict | Invalid | AlreadyThere,
) -> Answer | Done | None:
    match written:
        case Written():
            return None
        case Refusal():
            return of_refusal(written)
        case Invalid(problems=problems) if SLOT_TAKEN in problems:
            return conflict("Somebody else has booked this slot.", "Appointment.slot")
        case Invalid():
            return of_invalid(written)
        case Conflict():
            return conflict("It was changed here just now. Read it again.")
        case AlreadyThere(guard=guard) if guard == NO_GUARD:
            return Done(is_duplicate=True)
        case AlreadyThere():
            return AGAIN


def _draft(content: Json, patient: str, is_shared: frozenset[str]) -> Draft | Answer:
    made = from_content(content)
    if not isinstance(made, Resource):
        return of_problems(made, status=422, code="structure")
    problems = check(made)
    if problems:
        return of_problems(problems, status=422, code="structure")
    draft = draft_of(made, str(content["id"]))
    is_theirs = draft.patients == (patient,)
    if not is_theirs and not (draft.owner == "" and draft.type in is_shared):
        place = f"Bundle.entry.resource.ofType({draft.type})"
        words = "It is not about the message's patient."
        fault = Fault(error=Error.BAD_REQUEST, code="value", words=words, place=place)
        return answer_of((fault,))
    return draft


NEW = MUST_NOT_EXIST
