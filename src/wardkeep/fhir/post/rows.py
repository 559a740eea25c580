# SPDX-License-Identifier: Apache-2.0
"""What stands beside the record of what goes out when a call has ended.

What changes it goes with a change of the record (`Beside`), so that what a page says
was done is done, or nothing is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.db.connection import Database
from wardkeep.fhir.bars.beginning import WENT_ON
from wardkeep.fhir.bars.outgoing import DOCUMENT, REPEAT_CALL, REPEAT_CALL_BACK, SEND
from wardkeep.fhir.post.journey import Silence
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.urgent.repeat import WINDOW
from wardkeep.fhir.urgent.steps import UNDO_WITHIN

WAITS = UNDO_WITHIN
"""For so long the message can be held back: then it goes."""
MOST = 200
LATELY = timedelta(days=7)
_QUEUE = """
insert into bars.outgoing
  (patient, made_at, send_after, useless_at, organisation, message, request,
   communication, about, partner, kind, requests, follows)
select p.number, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13
  from record.patient as p where p.organisation = $4 and p.id = $12
"""
_SILENT = """
insert into bars.outgoing
  (patient, made_at, dropped_at, organisation, message, request, communication, about,
   partner, kind, last_error)
select p.number, $1, $1, $2, $3, '', '', $4, '', 'document', $5
  from record.patient as p where p.organisation = $2 and p.id = $6
"""
_DROP = f"""
update bars.outgoing set dropped_at = $3, last_error = '{WENT_ON}'
 where organisation = $1 and message = $2 and begun_at is null and dropped_at is null
"""  # noqa: S608 - a constant
_HOLD = """
update bars.outgoing set held_at = $3
 where organisation = $1 and message = $2 and begun_at is null and held_at is null
   and dropped_at is null
"""
_AGAIN = """
update bars.outgoing set sent_at = null, refused_at = null, last_error = ''
 where organisation = $1 and message = $2
   and (sent_at is not null or refused_at is not null)
"""
_JOB = """
insert into jobs.job (kind, organisation, unique_for, argument, run_after)
values ($1, $2, $3, $4, $5)
"""
_COLUMNS = """
o.message, o.communication, o.about as case, o.kind, o.partner as addressee,
coalesce(w.name, '') as name, o.made_at, o.send_after, o.begun_at, o.sent_at,
o.refused_at, o.held_at, o.dropped_at, o.last_error, o.attempts, p.id as patient
"""
_FROM = """
  from bars.outgoing as o
  join record.patient as p on p.number = o.patient
  left join bars.partner as w
    on w.organisation = o.organisation and w.service = o.partner and w.kind = 'surgery'
"""
_OF_CASE = f"""
select {_COLUMNS} {_FROM}
 where o.organisation = $1 and o.about = $2 and o.kind = $3
 order by o.dropped_at is null desc, o.made_at desc limit 1
"""
_UNSENT = f"""
select {_COLUMNS} {_FROM}
 where o.organisation = $1 and o.kind = 'document' and o.dropped_at is null
   and o.sent_at is null
 order by o.refused_at is null, o.held_at is null, o.made_at limit {MOST}
"""
_UNTOLD = f"""
select c.case_id as case, p.id as patient, c.began_at, c.changed_at
  from call.listed as c join record.patient as p on p.number = c.patient
 where c.organisation = $1 and c.state = 'closed' and c.began_at > $2
   and not exists (select from bars.outgoing as o
                    where o.organisation = $1 and o.kind = 'document'
                      and o.about = c.case_id
                      and (o.dropped_at is null or o.last_error <> '{WENT_ON}'))
   and not exists (select from urgent.entry as e
                    where e.organisation = $1 and e.is_open
                      and e.case_key = 'Encounter/' || c.case_id)
 order by c.began_at desc limit {MOST}
