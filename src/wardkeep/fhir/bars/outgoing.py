# SPDX-License-Identifier: Apache-2.0
"""A message that is to be sent: written with the act that asks for it, in one change.

Whatever goes to another service goes by this: messages of booking and referral, and
what `fhir/post` makes (docs/formats/post-event-message.md).

The message itself is a Communication of the patient's record, sealed like all of it;
what stands beside it is ids, and a job that waits. So it is asked for or it is not,
whatever dies, and whoever sends it opens it at the door.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from wardkeep.base.ids import OrganisationId, derived_uuid, new_uuid
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection, Database
from wardkeep.fhir.bars.message import Message, read_message
from wardkeep.fhir.bars.times import FreeTime
from wardkeep.fhir.clinics.resources import draft, instant
from wardkeep.fhir.model.person import Person, reference_to
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.urgent import dispatching

Json = dict[str, Any]
TYPE = "Communication"
CATEGORY = {"system": "urn:wardkeep:message", "code": "bars"}
TOPIC = dispatching.MESSAGES
"""Whoever shows a referral hears of it, by the ServiceRequest's id."""
TAKEN_BACK = "taken back"
SEND, UNANSWERED = "send_message", "message_unanswered"
"""Kinds of jobs."""
MESSAGE, DOCUMENT, REPEAT_CALL = "message", "document", "repeat-call"
REPEAT_CALL_BACK = "repeat-call-back"
"""What goes out: a message of the standard, a surgery's document, word of a call; and
that such a word was of somebody else."""
SYSTEMS = {
    DOCUMENT: "urn:wardkeep:post-event",
    REPEAT_CALL: "urn:wardkeep:repeat-call",
    REPEAT_CALL_BACK: "urn:wardkeep:repeat-call-back",
}
"""Of the Bundle's identifier, by which a receiver knows it again."""
_OUTGOING = """
insert into bars.outgoing
  (patient, made_at, answer_by, organisation, message, request, communication, about,
   partner, sort, follows, slot, starts_at)
select p.number, $1, $2, $3, $4, $5, $6, $7, w.service, $10, $11, $12, $13
  from record.patient as p
  join bars.partner as w
    on w.organisation = $3 and w.service = $8 and w.is_active and w.kind = 'service'
 where p.organisation = $3 and p.id = $9
"""
_JOB = """
insert into jobs.job (kind, organisation, unique_for, argument, run_after)
values ($1, $2, $3, $3, coalesce($4, now()))
"""
_STANDING = """
select o.message, o.about, o.partner, w.name, o.made_at, o.answer_by, o.sent_at,
       o.refused_at, o.answered_at, o.unanswered_at, o.answer, o.there,
       case when d.called_off_at is null then o.last_error else 'taken back'
       end as last_error, o.attempts, o.sort, o.follows, o.starts_at, o.plan, o.read_at,
       o.read_by, o.communication, o.outcome, o.why, o.category
  from bars.outgoing as o
  join bars.partner as w on w.organisation = o.organisation and w.service = o.partner
  left join urgent.dispatch as d
    on d.organisation = o.organisation and d.entry = o.entry and o.sort = 'ambulance'
 where o.organisation = $1 and o.about = $2 and o.kind = 'message'
   and (o.sort <> 'ambulance' or d.message in ('', o.message))
 order by o.made_at, o.message
"""
_LINE = """
select w.service, w.name, b.message
  from bars.brought as b
  join bars.partner as w
    on w.organisation = b.organisation and w.account = b.client::text and w.is_active
 where b.organisation = $1 and b.type = 'ServiceRequest' and b.resource = $2
 order by w.sends_ambulances, w.changed_at desc limit 1
"""
_READ = """
update bars.outgoing set read_at = $3, read_by = $4
 where organisation = $1 and message = $2 and read_at is null
   and (refused_at is not null or answered_at is not null
        or unanswered_at is not null or answer <> '')
"""


class Sort(StrEnum):
    """What a message is for."""

    REFERRAL = "referral"
    VALIDATION = "validation"
    BOOKING = "booking"
    WITHDRAWAL = "withdrawal"
    """Of a referral or a validation."""
    CANCELLATION = "cancellation"
    """Of a booking."""
    ANSWER = "answer"
    AMBULANCE = "ambulance"
    """Sent by `wardkeep.fhir.urgent.dispatching`, where one is asked for."""


