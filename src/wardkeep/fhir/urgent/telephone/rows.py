# SPDX-License-Identifier: Apache-2.0
"""Calls as the telephone has them: for figures, and who waits just now.

A call is linked to the case that its call taker began while it went on. Nothing stores
that: whose telephone it was, and when, say it whenever somebody asks.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.fhir.urgent.telephone.events import CLOCK_MAY_BE_OFF
from wardkeep.fhir.urgent.telephone.taking import ANEW

RINGS_AT_MOST = timedelta(hours=3)
"""A call of which nothing more was told has ended somehow: its end was lost."""
_HOUR = timedelta(hours=1)
SILENT_AFTER = timedelta(minutes=10)
# The first case that its taker began from a minute before it was answered until five
# after it was over, or until they answered the next one.
_LINKED = """
select t.call, t.system, t.taker, t.first_at, t.offered_at, t.queued_at,
       t.delivered_at, t.established_at, t.cleared_at, c.case_id
  from telephone.call as t
  left join lateral (
    select min(n.established_at) as at from telephone.call as n
     where n.organisation = $1 and n.taker = t.taker and n.taker <> ''
       and n.established_at > t.established_at) as after on true
  left join lateral (
    select l.case_id from call.listed as l
     where l.organisation = $1 and l.taker = t.taker and t.taker <> ''
       and l.state <> 'mistake'
       and l.began_at >= t.established_at - interval '1 minute'
       and l.began_at < least(
             after.at - interval '1 minute',
             coalesce(t.cleared_at, t.established_at + interval '1 hour')
               + interval '5 minutes')
     order by l.began_at, l.case_id limit 1) as c on true
 where t.organisation = $1
"""
_OF_SPAN = f"{_LINKED} and t.first_at >= $2 and t.first_at < $3"
_WAITING = """
select coalesce(t.queued_at, t.offered_at, t.first_at) as since from telephone.call as t
 where t.organisation = $1 and t.established_at is null and t.cleared_at is null
   and t.first_at > $2 and t.first_at <= $3
"""
_GAVE_UP = """
select count(*) as many from telephone.call as t
 where t.organisation = $1 and t.established_at is null and t.cleared_at > $2
   and t.cleared_at <= $3 and t.first_at < t.cleared_at and t.first_at > $4
"""
_SYSTEMS = """
select heard_at, clock_off from telephone.system where organisation = $1
"""
_UNLIKE = """
with told as (
  select e.call, min(e.at) as first_at,
         min(e.at) filter (where e.kind = 'offered') as offered_at,
         min(e.at) filter (where e.kind = 'queued') as queued_at,
         min(e.at) filter (where e.kind = 'delivered') as delivered_at,
         min(e.at) filter (where e.kind = 'established') as established_at,
         min(e.at) filter (where e.kind = 'cleared') as cleared_at
    from telephone.event as e
   where e.organisation = $1 and e.at >= $2::timestamptz - interval '1 day'
     and e.at < $3::timestamptz + interval '1 day'
   group by e.call)
select count(*) as many
  from (select * from telephone.call as k
         where k.organisation = $1 and k.first_at >= $2::timestamptz - interval '1 day'
           and k.first_at < $3::timestamptz + interval '1 day') as c
  full join told as t on t.call = c.call
 where coalesce(c.first_at, t.first_at) >= $2
   and coalesce(c.first_at, t.first_at) < $3
   and (c.first_at, c.offered_at, c.queued_at, c.delivered_at, c.established_at,
        c.cleared_at) is distinct from
       (t.first_at, t.offered_at, t.queued_at, t.delivered_at, t.established_at,
        t.cleared_at)
"""
_CALLS = """
select e.system, array_agg(distinct e.call) as calls from telephone.event as e
 where e.organisation = $1 and e.at >= $2 and e.at < $3 group by e.system
"""
_CASES = """
select count(*) as many from call.listed as c
 where c.organisation = $1 and c.state <> 'mistake'
   and c.began_at >= $2 and c.began_at < $3
"""
_NOT_TOLD = """
delete from telephone.call as c
 where c.organisation = $1 and c.first_at >= $2 and c.first_at < $3
   and not exists (select from telephone.event as e
                    where e.organisation = $1 and e.call = c.call)
