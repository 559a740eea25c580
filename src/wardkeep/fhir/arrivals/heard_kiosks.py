# SPDX-License-Identifier: Apache-2.0
"""When each kiosk was last heard of: a desk sees which one goes on without us."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database

_HEARD = """
insert into clinic.kiosk (organisation, account, heard_at, name)
values ($1, $2, $3, $4)
on conflict (organisation, account)
do update set heard_at = excluded.heard_at, name = excluded.name
"""
_SILENT = """
select name, heard_at from clinic.kiosk
 where organisation = $1 and heard_at < $2 and heard_at >= $3
 order by heard_at limit 50
"""
SPEAKS_EVERY = timedelta(seconds=30)
SILENT_AFTER = timedelta(seconds=90)
"""Three times what a kiosk says it is there in."""


class SilentKiosk(msgspec.Struct, frozen=True):
    """A kiosk that was heard of today, and is not now."""

    name: str
    heard_at: datetime


class HeardKiosks:
    """Notes that a kiosk is there, and tells which one is not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hear(
        self, organisation: OrganisationId, *, kiosk: str, name: str, at: datetime
    ) -> None:
        async with self._database.connection(organisation) as connection:
            await connection.execute(_HEARD, organisation, UUID(kiosk), at, name)

    async def silent(
        self, organisation: OrganisationId, *, at: datetime
    ) -> tuple[SilentKiosk, ...]:
        """Of today: one that was put away yesterday is nobody's trouble."""
        begin = at.astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _SILENT, organisation, at - SILENT_AFTER, begin
            )
        return tuple(SilentKiosk(row["name"], row["heard_at"]) for row in rows)
