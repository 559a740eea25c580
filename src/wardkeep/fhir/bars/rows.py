# SPDX-License-Identifier: Apache-2.0
"""What stands beside the record of messages: which came, what they brought, by whom."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.fhir.store.change import Beside

ANSWERED = "message_answered"
"""The kind of job."""
_RECEIVED = """
insert into bars.received (received_at, client, organisation, message, request, event)
values ($1, $2::text::uuid, $3, $4, $5, $6) on conflict do nothing
"""
_BROUGHT = """
insert into bars.brought (patient, client, organisation, type, resource, message)
select p.number, $1::text::uuid, $2, $3, $4, $6 from record.patient as p
 where p.organisation = $2 and p.id = $5
"""
_CAME = """
select from bars.received
 where organisation = $1 and client = $2::text::uuid and (message = $3 or request = $4)
"""
_LATELY = """
select count(*) from bars.received
 where organisation = $1 and client = $2::text::uuid
   and received_at > $3::timestamptz - interval '1 hour'
"""
_IS_OWN = """
select b.resource, p.id as patient
  from bars.brought as b join record.patient as p on p.number = b.patient
 where b.organisation = $1 and b.client = $2::text::uuid and b.type = $3
   and (b.resource = $4 or b.message = $5) order by b.resource = $4 desc limit 1
"""
_OWN_OF = """
select b.resource
  from bars.brought as b join record.patient as p on p.number = b.patient
 where b.organisation = $1 and b.client = $2::text::uuid and b.type = $3
   and p.id = any($4::text[]) and b.resource > $5 order by b.resource limit $6
"""
_ANSWERED = """
update bars.outgoing as o
   set answered_at = case when o.sort = 'validation' and $6 = '' then o.answered_at
                          else coalesce(o.answered_at, $4::timestamptz) end,
       answer = case when o.answered_at is null then $3 else 'full' end,
       outcome = case when said.counts then $6 else o.outcome end,
       why = case when said.counts then $7 else o.why end,
       category = case when said.counts then $8 else o.category end,
       plan = $5, read_at = null, read_by = ''
  from (select $6 <> '' and (was.answered_at is null or $4::timestamptz is not null)
               as counts
          from bars.outgoing as was
         where was.organisation = $1 and was.message = $2 for update) as said
 where o.organisation = $1 and o.message = $2
"""
# What an answer means is done by the worker, as is what follows where none comes.
_TO_ACT = """
insert into jobs.job (kind, organisation, unique_for, argument, run_after)
values ($1, $2, $3, $4, now())
"""
_ASKED = """
select o.about, o.sort, p.id as patient, coalesce(e.disposition, '') as disposition
  from bars.outgoing as o
  join record.patient as p on p.number = o.patient
  join bars.partner as w on w.organisation = o.organisation and w.service = o.partner
  left join lateral (
    select e.disposition from urgent.entry as e
     where e.organisation = o.organisation and e.request = o.about
     order by e.is_open desc, e.given_at desc limit 1) as e on true
 where o.organisation = $1 and o.message = $2 and w.account = $3
"""
_SLOT = """
select s.schedule, s.starts_at, s.ends_at, s.status from clinic.slot as s
 where s.organisation = $1 and s.id = $2
"""
_TAKEN = """
select b.slot from clinic.booking as b
 where b.organisation = $1 and b.slot = any($2::text[])
   and b.status in ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled')
"""


class Sender(msgspec.Struct, frozen=True):
    """Whose message it is: a program's account, where it is taken in."""

    organisation: OrganisationId
    client: str


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """A slot, as it is known here."""

    schedule: str
    starts: datetime
    ends: datetime
    status: str


