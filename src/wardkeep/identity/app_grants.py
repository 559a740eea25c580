# SPDX-License-Identifier: Apache-2.0
"""Consents of people to apps, with the hashes of what was handed out for them.

A code and a refresh token are good once. Whichever comes twice ends the consent: the
first to come may have been the thief (OAuth 2.1, 4.1.3 and 4.3.1).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection, Row
from wardkeep.identity.factor import Factor

CONSENT = Factor(name="app-consent", is_phishing_resistant=True)
"""What an app's token stands on: a person said yes in a session of a passkey."""


class AppGrant(msgspec.Struct, frozen=True, kw_only=True):
    """One consent."""

    id: str
    app: str
    account: str
    organisation: int
    role: str
    scope: str
    patient: str
    purpose: str
    reason: str
    session: bytes
    """Hash of the person's session; empty: the consent outlives it."""
    challenge: str
    redirect_uri: str
    nonce: str
    key_thumbprint: str
    signed_in_at: datetime
    created_at: datetime
    expires_at: datetime
    code_until: datetime
    last_used_at: datetime | None = None


_COLUMNS = (
    "g.id, g.app, g.account, g.organisation, g.role, g.scope, g.patient, g.purpose,"
    " g.reason, g.session, g.challenge, g.redirect_uri, g.nonce, g.key_thumbprint,"
    " g.signed_in_at, g.created_at, g.expires_at, g.code_until, g.last_used_at"
)


def _grant(row: Row) -> AppGrant:
    named = {name: row[name] for name in AppGrant.__struct_fields__}
    for name in ("id", "app", "account"):
        named[name] = str(named[name])
    return AppGrant(**named)


async def add(connection: Connection, grant: AppGrant, *, code_hash: bytes) -> None:
    await connection.execute(
        "insert into warden.app_grant (id, app, account, organisation, role, scope,"
        " patient, purpose, reason, session, challenge, redirect_uri, nonce,"
        " key_thumbprint, signed_in_at, created_at, expires_at, code_until, code_hash)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        " $16, $17, $18, $19)",
        UUID(grant.id),
        UUID(grant.app),
        UUID(grant.account),
        grant.organisation,
        grant.role,
        grant.scope,
        grant.patient,
        grant.purpose,
        grant.reason,
        grant.session,
        grant.challenge,
        grant.redirect_uri,
        grant.nonce,
        grant.key_thumbprint,
        grant.signed_in_at,
        grant.created_at,
        grant.expires_at,
        grant.code_until,
        code_hash,
    )


class Found(msgspec.Struct, frozen=True):
    """The consent of a code or refresh token."""

    grant: AppGrant
    is_used: bool
    """Whether the code or token came before."""
    is_ended: bool


async def of_code(connection: Connection, code_hash: bytes) -> Found | None:
    row = await connection.fetch_row(
        f"select {_COLUMNS}, g.code_used_at, g.ended_at"  # noqa: S608 - constants
        " from warden.app_grant g where g.code_hash = $1",
        code_hash,
    )
    if row is None:
        return None
    return Found(_grant(row), row["code_used_at"] is not None, bool(row["ended_at"]))


async def of_refresh_token(connection: Connection, token_hash: bytes) -> Found | None:
    row = await connection.fetch_row(
        f"select {_COLUMNS}, t.used_at, g.ended_at"  # noqa: S608 - constants
        "  from warden.refresh_token t join warden.app_grant g on g.id = t.app_grant"
        " where t.token_hash = $1",
        token_hash,
    )
    if row is None:
        return None
    return Found(_grant(row), row["used_at"] is not None, bool(row["ended_at"]))


async def use_code(
    connection: Connection, grant: str, *, thumbprint: str, clock: Clock
) -> bool:
    """Use the code up; False where somebody was faster. Binds the consent to a key."""
    status = await connection.execute(
        "update warden.app_grant set code_used_at = $2, last_used_at = $2,"
        " key_thumbprint = $3 where id = $1 and code_used_at is null"
        " and ended_at is null",
        UUID(grant),
        clock.now(),
        thumbprint,
    )
    return status == "UPDATE 1"