"""


class Ringing(NamedTuple):
    """How the telephone stands just now."""

    waiting: int
    longest: timedelta
    gave_up: int
    """In the last hour, before anybody answered."""
    silent_for: timedelta | None
    """None where it spoke lately enough."""
    clock_off: timedelta
    """How far its clock is from ours, where that is more than it may be; else none."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How telephone calls of a span stand to their events, and to cases."""

    calls: int = 0
    unlike: int = 0
    """Rows that do not follow from the events."""
    answered: int = 0
    with_case: int = 0
    nobodys: int = 0
    """Answered at an extension that was nobody's."""
    mended: int = 0
    cases: int = 0
    """That were begun, by whomever."""

    @property
    def without_case(self) -> int:
        """Answered, and nobody began a case: a wrong number, or it never rang.

        Calls at an extension that was nobody's are linked to none. As many of them as
        there are cases without a call may be those.
        """
        of_somebody = self.answered - self.with_case - self.nobodys
        return of_somebody + max(0, self.nobodys - (self.cases - self.with_case))

    def __add__(self, more: "Held") -> "Held":
        return Held(
            calls=self.calls + more.calls,
            unlike=self.unlike + more.unlike,
            answered=self.answered + more.answered,
            with_case=self.with_case + more.with_case,
            nobodys=self.nobodys + more.nobodys,
            mended=self.mended + more.mended,
            cases=self.cases + more.cases,
        )


class TelephoneRows:
    """Asks the database what telephone systems told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self, organisation: OrganisationId, now: datetime) -> Ringing | None:
        """None where no telephone system has ever told anything."""
        async with self._database.connection(organisation) as connection:
            systems = await connection.fetch(_SYSTEMS, organisation)
            if not systems:
                return None
            since = now - RINGS_AT_MOST
            waits = await connection.fetch(_WAITING, organisation, since, now)
            values = (organisation, now - _HOUR, now, now - _HOUR - RINGS_AT_MOST)
            gave_up = await connection.fetch_value(_GAVE_UP, *values)
        return ringing_of(
            [row["since"] for row in waits],
            gave_up=gave_up,
            heard=max(row["heard_at"] for row in systems),
            clocks=[row["clock_off"] for row in systems],
            now=now,
        )

    async def held(
        self,
        organisation: OrganisationId,
        since: datetime,
        until: datetime,
        *,
        mends: bool,
    ) -> Held:
        """Calls of a span against their events and cases; made anew if asked."""
        span = (since, until)
        async with self._database.transaction(organisation) as connection:
            unlike = await connection.fetch_value(_UNLIKE, organisation, *span)
            mended = unlike if mends and unlike else 0
            if mended:
                await _make_anew(connection, organisation, span)
            rows = await calls_of(connection, organisation, *span)
            cases = await connection.fetch_value(_CASES, organisation, *span)
        answered = [row for row in rows if row["established_at"] is not None]
        return Held(
            calls=len(rows),
            unlike=unlike,
            answered=len(answered),
            with_case=sum(row["case_id"] is not None for row in answered),
            nobodys=sum(not row["taker"] for row in answered),
            mended=mended,
            cases=cases,
        )


async def _make_anew(
    connection: Connection,
    organisation: OrganisationId,
    span: tuple[datetime, datetime],
) -> None:
    await connection.execute(_NOT_TOLD, organisation, *span)
    for row in await connection.fetch(_CALLS, organisation, *span):
        await connection.execute(ANEW, organisation, row["system"], row["calls"])


def ringing_of(
    since: Sequence[datetime],
    *,
    gave_up: int,
    heard: datetime,
    clocks: Sequence[int],
    now: datetime,
) -> Ringing:
    """What is told of it."""
    silent, off = now - heard, timedelta(seconds=max(clocks, key=abs, default=0))
    return Ringing(
        waiting=len(since),
        longest=max((now - one for one in since), default=timedelta()),
        gave_up=gave_up,
        silent_for=silent if silent > SILENT_AFTER else None,
        clock_off=off if abs(off) > CLOCK_MAY_BE_OFF else timedelta(),
    )


async def calls_of(
    connection: Connection,
    organisation: OrganisationId,
    since: datetime,
    until: datetime,
) -> Sequence[Row]:
    """Calls that began in a span, each with the case that it is linked to."""
    return await connection.fetch(_OF_SPAN, organisation, since, until)
