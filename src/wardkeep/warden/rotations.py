# SPDX-License-Identifier: Apache-2.0
"""Rotations of keys as the database holds them, and the wrapped keys that they turn."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """One replacement of one key."""

    id: str
    level: str
    organisation: int
    """0 for the root key."""
    began_at: datetime
    rewrapped: int
    unreadable: int
    finished_at: datetime | None
    patient: str = ""
    """Whose data keys; empty where it is everybody's, or no data key."""
    generation: int = 0
    """Of the data keys that it gives."""


class WrappedKeys(msgspec.Struct, frozen=True, kw_only=True):
    """A patient's three keys as they lie in the row."""

    number: int
    id: str
    banner_key: bytes
    record_key: bytes
    sealed_key: bytes


class Wrapping(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the warden's tables where something lies wrapped by the root key."""

    table: str
    column: str
    key: str
    identity: str
    """What `wrap` bound it to, with a place for the row's key."""


ROOT_WRAPPED = (
    Wrapping(
        table="organisation",
        column="wrapped_key",
        key="number",
        identity="organisation-key|1|{}",
    ),
    Wrapping(
        table="organisation",
        column="older_wrapped_key",
        key="number",
        identity="organisation-key|1|{}",
    ),
    Wrapping(
        table="organisation",
        column="wrapped_token_key",
        key="number",
        identity="search-token-key|1|{}",
    ),
    Wrapping(
        table="organisation",
        column="token_layer",
        key="number",
        identity="search-token-layer|1|{}",
    ),
    Wrapping(
        table="organisation",
        column="newer_layer",
        key="number",
        identity="search-token-layer|1|{}",
    ),
    Wrapping(
        table="canary_list",
        column="wrapped_key",
        key="organisation",
        identity="canaries|1|{}",
    ),
    Wrapping(
        table="identity_provider",
        column="wrapped_key",
        key="id",
        identity="identity-provider|1|{}",
    ),
    Wrapping(
        table="signing_key",
        column="sealed_key",
        key="id",
        identity="signing-key|1|{}",
    ),
)
"""All that the root key wraps; a test holds this list against the database."""

_COLUMNS = (
    "id, level, organisation, began_at, rewrapped, unreadable, finished_at, patient,"
    " generation"
)


async def begin(
    connection: Connection,
    *,
    level: str,
    organisation: int,
    at: datetime,
    patient: str = "",
    generation: int = 0,
) -> Rotation:
    """Write down that it begins.

    Raises:
        AlreadyExistsError: one of this key is under way.
    """
    id_ = new_uuid()
    await connection.execute(
        "insert into warden.key_rotation"
        " (id, level, organisation, began_at, patient, generation)"
        " values ($1, $2, $3, $4, $5, $6)",
        UUID(id_),
        level,
        organisation,
        at,
        patient,
        generation,
    )
    return Rotation(
        id=id_,
        level=level,
        organisation=organisation,
        began_at=at,
        rewrapped=0,
        unreadable=0,
        finished_at=None,
        patient=patient,
        generation=generation,
    )


async def unfinished(connection: Connection) -> list[Rotation]:
    rows = await connection.fetch(
        f"select {_COLUMNS} from warden.key_rotation"  # noqa: S608 - constants
        " where finished_at is null order by began_at"
    )
    return [_rotation(dict(row)) for row in rows]


async def newest(connection: Connection, *, at_most: int) -> list[Rotation]:
    """Those under way and the latest, whatever became of them, the newest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from warden.key_rotation"  # noqa: S608 - constants
        " where finished_at is null or id in (select id from warden.key_rotation"
        " order by began_at desc limit $1) order by began_at desc",
        at_most,
    )
    return [_rotation(dict(row)) for row in rows]


def _rotation(row: dict[str, object]) -> Rotation:
    return msgspec.convert({**row, "id": str(row["id"])}, Rotation)


async def note_progress(connection: Connection, id_: str, *, rewrapped: int) -> None:
    """So many more were wrapped anew."""
    await connection.execute(
        "update warden.key_rotation set rewrapped = rewrapped + $2 where id = $1",
        UUID(id_),
        rewrapped,
    )


async def note_unreadable(connection: Connection, id_: str, count: int) -> None:
    """So many more were not what one of ours writes."""
    await connection.execute(
        "update warden.key_rotation set unreadable = unreadable + $2 where id = $1",
        UUID(id_),
        count,
    )


async def say_end_from(connection: Connection, id_: str, *, size: int) -> int:
    """How long the ledger was when its end was to be written first; `size`: now."""
    first: int = await connection.fetch_value(
        "update warden.key_rotation set said_from = coalesce(said_from, $2)"
        " where id = $1 returning said_from",
        UUID(id_),
        size,
    )
    return first


async def finish(
    connection: Connection, id_: str, *, unreadable: int, at: datetime
) -> None:
    await connection.execute(
        "update warden.key_rotation set unreadable = unreadable + $2, finished_at = $3"
        " where id = $1",
        UUID(id_),
        unreadable,
        at,
    )


# What the root key wraps -----------------------------------------------------


async def wrapped_by_root(
    connection: Connection, where: Wrapping
) -> list[tuple[object, bytes]]:
    """Keys of rows, and what lies there."""
    rows = await connection.fetch(
        f"select {where.key} as key, {where.column} as wrapped"  # noqa: S608 - constants
        f"  from warden.{where.table} where {where.column} is not null"
    )
    return [(row["key"], row["wrapped"]) for row in rows]


async def put_rewrapped(
    connection: Connection, where: Wrapping, *, key: object, old: bytes, new: bytes
) -> None:
    """Put it in the place of the old, unless somebody was faster."""
    await connection.execute(
        f"update warden.{where.table} set {where.column} = $3"  # noqa: S608 - constants
        f" where {where.key} = $1 and {where.column} = $2",
        key,
        old,
        new,
    )


# What an organisation's key wraps --------------------------------------------


async def turn_organisation(
    connection: Connection,
    organisation: int,
    *,
    wrapped: bytes,
    older: bytes,
    token_key: bytes,
) -> None:
    """The new key in use, the one before beside it, search tokens as they were."""
    await connection.execute(
        "update warden.organisation set wrapped_key = $2, older_wrapped_key = $3,"
        " wrapped_token_key = coalesce(wrapped_token_key, $4) where number = $1",
        organisation,
        wrapped,
        older,
        token_key,
    )


async def lock_organisation(connection: Connection, organisation: int) -> bytes:
    """Its wrapped key, which nobody else changes until the transaction ends."""
    wrapped: bytes = await connection.fetch_value(
        "select wrapped_key from warden.organisation where number = $1 for update",
        organisation,
    )
    return wrapped


async def forget_older(connection: Connection, organisation: int) -> None:
    """Destroy the key before."""
    await connection.execute(
        "update warden.organisation set older_wrapped_key = null where number = $1",
        organisation,
    )


async def count_wrapped(connection: Connection, organisation: int) -> int:
    found: int = await connection.fetch_value(
        "select record.wrapped_keys_count($1)", organisation
    )
    return found


async def wrapped_portion(
    connection: Connection, organisation: int, *, after: int, at_most: int
) -> list[WrappedKeys]:
    """Patients' wrapped keys behind a number, ascending."""
    rows = await connection.fetch(
        "select * from record.wrapped_keys($1, $2, $3)", organisation, after, at_most
    )
    return [WrappedKeys(**dict(row)) for row in rows]


async def put_portion(
    connection: Connection,
    organisation: int,
    pairs: Sequence[tuple[WrappedKeys, WrappedKeys]],
) -> int:
    """Put new wrappings in the place of the old; how many rows it were."""
    found: int = await connection.fetch_value(
        "select record.rewrap($1, $2, $3, $4, $5, $6)",
        organisation,
        [old.number for old, _ in pairs],
        [old.record_key for old, _ in pairs],
        [new.banner_key for _, new in pairs],
        [new.record_key for _, new in pairs],
        [new.sealed_key for _, new in pairs],
    )
    return found


async def shared_key(connection: Connection, organisation: int) -> bytes | None:
    found: bytes | None = await connection.fetch_value(
        "select record.wrapped_shared_key($1)", organisation
    )
    return found


async def put_shared_key(
    connection: Connection, organisation: int, *, old: bytes, new: bytes
) -> None:
    await connection.execute(
        "select record.rewrap_shared($1, $2, $3)", organisation, old, new
    )
