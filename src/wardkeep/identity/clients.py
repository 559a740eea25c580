# SPDX-License-Identifier: Apache-2.0
"""Service clients: programs with an account, public keys, a scope and a limit."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import AccountId, OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.identity.accounts import SERVICE, create_account
from wardkeep.identity.factors.client_key import PublicKey
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import KIOSK


async def register_client(  # noqa: PLR0913 - what a client is made of, each named
    connection: Connection,
    *,
    organisation: OrganisationId,
    name: str,
    keys: Sequence[PublicKey],
    scope: str,
    patients_per_hour: int,
    clock: Clock,
) -> AccountId:
    """A service account with its keys; the caller holds a transaction."""
    account = await create_account(
        connection,
        kind=SERVICE,
        display_name=name,
        organisation=organisation,
        role=Role.SERVICE,
    )
    await connection.execute(
        "insert into warden.client (account, scope, patients_per_hour)"
        " values ($1, $2, $3)",
        UUID(account),
        scope,
        patients_per_hour,
    )
    await connection.execute_many(
        "insert into warden.client_key (account, key_id, public_jwk, created_at)"
        " values ($1, $2, $3, $4)",
        [(UUID(account), key.key_id, key.jwk, clock.now()) for key in keys],
    )
    return account


class Registered(msgspec.Struct, frozen=True):
    """A client's key under one id, and what the client may do."""

    jwk: str
    scope: str
    patients_per_hour: int


async def find_registered(
    connection: Connection, *, account: str, key_id: str
) -> Registered | None:
    """What a client registered; None where the key is unknown or was revoked."""
    try:
        key = UUID(account)
    except ValueError:
        return None
    row = await connection.fetch_row(
        "select k.public_jwk, c.scope, c.patients_per_hour"
        "  from warden.client_key k join warden.client c on c.account = k.account"
        " where k.account = $1 and k.key_id = $2 and k.revoked_at is null",
        key,
        key_id,
    )
    if row is None:
        return None
    return Registered(row["public_jwk"], row["scope"], row["patients_per_hour"])


class RegisteredKiosk(msgspec.Struct, frozen=True):
    """A shared device of an organisation."""

    id: str
    name: str
    created_at: datetime
    last_seen: datetime | None


async def kiosks_of(
    connection: Connection, organisation: int
) -> Sequence[RegisteredKiosk]:
    """Those that have not ended, by name."""
    rows = await connection.fetch(
        "select a.id, a.display_name, a.created_at,"
        "       (select max(s.last_used_at) from warden.session s"
        "         where s.account = a.id) as last_seen"
        "  from warden.account a join warden.client c on c.account = a.id"
        "  join warden.membership m on m.account = a.id"
        " where c.scope = $2 and m.organisation = $1 and a.ended_at is null"
        " order by lower(a.display_name)",
        organisation,
        KIOSK,
    )
    return [
        RegisteredKiosk(
            str(row["id"]), row["display_name"], row["created_at"], row["last_seen"]
        )
        for row in rows
    ]


class RegisteredProgram(msgspec.Struct, frozen=True):
    """A program of an organisation, or an app that acts for people."""

    id: str
    name: str
    is_app: bool


_PROGRAMS = """
select a.id, a.display_name as name, false as is_app
  from warden.account a join warden.client c on c.account = a.id
  join warden.membership m on m.account = a.id
 where m.organisation = $1 and a.ended_at is null and m.ended_at is null
union all
select id, name, true from warden.app
 where organisation = $1 and ended_at is null
 order by is_app, name, id
"""


async def programs_of(
    connection: Connection, organisation: int
) -> Sequence[RegisteredProgram]:
    """Those that have not ended: programs before apps, each by name."""
    return [
        RegisteredProgram(str(row["id"]), row["name"], row["is_app"])
        for row in await connection.fetch(_PROGRAMS, organisation)
    ]
