# SPDX-License-Identifier: Apache-2.0
"""Registered passkeys: kept, listed, revoked, and their counters watched."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import AccountId
from wardkeep.db.connection import Connection

LONGEST_LABEL = 60


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey's public half and what is known of it."""

    id: bytes
    account: AccountId
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool
    label: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    works_from: datetime | None = None
    """Until then it rests, and proves nothing; None: it never did."""

    def rests(self, at: datetime) -> bool:
        return self.works_from is not None and at < self.works_from


_COLUMNS = (
    "id, account, public_key, sign_count, is_backup_eligible, is_backed_up, label,"
    " created_at, last_used_at, revoked_at, works_from"
)


async def add(connection: Connection, credential: Credential) -> None:
    """Keep a new passkey.

    Raises:
        AlreadyExistsError: an authenticator presents an id that is registered.
    """
    await connection.execute(
        f"insert into warden.credential ({_COLUMNS})"  # noqa: S608 - a constant
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        credential.id,
        UUID(credential.account),
        credential.public_key,
        credential.sign_count,
        credential.is_backup_eligible,
        credential.is_backed_up,
        credential.label[:LONGEST_LABEL],
        credential.created_at,
        credential.last_used_at,
        credential.revoked_at,
        credential.works_from,
    )


async def find(connection: Connection, id_: bytes) -> Credential | None:
    row = await connection.fetch_row(
        f"select {_COLUMNS} from warden.credential where id = $1",  # noqa: S608 - a constant
        id_,
    )
    return None if row is None else _from_row(dict(row))


async def of_account(connection: Connection, account: str) -> Sequence[Credential]:
    """The passkeys that work, the oldest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from warden.credential"  # noqa: S608 - a constant
        " where account = $1 and revoked_at is null order by created_at, id",
        UUID(account),
    )
    return [_from_row(dict(row)) for row in rows]


def _from_row(row: dict[str, object]) -> Credential:
    return msgspec.convert({**row, "account": str(row["account"])}, Credential)


async def note_use(
    connection: Connection,
    id_: bytes,
    *,
    sign_count: int,
    is_backed_up: bool,
    clock: Clock,
) -> bool:
    """Move the counter on; False where another use moved it further meanwhile."""
    status = await connection.execute(
        "update warden.credential set sign_count = $2, last_used_at = $3,"
        " is_backed_up = $4"
        " where id = $1 and revoked_at is null and (sign_count < $2 or $2 = 0)",
        id_,
        sign_count,
        clock.now(),
        is_backed_up,
    )
    return status == "UPDATE 1"


async def revoke(
    connection: Connection, *, account: str, id_: bytes, clock: Clock
) -> bool:
    """Revoke a passkey unless none that works would be left; whether it was revoked.

    The account's row is locked, so that two revocations at once leave one passkey.
    """
    async with connection.transaction():
        await connection.execute(
            "select from warden.account where id = $1 for update", UUID(account)
        )
        own = await of_account(connection, account)
        work = {one.id for one in own if not one.rests(clock.now())}
        if id_ not in {one.id for one in own} or not work - {id_}:
            return False
        await connection.execute(
            "update warden.credential set revoked_at = $2 where id = $1",
            id_,
            clock.now(),
        )
    return True


async def revoke_all(connection: Connection, account: str, *, clock: Clock) -> None:
    """Revoke every passkey of somebody who lost them and makes a new one."""
    await connection.execute(
        "update warden.credential set revoked_at = $2"
        " where account = $1 and revoked_at is null",
        UUID(account),
        clock.now(),
    )
