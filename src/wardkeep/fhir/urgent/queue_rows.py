# SPDX-License-Identifier: Apache-2.0
"""Urgent care's queues as the database knows them: ids, codes and times.

The order is that in which cases are taken: pinned ones, then by deadline, priority and
age. A deadline does not move, so whoever waits is passed by no more than those that are
due before them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.urgent.clocks import HALF, NEARLY

HELD_FOR = timedelta(seconds=15)
"""How long a case is kept for whoever is just taking it: if their process dies in
between, the next one gets it then."""
MOST_OWN = 40
_COLUMNS = """
e.entry, e.case_key, e.disposition, e.skill, e.urgency, e.state, e.owner, e.given_at,
e.due_at, e.next_at, e.comforted_at, e.attempts, e.is_pinned, e.is_escalated,
p.id as patient, d.send_at, d.sent_at, d.acknowledged_at, d.escalated_at,
d.called_off_at, coalesce(d.reference, '') as reference, d.begun_at,
coalesce(d.refusal, '') as refusal,
e.appointment, e.place, e.planned_at, e.turn, coalesce(b.status, '') as attendance
"""
_DISPATCH = """
left join urgent.dispatch as d
  on d.organisation = e.organisation and d.entry = e.entry
"""
_BOOKING = """
left join clinic.booking as b
  on b.organisation = e.organisation and b.appointment = e.appointment
"""
_UNANSWERED = "(d.escalated_at is not null and d.acknowledged_at is null)"
_ORDER = "e.is_pinned desc, e.due_at, e.urgency, e.given_at, e.entry"


def _listed(chosen: str, order: str) -> str:
    """Chosen first, and then who they are and what was sent, row by row.

    Joined first, ten thousand were joined to show twenty: 26 ms of the database's time.
    Where the database may join as it likes, it reads every patient there is.
    """
    return f"""
select {_COLUMNS}
  from ({chosen}) as e cross join lateral (
    select id from record.patient where number = e.patient limit 1) as p
  left join lateral (
    select * from urgent.dispatch as d
     where d.organisation = e.organisation and d.entry = e.entry limit 1) as d on true
  left join lateral (
    select status from clinic.booking as b
     where b.organisation = e.organisation and b.appointment = e.appointment
       and e.appointment <> '' limit 1) as b on true
 order by {order}
"""  # noqa: S608 - constants


def _in_turn(of_skills: str) -> str:
    chosen = f"""
    select e.* from urgent.entry as e
     where e.organisation = $1 and e.is_open {of_skills}
     order by {_ORDER} limit $2 offset $3"""  # noqa: S608 - constants
    return _listed(chosen, _ORDER)


_LISTED, _LISTED_OF = _in_turn(""), _in_turn("and e.skill = any($4)")
_PRESSING = f"{_UNANSWERED} desc, e.is_escalated desc, e.next_at, e.entry"
_OVERDUE = _listed(
    f"""
    select e.* from urgent.entry as e {_DISPATCH}
     where e.organisation = $1 and e.is_open
       and (e.next_at <= $2 or e.is_escalated or {_UNANSWERED})
       and ($3::text[] is null or e.skill = any($3))
     order by {_PRESSING} limit $4""",  # noqa: S608 - constants
    _PRESSING,
)
_OWN = f"""
select {_COLUMNS}
  from urgent.entry as e join record.patient as p on p.number = e.patient
  {_DISPATCH} {_BOOKING}
 where e.organisation = $1 and e.is_open and e.owner = $2 and e.owner <> ''
 order by {_ORDER} limit $3
"""  # noqa: S608 - constants
_COUNTS = f"""
select e.skill, count(*) as waiting,
       count(*) filter (where e.state = 'new') as to_take,
       count(*) filter (where e.due_at <= $2) as breached,
       count(*) filter (where e.due_at > $2
         and $2 - e.given_at >= (e.due_at - e.given_at) * {NEARLY}) as nearly,
       count(*) filter (where e.due_at > $2
         and $2 - e.given_at >= (e.due_at - e.given_at) * {HALF}
         and $2 - e.given_at < (e.due_at - e.given_at) * {NEARLY}) as half,
       count(*) filter (where e.is_escalated) as escalated,
       count(*) filter (where e.next_at <= $2 or e.is_escalated) as overdue,
       min(e.given_at) as oldest
  from urgent.entry as e
 where e.organisation = $1 and e.is_open group by e.skill order by e.skill
