# SPDX-License-Identifier: Apache-2.0
"""Changes of rights that wait for a second person, as the database keeps them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection, Row

MOST_LISTED = 200
_COLUMNS = (
    "id, organisation, act, title, asked_by, asked_at, approved_by, approved_at,"
    " withdrawn_by, withdrawn_at, accounts"
)


class RightsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An act that somebody asked for and another must agree to."""

    id: str
    organisation: int
    act: bytes
    """MessagePack of the act."""
    title: str
    asked_by: str
    asked_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None
    accounts: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.approved_at is None and self.withdrawn_at is None


def new_request(
    *, organisation: int, act: bytes, title: str, asked_by: str, asked_at: datetime
) -> RightsRequest:
    return RightsRequest(
        id=new_uuid(),
        organisation=organisation,
        act=act,
        title=title,
        asked_by=asked_by,
        asked_at=asked_at,
    )


async def ask(connection: Connection, request: RightsRequest) -> None:
    await connection.execute(
        "insert into warden.rights_request"
        " (id, organisation, act, title, asked_by, asked_at)"
        " values ($1, $2, $3, $4, $5, $6)",
        UUID(request.id),
        request.organisation,
        request.act,
        request.title,
        UUID(request.asked_by),
        request.asked_at,
    )


def _request(row: Row) -> RightsRequest:
    told = {key: value for key, value in dict(row).items() if value is not None}
    for name in ("id", "asked_by", "approved_by", "withdrawn_by"):
        if name in told:
            told[name] = str(told[name])
    told["accounts"] = tuple(map(str, told["accounts"]))
    return RightsRequest(**told)


async def find(
    connection: Connection, id_: str, *, organisation: int
) -> RightsRequest | None:
    try:
        key = UUID(id_)
    except ValueError:
        return None
    row = await connection.fetch_row(
        f"select {_COLUMNS} from warden.rights_request"  # noqa: S608 - constants
        " where id = $1 and organisation = $2",
        key,
        organisation,
    )
    return None if row is None else _request(row)


async def newest(
    connection: Connection, *, organisation: int
) -> Sequence[RightsRequest]:
    """Those that wait, then the newest of the others."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from warden.rights_request"  # noqa: S608 - constants
        " where organisation = $1"
        " order by (approved_at is null and withdrawn_at is null) desc, asked_at desc"
        " limit $2",
        organisation,
        MOST_LISTED,
    )
    return [_request(row) for row in rows]


async def approve(
    connection: Connection,
    request: RightsRequest,
    *,
    account: str,
    at: datetime,
    accounts: Sequence[str],
) -> bool:
    """Whether it still waited; of two who decide at once, one does."""
    status = await connection.execute(
        "update warden.rights_request set approved_by = $2, approved_at = $3,"
        " accounts = $4"
        " where id = $1 and approved_at is null and withdrawn_at is null",
        UUID(request.id),
        UUID(account),
        at,
        [UUID(one) for one in accounts],
    )
    return status == "UPDATE 1"


async def withdraw(
    connection: Connection, id_: str, *, account: str, at: datetime
) -> bool:
    status = await connection.execute(
        "update warden.rights_request set withdrawn_by = $2, withdrawn_at = $3"
        " where id = $1 and approved_at is null and withdrawn_at is null",
        UUID(id_),
        UUID(account),
        at,
    )
    return status == "UPDATE 1"
