# SPDX-License-Identifier: Apache-2.0
"""Calls for help from kiosks: a device and a time, and nobody's name."""

from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Database

CALLS = Topic("help-calls")
"""What a desk that shows them hears."""

_CALL = """
insert into clinic.help_call (organisation, kiosk, name, called_at)
values ($1, $2, $3, $4)
on conflict (organisation, kiosk) where answered_at is null do nothing
"""
_WAITING = """
select number, name, called_at from clinic.help_call
 where organisation = $1 and answered_at is null order by called_at limit 50
"""
_ANSWER = """
update clinic.help_call set answered_at = $3
 where organisation = $1 and number = $2 and answered_at is null
"""


class HelpCall(msgspec.Struct, frozen=True):
    """A kiosk at which somebody waits for help."""

    number: int
    name: str
    called_at: datetime


class HelpCalls:
    """Keeps who calls for help, until somebody goes there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def call(
        self, organisation: OrganisationId, *, kiosk: str, name: str, at: datetime
    ) -> None:
        """Somebody at this kiosk needs help; to press again changes nothing."""
        async with self._database.transaction(organisation) as connection:
            await connection.execute(_CALL, organisation, UUID(kiosk), name, at)
            await tell(connection, organisation, [CALLS])

    async def waiting(self, organisation: OrganisationId) -> tuple[HelpCall, ...]:
        """Those to whom nobody has gone yet, the oldest first."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_WAITING, organisation)
        return tuple(
            HelpCall(row["number"], row["name"], row["called_at"]) for row in rows
        )

    async def answer(
        self, organisation: OrganisationId, number: int, *, at: datetime
    ) -> None:
        """Somebody goes there."""
        async with self._database.transaction(organisation) as connection:
            await connection.execute(_ANSWER, organisation, number, at)
            await tell(connection, organisation, [CALLS])
