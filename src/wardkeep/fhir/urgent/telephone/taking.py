# SPDX-License-Identifier: Apache-2.0
"""Takes a telephone system's events: each once, in any order, as many as it may send.

A call's row is made anew of all its events, so it is the same whichever came first, how
often, and how late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.telephone import HELD_SECONDS
from wardkeep.fhir.urgent.telephone.events import Event

MOST_AN_HOUR = 60_000
"""Of one system: a day of a large provider is 25,000 events, and comes after an outage
at once."""
MOST_A_DAY = 200_000
TOPIC = "telephone"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_TOLD_WITHIN = timedelta(seconds=HELD_SECONDS)
ALONE = "select pg_catalog.pg_advisory_xact_lock(76, $1)"
"""Of an organisation: who takes events and who makes calls anew come one by one."""
_BEGIN = """
insert into telephone.system
  (organisation, system, heard_at, hour_began, day_began)
values ($1, $2, $3, $3, $3) on conflict do nothing
"""
_LOCK = """
select hour_began, hour_events, day_began, day_events from telephone.system
 where organisation = $1 and system = $2 for update
"""
_NOTE = """
update telephone.system
   set heard_at = $3, clock_off = $4, hour_began = $5, hour_events = $6,
       day_began = $7, day_events = $8
 where organisation = $1 and system = $2
"""
_ADD = """
insert into telephone.event
  (organisation, received_at, system, event, call, kind, at, device)
select $1, $2, $3, * from unnest($4::uuid[], $5::uuid[], $6::text[],
                                 $7::timestamptz[], $8::text[])
    on conflict do nothing returning event
"""
# Of each kind the earliest; the device is that of the earliest that was established.
# Where the telephone's clock is ahead of ours, who sat there is asked of the moment in
# which we heard of it: whoever sits down between the two did not answer.
OF_EVENTS = """
select e.organisation, e.call, min(e.at) as first_at,
       min(e.at) filter (where e.kind = 'offered') as offered_at,
       min(e.at) filter (where e.kind = 'queued') as queued_at,
       min(e.at) filter (where e.kind = 'delivered') as delivered_at,
       min(e.at) filter (where e.kind = 'established') as established_at,
       min(e.at) filter (where e.kind = 'cleared') as cleared_at,
       coalesce((array_agg(e.device order by e.at, e.event)
                 filter (where e.kind = 'established'))[1], '') as device,
       (array_agg(least(e.at, e.received_at) order by e.at, e.event)
        filter (where e.kind = 'established'))[1] as heard_at
  from telephone.event as e
"""
WITH_TAKER = """
select told.*, coalesce(s.taker, '') as taker
  from told left join telephone.seat as s
    on s.organisation = told.organisation and s.device = told.device
   and told.device <> '' and s.since <= told.heard_at
   and (s.until is null or s.until > told.heard_at)
"""
"""Of `told`, which is made by `OF_EVENTS`, with who sat at the extension."""
ANEW = f"""
with told as ({OF_EVENTS}
   where e.organisation = $1 and e.call = any($3::uuid[])
   group by e.organisation, e.call), sat as ({WITH_TAKER})
insert into telephone.call as c
  (organisation, call, system, first_at, offered_at, queued_at, delivered_at,
   established_at, cleared_at, device, taker)
select sat.organisation, sat.call, $2, sat.first_at, sat.offered_at, sat.queued_at,
       sat.delivered_at, sat.established_at, sat.cleared_at, sat.device, sat.taker
  from sat
    on conflict (organisation, call) do update
   set first_at = excluded.first_at, offered_at = excluded.offered_at,
       queued_at = excluded.queued_at, delivered_at = excluded.delivered_at,
       established_at = excluded.established_at, cleared_at = excluded.cleared_at,
       device = excluded.device, taker = excluded.taker
"""  # noqa: S608 - constants
# Who sat there when it was answered, whoever sits there by now: late events tell too.
_SEATS = """
select told.event, s.account
  from unnest($2::uuid[], $3::text[], $4::timestamptz[]) as told (event, device, at)
  join telephone.seat as s
    on s.organisation = $1 and s.device = told.device and s.since <= told.at
   and (s.until is null or s.until > told.at)
