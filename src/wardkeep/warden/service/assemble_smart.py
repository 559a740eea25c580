# SPDX-License-Identifier: Apache-2.0
"""Puts the desks about apps together: consent, tokens, and the operator's part."""

from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.identity import apps as app_store
from wardkeep.identity.apps import Apps
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.app_office import AppOffice
from wardkeep.warden.service.app_tokens import AppTokens, TokenParts
from wardkeep.warden.service.authorizing import Authorizing
from wardkeep.warden.service.consents import ConsentEnding, Consents
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.key_proofs import AppClients, KeyProofs
from wardkeep.warden.service.signing_keys import SigningKeys
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions


class SmartParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the desks about apps work with."""

    database: Database
    sessions: Sessions
    expected: ExpectedSets
    admission: Admission
    proofs: KeyProofs
    trace: Trace
    root_key: RootKey
    clock: Clock
    origin: str


class SmartDesks(NamedTuple):
    """The desks at the door, and the operator's."""

    at_the_door: tuple[Desk, ...]
    for_the_operator: tuple[Desk, ...]


async def make_smart_desks(parts: SmartParts) -> SmartDesks:
    """Everything about apps, with what the database remembers of them."""
    async with parts.database.connection() as connection:
        apps = await app_store.load_apps(connection)
        parts.sessions.bound_only |= await app_store.organisations_bound(connection)
    keys = SigningKeys(parts.database, parts.root_key, parts.clock)
    await keys.load()
    ending = ConsentEnding(parts.database, parts.sessions, parts.clock)
    office = AppOffice(
        database=parts.database,
        sessions=parts.sessions,
        apps=apps,
        ending=ending,
        keys=keys,
        trace=parts.trace,
        clock=parts.clock,
    )
    return SmartDesks(_at_the_door(parts, apps, ending, keys), (office.desk,))


def _at_the_door(
    parts: SmartParts, apps: Apps, ending: ConsentEnding, keys: SigningKeys
) -> tuple[Desk, ...]:
    authorizing = Authorizing(
        database=parts.database,
        sessions=parts.sessions,
        apps=apps,
        expected=parts.expected,
        trace=parts.trace,
        clock=parts.clock,
        origin=parts.origin,
    )
    tokens = AppTokens(
        TokenParts(
            database=parts.database,
            sessions=parts.sessions,
            apps=apps,
            admission=parts.admission,
            ending=ending,
            clients=AppClients(apps, parts.clock, origin=parts.origin),
            proofs=parts.proofs,
            keys=keys,
            trace=parts.trace,
            clock=parts.clock,
            origin=parts.origin,
        )
    )
    consents = Consents(
        database=parts.database,
        sessions=parts.sessions,
        apps=apps,
        ending=ending,
        trace=parts.trace,
        clock=parts.clock,
    )
    return authorizing.desk, tokens.desk, consents.desk