"""  # noqa: S608 - a constant


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """How far something that goes out is."""

    message: str
    communication: str
    """The id of the Communication in which it lies; empty: nothing was made."""
    case: str
    kind: str
    addressee: str
    """The ODS code."""
    name: str
    """Of whoever has it; empty: nobody said where that is."""
    made_at: datetime
    send_after: datetime | None
    begun_at: datetime | None
    sent_at: datetime | None
    refused_at: datetime | None
    held_at: datetime | None
    dropped_at: datetime | None
    last_error: str
    attempts: int
    patient: str

    @property
    def state(self) -> str:
        """`waiting`, `sending`, `acknowledged`, `refused`, `held` or `dropped`."""
        for moment, said in (
            (self.dropped_at, "dropped"),
            (self.held_at, "held"),
            (self.refused_at, "refused"),
            (self.sent_at, "acknowledged"),
            (self.begun_at, "sending"),
        ):
            if moment is not None:
                return said
        return "waiting"

    @property
    def is_standing(self) -> bool:
        """Whether the journey has its message."""
        return self.dropped_at is None

    @property
    def can_be_dropped(self) -> bool:
        return self.is_standing and self.begun_at is None

    @property
    def silence(self) -> Silence | None:
        """Why one that was dropped was."""
        if self.dropped_at is None:
            return None
        codes = {str(one): one for one in Silence}
        return codes.get(self.last_error, Silence.GOES_ON)


class Untold(msgspec.Struct, frozen=True, kw_only=True):
    """A journey that is over and of which nothing was made."""

    case: str
    patient: str
    began_at: datetime
    changed_at: datetime


class PostRows:
    """Reads what went, goes or waits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_case(
        self, organisation: OrganisationId, case: str, *, kind: str = DOCUMENT
    ) -> Post | None:
        """The one of a case; of several, the one that was not dropped."""
        found = await self._fetch(organisation, _OF_CASE, case, kind)
        return Post(**found[0]) if found else None

    async def unsent(self, organisation: OrganisationId) -> list[Post]:
        """What surgeries have not acknowledged; what was refused comes first."""
        found = await self._fetch(organisation, _UNSENT)
        return [Post(**one) for one in found]

    async def untold(
        self, organisation: OrganisationId, *, now: datetime
    ) -> list[Untold]:
        """Journeys of the last week that ended, and nothing goes or was decided."""
        found = await self._fetch(organisation, _UNTOLD, now - LATELY)
        return [Untold(**one) for one in found]

    async def _fetch(
        self, organisation: OrganisationId, sql: str, *values: object
    ) -> Sequence[Mapping[str, Any]]:
        async with self._database.connection(organisation) as connection:
            return await connection.fetch(sql, organisation, *values)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whose and which case it is."""

    organisation: OrganisationId
    patient: str
    case: str


def queue_document(
    about: About,
    *,
    communication: str,
    surgery: str,
    requests: Sequence[str],
    now: datetime,
    at_once: bool = False,
) -> tuple[Beside, ...]:
    """Have a document go once its end cannot be taken back any more.

    `at_once` where somebody who read it says that it goes.
    """
    return _queued(
        about,
        kind=DOCUMENT,
        communication=communication,
        addressee=surgery,
        requests=requests,
        now=now,
        after=now if at_once else now + WAITS,
    )


def queue_call(
    about: About, *, communication: str, began: datetime, now: datetime
) -> tuple[Beside, ...]:
    """Have the repeat caller service told, at once and for as long as it counts."""
    return _queued(
        about,
        kind=REPEAT_CALL,
        communication=communication,
        addressee="",
        now=now,
        after=now,
        useless=began + WINDOW,
    )


def queue_call_back(
    about: About,
    first: Post,
    *,
    communication: str,
    useless: datetime,
    now: datetime,
) -> tuple[Beside, ...]:
    """Have the repeat caller service forget a call, once: it was somebody else's.

    It goes behind the first word of it; where that never left, neither leaves.
    """
    return _queued(
        about,
        kind=REPEAT_CALL_BACK,
        communication=communication,
        addressee="",
        now=now,
        after=now,
        useless=useless,
        follows=first.message,
    )


def _queued(  # noqa: PLR0913 - a row is this much
    about: About,
    *,
    kind: str,
    communication: str,
    addressee: str,
    requests: Sequence[str] = (),
    now: datetime,
    after: datetime,
    useless: datetime | None = None,
    follows: str = "",
) -> tuple[Beside, ...]:
    message = new_uuid()
    values = (
        *(now, after, useless, about.organisation, message, new_uuid()),
        *(communication, about.case, addressee, kind, list(requests), about.patient),
        follows,
    )
    return (
        Beside(sql=_QUEUE, values=values),
        _job(about.organisation, message, after),
    )


def say_silence(about: About, silence: Silence, *, now: datetime) -> Beside:
    """That it ended and nothing goes: nobody looks for what was left out."""
    values = (now, about.organisation, new_uuid(), about.case, str(silence))
    return Beside(sql=_SILENT, values=(*values, about.patient))


def drop(organisation: OrganisationId, message: str, *, now: datetime) -> Beside:
    """What has not begun to go does not go: the journey ended anew."""
    return Beside(sql=_DROP, values=(organisation, message, now))


def hold(organisation: OrganisationId, message: str, *, now: datetime) -> Beside:
    """Somebody holds it back; refused where it has begun to go."""
    return Beside(sql=_HOLD, values=(organisation, message, now))


def again(
    organisation: OrganisationId, message: str, *, now: datetime
) -> tuple[Beside, ...]:
    """The same once more, under the same identifier: who has it has it once."""
    values = (organisation, message)
    return Beside(sql=_AGAIN, values=values), _job(organisation, message, now)


def _job(organisation: OrganisationId, message: str, when: datetime) -> Beside:
    """Of its own, whatever waits already; what was sent is not sent by a second one."""
    unique_for = f"{message} {new_uuid()}"
    return Beside(sql=_JOB, values=(SEND, organisation, unique_for, message, when))
