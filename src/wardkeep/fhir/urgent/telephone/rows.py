# SPDX-License-Identifier: Apache-2.0
"""Calls as the telephone has them: for figures, and who waits just now.

A call is linked to the case that its call taker began while it went on. Nothing stores
that: whose telephone it was, and when, say it whenever somebody asks.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database
from wardkeep.fhir.urgent.telephone.events import CLOCK_MAY_BE_OFF
from wardkeep.fhir.urgent.telephone.taking import ALONE, ANEW, OF_EVENTS, WITH_TAKER

RINGS_AT_MOST = timedelta(hours=3)
"""A call of which nothing more was told has ended somehow: its end was lost."""
_HOUR = timedelta(hours=1)
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(minutes=5)
_AROUND = timedelta(hours=5)
"""Of calls and cases after a span: they decide what its last calls are linked to."""
SILENT_AFTER = timedelta(minutes=10)
_CALLS_OF = """
select t.call, t.taker, t.first_at, t.offered_at, t.queued_at, t.delivered_at,
       t.established_at, t.cleared_at
  from telephone.call as t
 where t.organisation = $1 and t.first_at >= $2 and t.first_at < $3
"""
_CASES_OF = """
select l.case_id, l.taker, l.began_at from call.listed as l
 where l.organisation = $1 and l.began_at >= $2 and l.began_at < $3
   and l.taker <> '' and l.state <> 'mistake'
"""
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
_UNLIKE = f"""
with told as ({OF_EVENTS}
   where e.organisation = $1 and e.at >= $2::timestamptz - interval '1 day'
     and e.at < $3::timestamptz + interval '1 day'
   group by e.organisation, e.call), sat as ({WITH_TAKER})
select count(*) as many
  from (select * from telephone.call as k
         where k.organisation = $1 and k.first_at >= $2::timestamptz - interval '1 day'
           and k.first_at < $3::timestamptz + interval '1 day') as c
  full join sat as t on t.call = c.call
 where coalesce(c.first_at, t.first_at) >= $2
   and coalesce(c.first_at, t.first_at) < $3
   and (c.first_at, c.offered_at, c.queued_at, c.delivered_at, c.established_at,
        c.cleared_at, c.device, c.taker) is distinct from
       (t.first_at, t.offered_at, t.queued_at, t.delivered_at, t.established_at,
        t.cleared_at, t.device, t.taker)
"""  # noqa: S608 - constants
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


class PhoneCall(msgspec.Struct, frozen=True, gc=False):
    """A call as a telephone system told of it."""

    call: UUID
    taker: str
    """The id of the Practitioner who sat there; empty: nobody said."""
    first_at: datetime
    offered_at: datetime | None
    queued_at: datetime | None
    delivered_at: datetime | None
    established_at: datetime | None
    cleared_at: datetime | None
    case: str = ""
    """The id of the case that it is linked to."""


class Begun(msgspec.Struct, frozen=True, gc=False):
    """A case, and who began it when."""

    case_id: str
    taker: str
    began_at: datetime


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
    """Rows that do not follow from the events, and from who sat where."""
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


_ANSWERED = attrgetter("established_at", "call")
_BEGAN = attrgetter("began_at", "case_id")


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
            if mends:
                # An event that came between what is read here and what is written
                # would be in the events, and no longer in its call.
                await connection.execute(ALONE, organisation)
            unlike = await connection.fetch_value(_UNLIKE, organisation, *span)
            mended = unlike if mends and unlike else 0
            if mended:
                await _make_anew(connection, organisation, span)
            rang = await calls_of(connection, organisation, *span)
            cases = await connection.fetch_value(_CASES, organisation, *span)
        rows = [one for one in rang if one.first_at >= since]
        answered = [one for one in rows if one.established_at is not None]
        return Held(
            calls=len(rows),
            unlike=unlike,
            answered=len(answered),
            with_case=sum(bool(one.case) for one in answered),
            nobodys=sum(not one.taker for one in answered),
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
) -> list[PhoneCall]:
    """Calls that rang in a span, each with the case that it is linked to.

    They may have begun before it: who takes one that rang for long had another one
    meanwhile, which is linked by when this one was answered.
    """
    first, after = since - RINGS_AT_MOST, until + _AROUND
    calls = await connection.fetch(_CALLS_OF, organisation, first, after)
    cases = await connection.fetch(_CASES_OF, organisation, first - _SOONEST, after)
    found = await asyncio.to_thread(
        linked,
        [PhoneCall(*row.values()) for row in calls],
        [Begun(*row.values()) for row in cases],
    )
    return [one for one in found if one.first_at < until]


def linked(calls: Sequence[PhoneCall], cases: Sequence[Begun]) -> list[PhoneCall]:
    """Each answered call with the first case that its taker began while it went on.

    From a minute before it was answered until five after it was over, or until a minute
    before they answered the next one. So calls before it decide nothing.
    """
    begun: dict[str, list[Begun]] = defaultdict(list)
    for case in sorted(cases, key=_BEGAN):
        begun[case.taker].append(case)
    answered: dict[str, list[PhoneCall]] = defaultdict(list)
    found: list[PhoneCall] = []
    for call in calls:
        if call.taker and call.established_at is not None:
            answered[call.taker].append(call)
        else:
            found.append(call)
    for taker, taken in answered.items():
        taken.sort(key=_ANSWERED)
        theirs = begun[taker]
        moments = [one.began_at for one in theirs]
        following = [*(one.established_at for one in taken[1:]), None]
        for place, call in enumerate(taken):
            since, until = _window(call, following[place])
            first = bisect_left(moments, since)
            is_there = first < len(moments) and moments[first] < until
            found.append(_with_case(call, theirs[first].case_id) if is_there else call)
    return found


def _with_case(call: PhoneCall, case_id: str) -> PhoneCall:
    return PhoneCall(
        *(call.call, call.taker, call.first_at, call.offered_at, call.queued_at),
        *(call.delivered_at, call.established_at, call.cleared_at, case_id),
    )


def _window(call: PhoneCall, after: datetime | None) -> tuple[datetime, datetime]:
    """When a case is begun that is this call's; `after`: the next one's answer."""
    answered = call.established_at or call.first_at
    over = (call.cleared_at or answered + _HOUR) + _LATEST
    return answered - _SOONEST, min(over, after - _SOONEST) if after else over