async def use_refresh_token(
    connection: Connection, token_hash: bytes, grant: str, *, clock: Clock
) -> bool:
    """Use a refresh token up; False where somebody was faster."""
    status = await connection.execute(
        "update warden.refresh_token set used_at = $2"
        " where token_hash = $1 and used_at is null",
        token_hash,
        clock.now(),
    )
    await connection.execute(
        "update warden.app_grant set last_used_at = $2 where id = $1",
        UUID(grant),
        clock.now(),
    )
    return status == "UPDATE 1"


async def add_refresh_token(
    connection: Connection, token_hash: bytes, grant: str, *, clock: Clock
) -> bool:
    """False where the consent ended meanwhile."""
    status = await connection.execute(
        "insert into warden.refresh_token (token_hash, app_grant, created_at)"
        " select $1, id, $3 from warden.app_grant where id = $2 and ended_at is null",
        token_hash,
        UUID(grant),
        clock.now(),
    )
    return status == "INSERT 0 1"


async def end(connection: Connection, grant: str, *, why: str, clock: Clock) -> None:
    await connection.execute(
        "update warden.app_grant set ended_at = $2, ended_because = $3"
        " where id = $1 and ended_at is null",
        UUID(grant),
        clock.now(),
        why,
    )


async def end_of_app(connection: Connection, app: str, *, clock: Clock) -> list[str]:
    """End every consent to an app; their ids."""
    rows = await connection.fetch(
        "update warden.app_grant set ended_at = $2, ended_because = 'app ended'"
        " where app = $1 and ended_at is null returning id",
        UUID(app),
        clock.now(),
    )
    return [str(row["id"]) for row in rows]


async def end_of_account(connection: Connection, account: str, *, clock: Clock) -> None:
    """End every consent of somebody whose passkeys were lost, or stolen."""
    await connection.execute(
        "update warden.app_grant set ended_at = $2, ended_because = 'recovered'"
        " where account = $1 and ended_at is null",
        UUID(account),
        clock.now(),
    )


async def of_account(
    connection: Connection, account: str, organisation: int, *, clock: Clock
) -> Sequence[AppGrant]:
    """The consents of a person that hold and were taken up, the newest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from warden.app_grant g"  # noqa: S608 - constants
        " where g.account = $1 and g.organisation = $2 and g.ended_at is null"
        " and g.code_used_at is not null and g.expires_at > $3"
        " order by g.created_at desc limit 100",
        UUID(account),
        organisation,
        clock.now(),
    )
    return [_grant(row) for row in rows]


async def whose_hold(
    connection: Connection, *, clock: Clock
) -> Sequence[tuple[int, str]]:
    """(organisation, account) of everybody with a consent that outlives a session."""
    rows = await connection.fetch(
        "select distinct organisation, account from warden.app_grant"
        " where session = '' and ended_at is null and code_used_at is not null"
        " and expires_at > $1",
        clock.now(),
    )
    return [(row["organisation"], str(row["account"])) for row in rows]


async def counted(
    connection: Connection, organisation: int, *, clock: Clock
) -> dict[str, int]:
    """How many consents hold, by app."""
    rows = await connection.fetch(
        "select app, count(*) as many from warden.app_grant"
        " where organisation = $1 and ended_at is null and code_used_at is not null"
        " and expires_at > $2 group by app",
        organisation,
        clock.now(),
    )
    return {str(row["app"]): row["many"] for row in rows}


class SealedKey(msgspec.Struct, frozen=True):
    """A signing key as the database has it."""

    id: str
    sealed: bytes
    is_retired: bool


async def signing_keys(
    connection: Connection, *, shown_since: datetime
) -> list[SealedKey]:
    """The one in use and those retired since a moment, the newest first."""
    rows = await connection.fetch(
        "select id, sealed_key, retired_at from warden.signing_key"
        " where retired_at is null or retired_at > $1 order by created_at desc",
        shown_since,
    )
    return [
        SealedKey(row["id"], row["sealed_key"], row["retired_at"] is not None)
        for row in rows
    ]


async def add_signing_key(
    connection: Connection, id_: str, sealed: bytes, *, clock: Clock
) -> None:
    """A new key in use; the others are retired. The caller holds a transaction."""
    await connection.execute(
        "update warden.signing_key set retired_at = $1 where retired_at is null",
        clock.now(),
    )
    await connection.execute(
        "insert into warden.signing_key (id, sealed_key, created_at)"
        " values ($1, $2, $3)",
        id_,
        sealed,
        clock.now(),
    )
