# SPDX-License-Identifier: Apache-2.0
"""Identity providers of organisations, and the accounts that they vouch for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A provider; its key signs what we ask of it, and lies here sealed."""

    id: str
    organisation: int
    organisation_name: str
    organisation_slug: str
    kind: str
    name: str
    issuer: str
    client_id: str
    wrapped_key: bytes
    sealed_private_key: bytes


class LinkedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """One account's identity at a provider."""

    id: str
    provider: str
    subject: str
    created_at: datetime


async def add_provider(
    connection: Connection, row: ProviderRow, *, clock: Clock
) -> None:
    await connection.execute(
        "insert into warden.identity_provider (id, organisation, kind, name, issuer,"
        " client_id, wrapped_key, sealed_private_key, created_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        UUID(row.id),
        row.organisation,
        row.kind,
        row.name,
        row.issuer,
        row.client_id,
        row.wrapped_key,
        row.sealed_private_key,
        clock.now(),
    )


async def load_providers(connection: Connection) -> Sequence[ProviderRow]:
    """Every provider that has not ended, by name."""
    rows = await connection.fetch(
        "select p.id, p.organisation, o.name as organisation_name,"
        "       o.slug as organisation_slug, p.kind, p.name, p.issuer, p.client_id,"
        "       p.wrapped_key, p.sealed_private_key"
        "  from warden.identity_provider p"
        "  join warden.organisation o on o.number = p.organisation"
        " where p.ended_at is null order by lower(p.name), p.id"
    )
    return [ProviderRow(**{**dict(row.items()), "id": str(row["id"])}) for row in rows]


async def end_provider(connection: Connection, provider: str, *, clock: Clock) -> None:
    """End it with all its links; the caller holds a transaction."""
    await connection.execute(
        "update warden.identity_provider set ended_at = $2"
        " where id = $1 and ended_at is null",
        UUID(provider),
        clock.now(),
    )
    await connection.execute(
        "update warden.linked_identity set ended_at = $2"
        " where provider = $1 and ended_at is null",
        UUID(provider),
        clock.now(),
    )


async def link(
    connection: Connection, provider: str, subject: str, account: str, *, clock: Clock
) -> bool:
    """Link an identity; False where it is somebody's already."""
    status = await connection.execute(
        "insert into warden.linked_identity"
        " (id, provider, subject, account, created_at)"
        " select $1, $2, $3, $4, $5"
        "  where exists (select from warden.account where id = $4 and ended_at is null)"
        " on conflict (provider, subject) where ended_at is null do nothing",
        UUID(new_uuid()),
        UUID(provider),
        subject,
        UUID(account),
        clock.now(),
    )
    return status == "INSERT 0 1"


async def account_of(connection: Connection, provider: str, subject: str) -> str | None:
    """Whose identity it is."""
    found = await connection.fetch_value(
        "select account from warden.linked_identity"
        " where provider = $1 and subject = $2 and ended_at is null",
        UUID(provider),
        subject,
    )
    return None if found is None else str(found)


async def of_account(connection: Connection, account: str) -> Sequence[LinkedIdentity]:
    rows = await connection.fetch(
        "select id, provider, subject, created_at from warden.linked_identity"
        " where account = $1 and ended_at is null order by created_at",
        UUID(account),
    )
    return [
        LinkedIdentity(
            id=str(row["id"]),
            provider=str(row["provider"]),
            subject=row["subject"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


async def unlink_all(connection: Connection, account: str, *, clock: Clock) -> None:
    """End every link of somebody whose passkeys were lost, or stolen."""
    await connection.execute(
        "update warden.linked_identity set ended_at = $2"
        " where account = $1 and ended_at is null",
        UUID(account),
        clock.now(),
    )


async def unlink(
    connection: Connection, identity: str, account: str, *, clock: Clock
) -> bool:
    """End one of an account's own links."""
    status = await connection.execute(
        "update warden.linked_identity set ended_at = $3"
        " where id = $1 and account = $2 and ended_at is null",
        UUID(identity),
        UUID(account),
        clock.now(),
    )
    return status == "UPDATE 1"