"""


class Taken(NamedTuple):
    """What became of a batch."""

    new: int
    known: int
    numbers: tuple[tuple[str, Event], ...]
    """Accounts whose telephone answered with a number that is told, in their order."""


class TooMany(NamedTuple):
    """More than a system may send: none of it was taken."""

    seconds: int
    """After which there is room again."""


class TelephoneEvents:
    """Keeps what telephone systems tell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(
        self,
        organisation: OrganisationId,
        system: str,
        events: Sequence[Event],
        *,
        now: datetime,
        clock_off: timedelta,
    ) -> Taken | TooMany:
        """All of them in one transaction, or none."""
        async with self._database.transaction(organisation) as connection:
            await connection.execute(ALONE, organisation)
            room = await self._room(connection, organisation, system, now, len(events))
            if isinstance(room, TooMany):
                return room
            values = (organisation, UUID(system), now, _whole(clock_off))
            await connection.execute(_NOTE, *values, *room)
            new = await self._add(connection, organisation, system, events, now=now)
            calls = sorted({one.call for one in new})
            if calls:
                ids = [UUID(one) for one in calls]
                await connection.execute(ANEW, organisation, UUID(system), ids)
            numbers = await self._answered(connection, organisation, new, now=now)
            heard = [Topic(TOPIC, account) for account, _ in numbers]
            await tell(connection, organisation, heard)
        return Taken(len(new), len(events) - len(new), numbers)

    async def _room(
        self,
        connection: Connection,
        organisation: OrganisationId,
        system: str,
        now: datetime,
        many: int,
    ) -> TooMany | tuple[datetime, int, datetime, int]:
        """How much it sent in this hour and day; the row is locked meanwhile."""
        await connection.execute(_BEGIN, organisation, UUID(system), now)
        row = await connection.fetch_row(_LOCK, organisation, UUID(system))
        assert row is not None, "it was just added"  # noqa: S101 - by this transaction
        found: list[tuple[datetime, int]] = []
        for part, lasts, most in (
            ("hour", _HOUR, MOST_AN_HOUR),
            ("day", _DAY, MOST_A_DAY),
        ):
            began, sent = row[f"{part}_began"], row[f"{part}_events"]
            if not began <= now < began + lasts:
                began, sent = now, 0
            if sent + many > most:
                return TooMany(max(1, _whole(began + lasts - now)))
            found.append((began, sent + many))
        return (*found[0], *found[1])

    async def _add(
        self,
        connection: Connection,
        organisation: OrganisationId,
        system: str,
        events: Sequence[Event],
        *,
        now: datetime,
    ) -> list[Event]:
        """Those that were not known."""
        by_id = {one.id: one for one in reversed(events)}
        told = sorted(by_id.values(), key=lambda one: one.id)
        rows = await connection.fetch(
            _ADD,
            organisation,
            now,
            UUID(system),
            [UUID(one.id) for one in told],
            [UUID(one.call) for one in told],
            [str(one.kind) for one in told],
            [one.at for one in told],
            [one.device for one in told],
        )
        return [by_id[str(row["event"])] for row in rows]

    async def _answered(
        self,
        connection: Connection,
        organisation: OrganisationId,
        new: Sequence[Event],
        *,
        now: datetime,
    ) -> tuple[tuple[str, Event], ...]:
        """Whose numbers are told to whom; a call of an hour ago is nobody’s by now."""
        told = [
            one
            for one in new
            if one.number and one.device and now - one.at <= _TOLD_WITHIN
        ]
        if not told:
            return ()
        rows = await connection.fetch(
            _SEATS,
            organisation,
            [UUID(one.id) for one in told],
            [one.device for one in told],
            [one.at for one in told],
        )
        accounts = {str(row["event"]): str(row["account"]) for row in rows}
        return tuple(
            (accounts[one.id], one)
            for one in sorted(told, key=lambda one: one.at)
            if one.id in accounts
        )


def _whole(span: timedelta) -> int:
    return round(span.total_seconds())
