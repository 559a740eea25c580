# SPDX-License-Identifier: Apache-2.0
"""Service clients: programs with an account, public keys, a scope and a limit."""

from collections.abc import Sequence
from uuid import UUID

from wardkeep.base.clock import Clock
from wardkeep.base.ids import AccountId, OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.identity.accounts import SERVICE, create_account
from wardkeep.identity.factors.client_key import PublicKey
from wardkeep.identity.roles import Role


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


async def find_key(connection: Connection, *, account: str, key_id: str) -> str | None:
    """The JWK that a client registered under an id; None where it does not work."""
    try:
        key = UUID(account)
    except ValueError:
        return None
    found: str | None = await connection.fetch_value(
        "select public_jwk from warden.client_key"
        " where account = $1 and key_id = $2 and revoked_at is null",
        key,
        key_id,
    )
    return found
