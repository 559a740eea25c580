# SPDX-License-Identifier: Apache-2.0
"""Releases of national data sets as the database keeps them: asked, agreed, taken."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from wardkeep.db.connection import Connection, Row
from wardkeep.disclosure.data_sets import AGREED_DAYS, MOST_TAKEN

_COLUMNS = (
    "id, organisation, data_set, version, period, reason, asked_by, asked_role,"
    " asked_at, agreed_by, agreed_at, withdrawn_by, withdrawn_at, taken, taken_at,"
    " patients, digest"
)
_SELECT = f"select {_COLUMNS} from warden.data_set_release"  # noqa: S608 - constants
MOST_LISTED = 200
_HOLDS = timedelta(days=AGREED_DAYS)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What is to leave, from the question to the last time that it was taken."""

    id: str
    organisation: int
    data_set: str
    version: str
    period: str
    reason: str
    asked_by: str
    asked_role: str
    asked_at: datetime
    agreed_by: str = ""
    agreed_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None
    taken: int = 0
    taken_at: datetime | None = None
    patients: int = 0
    digest: str = ""

    @property
    def waits(self) -> bool:
        return self.agreed_at is None and self.withdrawn_at is None

    @property
    def until(self) -> datetime | None:
        """Until when it may be taken; None before it was agreed on."""
        return None if self.agreed_at is None else self.agreed_at + _HOLDS

    def holds(self, now: datetime) -> bool:
        """Whether it may be taken."""
        is_live = self.withdrawn_at is None and self.taken < MOST_TAKEN
        return is_live and self.until is not None and now < self.until


def _release(row: Row) -> Release:
    told = {key: value for key, value in dict(row).items() if value is not None}
    for name in ("id", "asked_by", "agreed_by", "withdrawn_by"):
        if name in told:
            told[name] = str(told[name])
    return Release(**told)


async def ask(connection: Connection, one: Release) -> None:
    """Store a question.

    Raises:
        AlreadyExistsError: it has this id already.
    """
    await connection.execute(
        "insert into warden.data_set_release (id, organisation, data_set, version,"
        " period, reason, asked_by, asked_role, asked_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        UUID(one.id),
        one.organisation,
        one.data_set,
        one.version,
        one.period,
        one.reason,
        UUID(one.asked_by),
        one.asked_role,
        one.asked_at,
    )


async def find(
    connection: Connection, id_: str, *, organisation: int
) -> Release | None:
    row = await connection.fetch_row(
        f"{_SELECT} where id = $1 and organisation = $2", UUID(id_), organisation
    )
    return None if row is None else _release(row)


async def newest(connection: Connection, *, organisation: int) -> Sequence[Release]:
    """The organisation's, those that wait first."""
    rows = await connection.fetch(
        f"{_SELECT} where organisation = $1"
        " order by agreed_at is not null or withdrawn_at is not null, asked_at desc"
        f" limit {MOST_LISTED}",
        organisation,
    )
    return [_release(row) for row in rows]


async def agreed(
    connection: Connection, *, organisation: int, data_set: str, period: str
) -> Sequence[Release]:
    """Those of one period that were agreed on and not withdrawn, the newest first."""
    rows = await connection.fetch(
        f"{_SELECT} where organisation = $1 and data_set = $2 and period = $3"
        " and agreed_at is not null and withdrawn_at is null order by agreed_at desc",
        organisation,
        data_set,
        period,
    )
    return [_release(row) for row in rows]


async def agree(
    connection: Connection, id_: str, *, account: str, at: datetime
) -> bool:
    """Of several who agree at once, one does."""
    status = await connection.execute(
        "update warden.data_set_release set agreed_by = $2, agreed_at = $3"
        " where id = $1 and agreed_at is null and withdrawn_at is null"
        " and asked_by <> $2",
        UUID(id_),
        UUID(account),
        at,
    )
    return status == "UPDATE 1"


async def take_back_agreement(connection: Connection, id_: str) -> None:
    """The ledger could not be written: nothing was agreed on."""
    await connection.execute(
        "update warden.data_set_release set agreed_by = null, agreed_at = null"
        " where id = $1 and taken = 0",
        UUID(id_),
    )


async def withdraw(
    connection: Connection, id_: str, *, account: str, at: datetime
) -> bool:
    status = await connection.execute(
        "update warden.data_set_release set withdrawn_by = $2, withdrawn_at = $3"
        " where id = $1 and withdrawn_at is null",
        UUID(id_),
        UUID(account),
        at,
    )
    return status == "UPDATE 1"


async def begin(connection: Connection, id_: str, *, at: datetime) -> bool:
    """Count one more time that it is taken; False where it may not be any more."""
    status = await connection.execute(
        "update warden.data_set_release set taken = taken + 1, taken_at = $2"
        " where id = $1 and withdrawn_at is null and taken < $3",
        UUID(id_),
        at,
        MOST_TAKEN,
    )
    return status == "UPDATE 1"


async def note_end(
    connection: Connection, id_: str, *, patients: int, digest: str
) -> None:
    await connection.execute(
        "update warden.data_set_release set patients = $2, digest = $3 where id = $1",
        UUID(id_),
        patients,
        digest,
    )
