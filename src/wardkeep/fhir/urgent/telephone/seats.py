# SPDX-License-Identifier: Apache-2.0
"""Whose telephone an extension is: said by whoever sits there, until another does."""

import re
from datetime import datetime, timedelta
from uuid import UUID

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database

MOST_AN_HOUR = 10
"""Telephones that one person takes; each is a colleague's no more."""
_AN_HOUR = timedelta(hours=1)
DEVICE = re.compile(r"[A-Za-z0-9*#-]{1,8}")
_ONE_AT_A_TIME = "select pg_catalog.pg_advisory_xact_lock(43, $1)"
"""Two people who take each other's telephone at once."""
_MINE = """
select device from telephone.seat
 where organisation = $1 and account = $2 and until is null
"""
_MOVED = """
select count(*) from telephone.seat
 where organisation = $1 and account = $2 and since > $3
"""
_LEAVE = """
update telephone.seat set until = greatest($4, since)
 where organisation = $1 and until is null and (account = $2 or device = $3)
"""
_SIT = """
insert into telephone.seat (organisation, account, device, since, taker)
values ($1, $2, $3, $4, $5)
    on conflict (organisation, device, since) do update
   set account = excluded.account, taker = excluded.taker, until = null
"""


class Seats:
    """Knows who sits where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, organisation: OrganisationId, account: str) -> str:
        """Somebody's extension; empty: they said none, or it is a colleague's now."""
        async with self._database.connection(organisation) as connection:
            row = await connection.fetch_row(_MINE, organisation, UUID(account))
        return str(row["device"]) if row else ""

    async def sit(
        self,
        organisation: OrganisationId,
        account: str,
        *,
        device: str,
        taker: str,
        now: datetime,
    ) -> bool:
        """An extension is theirs, and nobody else's any more; empty: none is.

        `taker` is the id of the Practitioner who answers there. False: they took so
        many within an hour that it is no more one person who changes desks.
        """
        async with self._database.transaction(organisation) as connection:
            await connection.execute(_ONE_AT_A_TIME, organisation)
            moved = await connection.fetch_value(
                _MOVED, organisation, UUID(account), now - _AN_HOUR
            )
            if device and moved >= MOST_AN_HOUR:
                return False
            values = (organisation, UUID(account), device, now)
            await connection.execute(_LEAVE, *values)
            if device:
                await connection.execute(_SIT, *values, taker)
        return True
