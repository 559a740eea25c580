# SPDX-License-Identifier: Apache-2.0
"""Puts the warden together from its parts and what the database remembers."""

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.crypto.signing import VerifyKey
from wardkeep.db.connection import Database
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import load_all
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.directory import Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.service.audit import Audit
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.entrance import Entrance
from wardkeep.warden.service.memory import remember_everything
from wardkeep.warden.service.office import Office
from wardkeep.warden.service.service import WardenService
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions


class WardenParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a warden needs besides its database."""

    root_key: RootKey
    ledger: Ledger
    verify_key: VerifyKey
    ledger_name: str
    origin: str
    """The public origin; passkeys are bound to it."""
    clock: Clock


async def make_service(database: Database, parts: WardenParts) -> WardenService:
    """A warden that knows every key, account, session and relationship.

    Raises:
        BoxCannotBeOpenedError: the root key is not the one of this database.
    """
    keystore = KeyStore(parts.root_key)
    sessions = Sessions(parts.clock)
    directory = Directory()
    async with database.connection() as connection:
        expected = await load_all(connection)
        await remember_everything(
            connection,
            keystore=keystore,
            sessions=sessions,
            directory=directory,
            clock=parts.clock,
        )
    trace = Trace(parts.ledger, parts.clock)
    door = Door(
        keystore=keystore,
        ledger=parts.ledger,
        sessions=sessions,
        expected=expected,
        contracts=Contracts.recounted(parts.ledger, now=parts.clock.now().timestamp()),
        clock=parts.clock,
    )
    entrance = Entrance(
        database=database,
        sessions=sessions,
        directory=directory,
        trace=trace,
        clock=parts.clock,
        origin=parts.origin,
    )
    office = Office(
        database=database,
        keystore=keystore,
        sessions=sessions,
        directory=directory,
        expected=expected,
        entrance=entrance,
        trace=trace,
        clock=parts.clock,
    )
    return WardenService(
        database=database,
        ledger=parts.ledger,
        keystore=keystore,
        sessions=sessions,
        door=door,
        audit=_audit(parts, door, sessions, directory),
        entrance=entrance,
        office=office,
        trace=trace,
        verify_key=parts.verify_key,
        origin=parts.ledger_name,
    )


def _audit(
    parts: WardenParts, door: Door, sessions: Sessions, directory: Directory
) -> Audit:
    return Audit(
        door=door,
        ledger=parts.ledger,
        sessions=sessions,
        directory=directory,
        clock=parts.clock,
    )