"""  # noqa: S608 - constants
_OWNERS = """
select e.owner, count(*) as cases, count(*) filter (where e.due_at <= $2) as breached,
       min(e.due_at) as first_due
  from urgent.entry as e
 where e.organisation = $1 and e.is_open and e.owner <> ''
 group by e.owner order by cases desc, e.owner
"""
_UNACKNOWLEDGED = """
select count(*) as many
  from urgent.entry as e
  left join urgent.dispatch as d
    on d.organisation = e.organisation and d.entry = e.entry
 where e.organisation = $1 and e.is_open and d.acknowledged_at is null
   and (e.skill = 'ambulance' or d.send_at is not null)
"""
_ONE = f"""
select {_COLUMNS}
  from urgent.entry as e join record.patient as p on p.number = e.patient
  {_DISPATCH} {_BOOKING}
 where e.organisation = $1 and e.entry = $2
"""  # noqa: S608 - constants
_OF_CASE = f"""
select {_COLUMNS}
  from urgent.entry as e join record.patient as p on p.number = e.patient
  {_DISPATCH} {_BOOKING}
 where e.organisation = $1 and e.case_key = 'Encounter/' || $2 and e.is_open
"""  # noqa: S608 - constants
_OLD_HOLDS = """
update urgent.entry set held_by = null, held_until = null
 where organisation = $1 and held_by = $2 and held_until <= $3
"""
_MAY_BE_TAKEN = """
e.organisation = $1 and e.is_open and e.state = 'new' and e.owner = ''
     and not e.is_escalated and (e.held_until is null or e.held_until <= $4)
     and e.entry <> all($6::text[])"""
# The first few of each skill, as the index has them, and of these the first: sorting
# all that wait took 15 ms for ten thousand. Whoever asks at the same moment passes by
# what another one just takes. The row is held for a moment besides, because the
# record's own change comes after this transaction. (`not is_pinned`: no index has that,
# so that none is walked in search of these few.)
_HOLD = f"""
with near as materialized (
  select few.entry from unnest($2::text[]) as one (skill) cross join lateral (
    select e.entry from urgent.entry as e
     where {_MAY_BE_TAKEN} and e.skill = one.skill
     order by {_ORDER} limit $7) as few),
next as (
  select e.organisation, e.entry from urgent.entry as e
   where e.entry = any(array(select entry from near)) and {_MAY_BE_TAKEN}
   order by not e.is_pinned, e.due_at, e.urgency, e.given_at, e.entry limit 1
     for update skip locked)
update urgent.entry as e set held_by = $3, held_until = $5
  from next left join urgent.dispatch as d
    on d.organisation = next.organisation and d.entry = next.entry
  left join clinic.booking as b on false,
       record.patient as p
 where e.organisation = next.organisation and e.entry = next.entry
   and p.number = e.patient
returning {_COLUMNS}
"""  # noqa: S608 - constants
NEAR = 64
"""Of each skill; more than ever take at one moment, for connections are few."""
TAKE_HELD = """
update urgent.entry set held_by = null, held_until = null
 where organisation = $1 and entry = $2 and held_by = $3
"""
"""Goes with the change that takes it: no row, and somebody else has it. The same gives
back what was held and not taken."""


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One place in a queue, as a board shows it."""

    entry: str
    case_key: str
    disposition: str
    skill: str
    urgency: int
    state: str
    owner: str
    """As `Practitioner/x`; empty: nobody."""
    given_at: datetime
    due_at: datetime
    next_at: datetime
    comforted_at: datetime | None
    attempts: int
    is_pinned: bool
    is_escalated: bool
    patient: str
    send_at: datetime | None = None
    """Of an ambulance that was asked for; None: none was."""
    sent_at: datetime | None = None
    acknowledged_at: datetime | None = None
    escalated_at: datetime | None = None
    called_off_at: datetime | None = None
    reference: str = ""
    """Of whoever acknowledged it."""
    begun_at: datetime | None = None
    """From when it may have left."""
    refusal: str = ""
    """Why they will not take it, as a code."""
    appointment: str = ""
    place: str = ""
    """Where they are booked: `Location/x`, or `CareTeam/x`, a car."""
    planned_at: datetime | None = None
    turn: int = 0
    attendance: str = ""
    """What the Appointment at a treatment centre says: booked, noshow and so on."""

    @property
    def case(self) -> str:
        """The id of the Encounter; empty where it is not known."""
        kind, _, id_ = self.case_key.partition("/")
        return id_ if kind == "Encounter" else ""


