# SPDX-License-Identifier: Apache-2.0
"""Enrolment links: made for one person, told once, and the older ones ended."""

from datetime import timedelta

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection
from wardkeep.disclosure.people import EnrolmentLink
from wardkeep.identity import invitations
from wardkeep.warden.directory import Directory

FIRST_HOURS = 72.0
"""A starter finds it on the first day after a long week-end."""
RECOVERY_HOURS = 1.0
"""Handed over by somebody who stands beside them."""


class LinkOffice:
    """Makes links."""

    def __init__(self, *, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    async def first(
        self, connection: Connection, account: str, *, by: str
    ) -> EnrolmentLink:
        """For somebody who has no passkey yet."""
        return await self._make(connection, account, by=by, hours=FIRST_HOURS)

    async def recovery(
        self, connection: Connection, account: str, *, by: str
    ) -> EnrolmentLink:
        """For somebody who lost every passkey: they end when it is used."""
        return await self._make(
            connection, account, by=by, hours=RECOVERY_HOURS, is_recovery=True
        )

    async def _make(
        self,
        connection: Connection,
        account: str,
        *,
        by: str,
        hours: float,
        is_recovery: bool = False,
    ) -> EnrolmentLink:
        await invitations.end_all(connection, account, clock=self._clock)
        secret = await invitations.invite(
            connection,
            account=account,
            created_by=by,
            valid_hours=hours,
            is_recovery=is_recovery,
            clock=self._clock,
        )
        return EnrolmentLink(
            account=account,
            display_name=self._directory.display_name(account),
            secret=secret,
            expires_at=microseconds_since_epoch(
                self._clock.now() + timedelta(hours=hours)
            ),
        )
