# SPDX-License-Identifier: Apache-2.0
"""People whom an organisation's directory named, as the database keeps them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.db.connection import Connection, Row
from wardkeep.db.errors import AlreadyExistsError

WAITING, WORKING, ENDED = "waiting", "working", "ended"


class Provisioned(msgspec.Struct, kw_only=True):
    """One of them, with the account that came of it."""

    id: str
    organisation: int
    user_name: str
    external_id: str
    display_name: str
    role: str
    is_active: bool
    version: int
    created_at: datetime
    changed_at: datetime
    request: str = ""
    """The change of rights that makes the account, open or decided."""
    change: str = ""
    """A later change of role, open or decided."""
    account: str = ""
    state: str = ENDED


_SELECT = """
select p.id, p.organisation, p.user_name, p.external_id, p.display_name, p.role,
       p.is_active, p.version, p.created_at, p.changed_at, p.request, p.change,
       r.accounts[1] as account,
       case when r.id is null or r.withdrawn_at is not null then 'ended'
            when r.approved_at is null then 'waiting'
            when exists (select from warden.membership m
                          where m.account = r.accounts[1]
                            and m.organisation = p.organisation
                            and m.ended_at is null
                            and (m.valid_until is null or m.valid_until > $2))
                 then 'working'
            else 'ended' end as state
  from warden.provisioned p
  left join warden.rights_request r on r.id = p.request
 where p.organisation = $1 and p.deleted_at is null
"""
_BY = {
    "": "true or $3 = ''",
    "id": "p.id::text = $3",
    "userName": "lower(p.user_name) = lower($3)",
    "externalId": "p.external_id = $3",
    "active": "p.is_active = ($3 = 'true')",
}
ATTRIBUTES = frozenset(_BY)


def _provisioned(row: Row) -> Provisioned:
    named = {name: row[name] for name in Provisioned.__struct_fields__}
    for name in ("id", "request", "change", "account"):
        named[name] = "" if named[name] is None else str(named[name])
    return Provisioned(**named)


async def found_by(
    connection: Connection,
    organisation: int,
    *,
    attribute: str,
    value: str,
    now: datetime,
) -> Sequence[Provisioned]:
    """Those with a value, in the order in which they came."""
    rows = await connection.fetch(
        f"{_SELECT} and ({_BY[attribute]}) order by p.created_at, p.id",
        organisation,
        now,
        value,
    )
    return [_provisioned(row) for row in rows]


async def add(connection: Connection, one: Provisioned) -> None:
    """Store a new one.

    Raises:
        AlreadyExistsError: the user name is somebody's already.
    """
    status = await connection.execute(
        "insert into warden.provisioned (id, organisation, user_name, external_id,"
        " display_name, role, is_active, request, created_at, changed_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)"
        " on conflict (organisation, lower(user_name)) where deleted_at is null"
        " do nothing",
        UUID(one.id),
        one.organisation,
        one.user_name,
        one.external_id,
        one.display_name,
        one.role,
        one.is_active,
        _key(one.request),
        one.created_at,
    )
    if status != "INSERT 0 1":
        raise AlreadyExistsError


async def hold(connection: Connection, one: Provisioned) -> bool:
    """Nobody else changes it in this transaction; False where somebody has already.

    Asked before anything is done for it: a change of rights that was asked for in vain
    would wait for a yes beside the right one, and belong to nobody in the directory.
    """
    found = await connection.fetch_value(
        "select true from warden.provisioned"
        " where id = $1 and version = $2 and deleted_at is null for update",
        UUID(one.id),
        one.version,
    )
    return found is not None


async def change(connection: Connection, one: Provisioned) -> None:
    """Write what is held as it is now."""
    await connection.execute(
        "update warden.provisioned set user_name = $2, external_id = $3,"
        " display_name = $4, role = $5, is_active = $6, request = $7, change = $8,"
        " version = version + 1, changed_at = $9 where id = $1",
        UUID(one.id),
        one.user_name,
        one.external_id,
        one.display_name,
        one.role,
        one.is_active,
        _key(one.request),
        _key(one.change),
        one.changed_at,
    )


async def rename(connection: Connection, one: Provisioned) -> bool:
    """Give the account the name that the directory has.

    False where it works elsewhere too: how it is named there, this one does not say.
    """
    status = await connection.execute(
        "update warden.account a set display_name = $2"
        " where a.id = $1 and a.ended_at is null"
        "   and not exists (select from warden.membership m where m.account = a.id"
        "                    and m.organisation <> $3 and m.ended_at is null)",
        UUID(one.account),
        one.display_name,
        one.organisation,
    )
    return status == "UPDATE 1"


async def forget(connection: Connection, one: Provisioned, *, at: datetime) -> None:
    await connection.execute(
        "update warden.provisioned set deleted_at = $2, is_active = false"
        " where id = $1",
        UUID(one.id),
        at,
    )


def _key(id_: str) -> UUID | None:
    return UUID(id_) if id_ else None