class SkillCount(msgspec.Struct, frozen=True, kw_only=True):
    """How one skill's queue stands."""

    skill: str
    waiting: int
    to_take: int
    breached: int
    nearly: int
    half: int
    escalated: int
    overdue: int
    oldest: datetime


class OwnerCount(msgspec.Struct, frozen=True, kw_only=True):
    """How much one clinician has."""

    owner: str
    cases: int
    breached: int
    first_due: datetime


class QueueRows:
    """Asks the database how queues stand, and takes the next in turn."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _fetch(
        self, organisation: OrganisationId, sql: str, *values: object
    ) -> Sequence[Row]:
        async with self._database.connection(organisation) as connection:
            return await connection.fetch(sql, organisation, *values)

    async def listed(
        self,
        organisation: OrganisationId,
        skills: Sequence[str] | None = None,
        *,
        at_most: int,
        after: int = 0,
    ) -> list[EntryRow]:
        """Open ones in their order; of all skills where none are named."""
        if skills is None:
            rows = await self._fetch(organisation, _LISTED, at_most, after)
        else:
            wanted = list(skills)
            rows = await self._fetch(organisation, _LISTED_OF, at_most, after, wanted)
        return [EntryRow(**row) for row in rows]

    async def overdue(
        self,
        organisation: OrganisationId,
        skills: Sequence[str] | None,
        *,
        now: datetime,
        at_most: int,
    ) -> list[EntryRow]:
        """Those whose next step should have been taken; the shift lead's first."""
        wanted = None if skills is None else list(skills)
        rows = await self._fetch(organisation, _OVERDUE, now, wanted, at_most)
        return [EntryRow(**row) for row in rows]

    async def own(self, organisation: OrganisationId, owner: str) -> list[EntryRow]:
        if not owner:
            return []
        rows = await self._fetch(organisation, _OWN, owner, MOST_OWN)
        return [EntryRow(**row) for row in rows]

    async def one(self, organisation: OrganisationId, entry: str) -> EntryRow | None:
        rows = await self._fetch(organisation, _ONE, entry)
        return EntryRow(**rows[0]) if rows else None

    async def of_case(self, organisation: OrganisationId, case: str) -> EntryRow | None:
        """Where a case waits; None: nowhere, or no more."""
        rows = await self._fetch(organisation, _OF_CASE, case)
        return EntryRow(**rows[0]) if rows else None

    async def counts(
        self, organisation: OrganisationId, *, now: datetime
    ) -> list[SkillCount]:
        rows = await self._fetch(organisation, _COUNTS, now)
        return [SkillCount(**row) for row in rows]

    async def owners(
        self, organisation: OrganisationId, *, now: datetime
    ) -> list[OwnerCount]:
        """Who has how many, the most first."""
        rows = await self._fetch(organisation, _OWNERS, now)
        return [OwnerCount(**row) for row in rows]

    async def unacknowledged(self, organisation: OrganisationId) -> int:
        """Ambulances that nobody is known to have been told of."""
        [row] = await self._fetch(organisation, _UNACKNOWLEDGED)
        return int(row["many"])

    async def hold_next(
        self,
        organisation: OrganisationId,
        skills: Sequence[str],
        *,
        account: str,
        now: datetime,
        but: Sequence[str] = (),
    ) -> EntryRow | None:
        """Keep the next of these skills for an account; None: nothing waits.

        No other account gets it within `HELD_FOR`. `but` are entries that it does not
        want.

        Raises:
            AlreadyExistsError: one is just being kept for this account.
        """
        mine = UUID(account)
        asked = (organisation, list(skills), mine, now, now + HELD_FOR, list(but))
        # Each statement is all or nothing by itself, and needs no transaction around.
        async with self._database.connection(organisation) as connection:
            try:
                row = await _held(connection, asked)
            except AlreadyExistsError:
                # Whatever this account held: it has run out, or is refused again.
                await connection.execute(_OLD_HOLDS, organisation, mine, now)
                row = await _held(connection, asked)
        return None if row is None else EntryRow(**row)

    async def let_go(
        self, organisation: OrganisationId, entry: str, *, account: str
    ) -> None:
        """Give back what was held and not taken."""
        async with self._database.transaction(organisation) as connection:
            await connection.execute(TAKE_HELD, organisation, entry, UUID(account))


async def _held(connection: Connection, asked: Sequence[object]) -> Row | None:
    """The next, kept; of the first few, or, where none of them is free, of all."""
    row = await connection.fetch_row(_HOLD, *asked, NEAR)
    return row or await connection.fetch_row(_HOLD, *asked, None)