def identity_of(kind: str, about: str) -> str:
    """Of the Bundle's identifier: what is made again about the same is the same."""
    return derived_uuid(kind, about)


class NoMessageError(Exception):
    """What is to be sent is no message: our own fault."""


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into the change that asks for it."""

    draft: Draft
    beside: tuple[Beside, ...]
    """A partner who is not configured, or no more, makes it `AlreadyThere`."""
    message: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message is."""

    message: str
    about: str
    partner: str
    state: str
    """`waiting`, `sent`, `answered`, `refused`, `taken-back` before it was sent; or
    `unanswered`: its deadline passed, and whoever asked has to act as if nobody had
    been asked (fail-safe)."""
    made_at: datetime
    attempts: int
    answer: str = ""
    there: str = ""
    """The id that the receiver gave the referral; empty where its answer was lost."""
    last_error: str = ""
    kind: str = ""
    """A `Sort`; empty: older than these."""
    follows: str = ""
    """The message that it takes back."""
    service: str = ""
    starts_at: datetime | None = None
    """Of a booking: when somebody is to be there."""
    answer_by: datetime | None = None
    answered_at: datetime | None = None
    plan: str = ""
    """The id of the CarePlan in which the answer lies."""
    read_at: datetime | None = None
    read_by: str = ""
    communication: str = ""
    """The id of the resource in which the message lies."""
    outcome: str = ""
    """What the answer to a validation means, as a code; empty: words alone."""
    why: str = ""
    category: str = ""

    @property
    def wants_reading(self) -> bool:
        """Whether something came of it that nobody has read yet."""
        to_read = is_to_read(self.state, self.kind, self.answer)
        return to_read and self.read_at is None


def is_to_read(state: str, kind: str, answer: str = "") -> bool:
    """Whether somebody has to know of it: a refusal, no answer in time, an answer.

    What is said so far is to be read of a request to look again, and of one for an
    ambulance: it may be that nobody can before it is due.
    """
    is_ours = kind in tuple(Sort) and kind != Sort.ANSWER
    is_so_far = kind in (Sort.VALIDATION, Sort.AMBULANCE) and bool(answer)
    return is_ours and (state in ("refused", "unanswered", "answered") or is_so_far)


def message_in(bundle: Json) -> Message:
    """A Bundle of our own making, read as a partner reads it.

    Raises:
        NoMessageError: the Bundle is none.
    """
    message = read_message(bundle)
    if not isinstance(message, Message):
        raise NoMessageError(", ".join(one.place for one in message))
    return message


def queued(  # noqa: PLR0913 - a message is asked for with this much
    bundle: Json,
    *,
    organisation: OrganisationId,
    patient: str,
    about: str,
    partner: str,
    author: Person,
    now: datetime,
    answer_by: datetime | None = None,
    kind: Sort | None = None,
    follows: str = "",
    time: FreeTime | None = None,
) -> Queued:
    """Have a Bundle sent to a partner's service.

    `about` is the id of the ServiceRequest; `answer_by` the moment at which whoever
    asked must act for themselves, where no answer came; `follows` the message that
    this one takes back; `time` what a booking is for.

    Raises:
        NoMessageError: the Bundle is none.
    """
    message = message_in(bundle)
    id_ = new_uuid()
    values = (
        *(now, answer_by, organisation, message.id, new_uuid(), id_),
        *(about, partner, patient, str(kind or ""), follows),
        *(("", None) if time is None else (time.slot, time.start)),
    )
    beside = [
        Beside(sql=_OUTGOING, values=values),
        Beside(sql=_JOB, values=(SEND, organisation, message.id, None)),
    ]
    if answer_by is not None:
        late = (UNANSWERED, organisation, message.id, answer_by)
        beside.append(Beside(sql=_JOB, values=late))
    content = communication(
        bundle,
        id_,
        patient=patient,
        about=f"ServiceRequest/{about}",
        kind=CATEGORY,
        author=author,
        now=now,
    )
    return Queued(draft=draft(content, id_), beside=tuple(beside), message=message.id)


