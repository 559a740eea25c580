# SPDX-License-Identifier: Apache-2.0
"""Puts the desks about identity providers together."""

from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.federation import Federation, FederationParts
from wardkeep.warden.service.known_providers import KnownProviders
from wardkeep.warden.service.own_identities import OwnIdentities
from wardkeep.warden.service.patients_in import PatientMatch
from wardkeep.warden.service.provider_office import ProviderOffice
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions


class ProviderParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the desks about identity providers work with."""

    database: Database
    sessions: Sessions
    admission: Admission
    ceremonies: Ceremonies
    match: PatientMatch
    trace: Trace
    root_key: RootKey
    clock: Clock
    origin: str


class ProviderDesks(NamedTuple):
    """The desks at the door, and the operator's."""

    at_the_door: tuple[Desk, ...]
    for_the_operator: tuple[Desk, ...]


async def make_provider_desks(parts: ProviderParts) -> ProviderDesks:
    """Everything about identity providers, with those that the database remembers."""
    known = KnownProviders(parts.root_key, parts.clock, origin=parts.origin)
    async with parts.database.connection() as connection:
        await known.load(connection)
    federation = Federation(
        FederationParts(
            database=parts.database,
            sessions=parts.sessions,
            known=known,
            admission=parts.admission,
            ceremonies=parts.ceremonies,
            match=parts.match,
            trace=parts.trace,
            clock=parts.clock,
        )
    )
    own = OwnIdentities(
        database=parts.database,
        sessions=parts.sessions,
        known=known,
        admission=parts.admission,
        trace=parts.trace,
        clock=parts.clock,
    )
    office = ProviderOffice(
        database=parts.database,
        sessions=parts.sessions,
        known=known,
        admission=parts.admission,
        trace=parts.trace,
        clock=parts.clock,
    )
    return ProviderDesks((federation.desk, own.desk), (office.desk,))