class Own(msgspec.Struct, frozen=True):
    """What a message of a sender brought."""

    id: str
    patient: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A message of ours that somebody answers."""

    about: str
    patient: str
    sort: str = ""
    """What it was for: `validation` where somebody was asked to look again."""
    disposition: str = ""
    """Of the case, where it is in a queue."""


def received(
    sender: Sender, *, message: str, request: str, event: str, now: datetime
) -> Beside:
    """That it came: of two who say so of one message or request, one is written."""
    values = (now, sender.client, sender.organisation, message, request, event)
    return Beside(sql=_RECEIVED, values=values)


def brought(
    sender: Sender, type_: str, id_: str, *, patient: str, message: str
) -> Beside:
    """What a message made that its sender may see and change."""
    values = (sender.client, sender.organisation, type_, id_, patient, message)
    return Beside(sql=_BROUGHT, values=values)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an answer besides its words."""

    is_interim: bool
    plan: str
    """The id of the CarePlan in which its words lie."""
    outcome: str = ""
    """What it means (`wardkeep.fhir.bars.validation`); empty: words alone."""
    why: str = ""
    category: str = ""


def answered(
    sender: Sender, message: str, said: Answer, *, by: str, now: datetime
) -> tuple[Beside, ...]:
    """That a message of ours has an answer, and that what it means is to be done.

    `by` is the id of the message that says so. Whoever read an earlier answer has not
    read this one. A request to look again is answered by what can be read alone.
    """
    values = (
        *(sender.organisation, message, "interim" if said.is_interim else "full"),
        *(None if said.is_interim else now, said.plan),
        *(said.outcome, said.why, said.category),
    )
    mark = Beside(sql=_ANSWERED, values=values)
    if not said.outcome:
        return (mark,)
    job = (ANSWERED, sender.organisation, f"{message} {by}", message)
    return mark, Beside(sql=_TO_ACT, values=job)


class Arrivals:
    """Reads what came."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_come(self, sender: Sender, *, message: str, request: str) -> bool:
        """Whether this very message, or this request, was taken in already."""
        async with self._database.connection(sender.organisation) as connection:
            values = (sender.organisation, sender.client, message, request)
            return await connection.fetch_row(_CAME, *values) is not None

    async def lately(self, sender: Sender, *, now: datetime) -> int:
        """How many messages of a sender were taken in within the last hour."""
        async with self._database.connection(sender.organisation) as connection:
            values = (sender.organisation, sender.client, now)
            return int(await connection.fetch_value(_LATELY, *values))

    async def own(
        self, sender: Sender, type_: str, id_: str, *, message: str = ""
    ) -> Own | None:
        """By its id, or the message that brought it; None: no message of this sender.

        A sender whose answer was lost knows no id of ours, and withdraws all the same.
        """
        async with self._database.connection(sender.organisation) as connection:
            values = (sender.organisation, sender.client, type_, id_, message)
            row = await connection.fetch_row(_IS_OWN, *values)
        return None if row is None else Own(row["resource"], row["patient"])

    async def own_of(
        self,
        sender: Sender,
        type_: str,
        patients: Sequence[str],
        *,
        after: str,
        at_most: int,
    ) -> tuple[str, ...]:
        """Ids of a type that this sender's messages brought of some patients.

        In the order of ids; `after` is the last one of the page before, or empty.
        """
        values = (
            *(sender.organisation, sender.client, type_, list(patients)),
            *(after, at_most),
        )
        async with self._database.connection(sender.organisation) as connection:
            rows = await connection.fetch(_OWN_OF, *values)
        return tuple(row["resource"] for row in rows)

    async def taken_slots(
        self, organisation: OrganisationId, ids: Sequence[str]
    ) -> frozenset[str]:
        """Those of them that an appointment has, whatever the Slot says."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_TAKEN, organisation, list(ids))
        return frozenset(row["slot"] for row in rows)

    async def slot(self, organisation: OrganisationId, id_: str) -> Time | None:
        """A slot as it stands this moment."""
        async with self._database.connection(organisation) as connection:
            row = await connection.fetch_row(_SLOT, organisation, id_)
        if row is None:
            return None
        return Time(
            schedule=row["schedule"],
            starts=row["starts_at"],
            ends=row["ends_at"],
            status=row["status"],
        )

    async def asked(self, sender: Sender, message: str) -> Asked | None:
        """What a message of ours to this very sender was about; else None."""
        async with self._database.connection(sender.organisation) as connection:
            values = (sender.organisation, message, sender.client)
            row = await connection.fetch_row(_ASKED, *values)
        if row is None:
            return None
        return Asked(**row)
