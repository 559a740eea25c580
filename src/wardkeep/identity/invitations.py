# SPDX-License-Identifier: Apache-2.0
"""Invitations: a secret link that enrols one person's passkey, once.

The first one, or after every other was lost: then somebody vouched by name.

Only the SHA-256 of the secret is stored. Unknown, expired and used links are answered
alike: what the holder can do is the same, and a guesser learns nothing.
"""

import hashlib
from datetime import timedelta
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import AccountId, new_secret
from wardkeep.db.connection import Connection, Row

LONGEST_HOURS = 14 * 24.0


class Invited(msgspec.Struct, frozen=True):
    """The account that a live invitation is for."""

    account: AccountId
    is_recovery: bool = False
    """Whether the passkeys of before end with it."""
    created_by: str = ""
    """The account that vouched, or `operator`."""


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def invite(
    connection: Connection,
    *,
    account: str,
    created_by: str,
    valid_hours: float,
    clock: Clock,
    is_recovery: bool = False,
) -> str:
    """A new invitation; the one copy of its secret."""
    secret = new_secret()
    now = clock.now()
    # In this order, so that what is no number counts as nought.
    hours = min(max(0.0, valid_hours), LONGEST_HOURS)
    await connection.execute(
        "insert into warden.invitation"
        " (secret_hash, account, created_by, created_at, expires_at, is_recovery)"
        " values ($1, $2, $3, $4, $5, $6)",
        _hash(secret),
        UUID(account),
        created_by,
        now,
        now + timedelta(hours=hours),
        is_recovery,
    )
    return secret


async def end_all(connection: Connection, account: str, *, clock: Clock) -> None:
    """End every link that is out for somebody: the newest one is the one."""
    await connection.execute(
        "update warden.invitation set used_at = $2"
        " where account = $1 and used_at is null",
        UUID(account),
        clock.now(),
    )


async def look(connection: Connection, secret: str, *, clock: Clock) -> Invited | None:
    """Whom a live invitation is for, without using it."""
    row = await connection.fetch_row(
        "select account, is_recovery, created_by from warden.invitation"
        " where secret_hash = $1 and used_at is null and expires_at > $2",
        _hash(secret),
        clock.now(),
    )
    return _invited(row)


def _invited(row: Row | None) -> Invited | None:
    if row is None:
        return None
    account = AccountId(str(row["account"]))
    return Invited(account, row["is_recovery"], row["created_by"])


async def use(connection: Connection, secret: str, *, clock: Clock) -> Invited | None:
    """Use an invitation up; of two who try at once, one gets it."""
    row = await connection.fetch_row(
        "update warden.invitation set used_at = $2"
        " where secret_hash = $1 and used_at is null and expires_at > $2"
        " returning account, is_recovery, created_by",
        _hash(secret),
        clock.now(),
    )
    return _invited(row)