def communication(  # noqa: PLR0913 - a message and all that is known of it
    bundle: Json,
    id_: str,
    *,
    patient: str,
    about: str,
    kind: Mapping[str, str],
    author: Person,
    now: datetime,
) -> Json:
    """What is to be sent, as a Communication of the record; `about` is a reference."""
    raw = msgspec.json.encode(bundle)
    attachment = {
        "contentType": "application/fhir+json",
        "data": base64.b64encode(raw).decode(),
        "creation": instant(now),
    }
    return {
        "resourceType": TYPE,
        "id": id_,
        "status": "in-progress",
        "category": [{"coding": [dict(kind)], "text": "Message to another service"}],
        "subject": {"reference": f"Patient/{patient}"},
        "about": [{"reference": about}],
        "sent": instant(now),
        "sender": reference_to(author),
        "payload": [{"contentAttachment": attachment}],
    }


def bundle_in(communication: Mapping[str, Any]) -> bytes:
    """The message that a Communication holds; empty where it holds none."""
    for one in communication.get("payload", []):
        data = one.get("contentAttachment", {}).get("data")
        if isinstance(data, str):
            return base64.b64decode(data)
    return b""


class Line(msgspec.Struct, frozen=True):
    """By which whoever sent a referral is answered."""

    service: str
    name: str
    message: str
    """That brought it."""


class Outbox:
    """Reads what was sent, and to whom an answer goes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def line_to(self, organisation: OrganisationId, request: str) -> Line | None:
        """None where a ServiceRequest came by no message, or nobody sends there."""
        async with self._database.connection(organisation) as connection:
            row = await connection.fetch_row(_LINE, organisation, request)
        if row is None:
            return None
        return Line(row["service"], row["name"], row["message"])

    async def standing(
        self, organisation: OrganisationId, about: str
    ) -> tuple[Standing, ...]:
        """Messages about a ServiceRequest, the first first."""
        async with self._database.connection(organisation) as connection:
            return await standing_of(connection, organisation, about)

    async def read_by(
        self, organisation: OrganisationId, message: str, *, reader: str, now: datetime
    ) -> bool:
        """That somebody has read what came of it; False: nothing to read, or read."""
        async with self._database.transaction(organisation) as connection:
            values = (organisation, message, now, reader)
            status = await connection.execute(_READ, *values)
            await tell(connection, organisation, [Topic(dispatching.TOPIC)])
        return not status.endswith(" 0")


async def standing_of(
    connection: Connection, organisation: OrganisationId, about: str
) -> tuple[Standing, ...]:
    """Messages about a ServiceRequest, the first first."""
    rows = await connection.fetch(_STANDING, organisation, about)
    return tuple(
        Standing(
            message=row["message"],
            about=row["about"],
            partner=row["name"],
            state=state_of(row),
            made_at=row["made_at"],
            attempts=row["attempts"],
            answer=row["answer"],
            there=row["there"],
            last_error=row["last_error"],
            kind=row["sort"],
            follows=row["follows"],
            service=row["partner"],
            starts_at=row["starts_at"],
            answer_by=row["answer_by"],
            answered_at=row["answered_at"],
            plan=row["plan"],
            read_at=row["read_at"],
            read_by=row["read_by"],
            communication=row["communication"],
            outcome=row["outcome"],
            why=row["why"],
            category=row["category"],
        )
        for row in rows
    )


def state_of(row: Mapping[str, Any]) -> str:
    """`Standing.state`, of what the database says."""
    if row["last_error"] == TAKEN_BACK:
        return "taken-back"
    for column, state in (
        ("answered_at", "answered"),
        ("unanswered_at", "unanswered"),
        ("refused_at", "refused"),
        ("sent_at", "sent"),
    ):
        if row[column] is not None:
            return state
    return "waiting"


_LIVE = frozenset({"waiting", "sent", "answered"})


def standing_referral(sent: Sequence[Standing]) -> Standing | None:
    """The referral or validation that still holds; None: there is none."""
    back = {one.follows for one in sent if one.follows}
    found = [
        one
        for one in sent
        if one.kind in (Sort.REFERRAL, Sort.VALIDATION)
        and one.message not in back
        and one.state in _LIVE | {"unanswered"}
    ]
    return found[-1] if found else None


def standing_booking(sent: Sequence[Standing]) -> Standing | None:
    """The booking that still holds."""
    back = {one.follows for one in sent if one.follows}
    found = [
        one
        for one in sent
        if one.kind == Sort.BOOKING
        and one.message not in back
        and one.state in ("waiting", "sent")
    ]
    return found[-1] if found else None
