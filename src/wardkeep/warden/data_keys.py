# SPDX-License-Identifier: Apache-2.0
"""What a rotation of patients' data keys reads and writes in the database.

The warden sees rows of the record here and nowhere else, and of them the sealed bodies
alone: functions that belong to the schema's owner give and take them
(`0019_data_keys.sql`), so that no process has a right to change a version in its place.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from wardkeep.db.connection import Connection
from wardkeep.warden.rotations import WrappedKeys

NONCE_BYTES = 12
"""At the start of a body: random, so that it tells whether the body is still that."""


class VersionName(NamedTuple):
    """One version of a patient's, as the database names it."""

    type: int
    id: bytes
    version: int


class SizedVersion(NamedTuple):
    """The same with the size of its body in bytes."""

    name: VersionName
    size: int


class Body(NamedTuple):
    """A sealed version; empty where it deletes the resource."""

    name: VersionName
    tier: int
    body: bytes


class BoxBeside(NamedTuple):
    """Something small that lies under an owner's data key in another table."""

    place: str
    """Schema, table and column."""
    key: str
    tier: int
    identity: str
    """What its box is bound to."""
    box: bytes


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """What the new keys open, all of it read."""

    patients: int = 0
    rows: int = 0
    unreadable: int = 0
    digest: bytes = b""


async def floors(connection: Connection) -> list[tuple[int, str, int]]:
    """(organisation, patient or nobody's name, oldest generation that opens)."""
    rows = await connection.fetch(
        "select organisation, patient, generation from warden.key_floor"
    )
    return [(row["organisation"], row["patient"], row["generation"]) for row in rows]


async def raise_floor(
    connection: Connection, organisation: int, patient: str, generation: int
) -> None:
    await connection.execute(
        "insert into warden.key_floor as f (organisation, patient, generation)"
        " values ($1, $2, $3) on conflict (organisation, patient) do update"
        " set generation = greatest(f.generation, excluded.generation)",
        organisation,
        patient,
        generation,
    )


async def begin_generation(
    connection: Connection, organisation: int, *, now_seconds: int
) -> int:
    """The generation of keys that are made from now on."""
    found: int = await connection.fetch_value(
        "update warden.organisation set key_generation ="
        " greatest(key_generation + 1, $2) where number = $1 returning key_generation",
        organisation,
        now_seconds,
    )
    return found


async def wrapped_keys_of(
    connection: Connection, organisation: int, patient: str
) -> list[WrappedKeys]:
    """One patient's; none where there is no such patient, or no keys any more."""
    rows = await connection.fetch(
        "select * from record.wrapped_keys_of($1, $2)", organisation, patient
    )
    return [WrappedKeys(**dict(row)) for row in rows]


async def lock(
    connection: Connection, organisation: int, numbers: Sequence[int]
) -> list[WrappedKeys]:
    """The keys of those for whom nobody writes, nor begins to in this transaction."""
    rows = await connection.fetch(
        "select * from record.lock_wrapped_keys($1, $2)", organisation, list(numbers)
    )
    return [WrappedKeys(**dict(row)) for row in rows]


async def versions_of(
    connection: Connection, organisation: int, number: int | None
) -> list[SizedVersion]:
    """The names of all versions of a patient's, in order; of nobody's for None."""
    if number is None:
        rows = await connection.fetch(
            "select type, id, version, size from record.shared_versions_of($1)",
            organisation,
        )
    else:
        rows = await connection.fetch(
            "select type, id, version, size from record.versions_of($1, $2)",
            organisation,
            number,
        )
    return [
        SizedVersion(VersionName(row["type"], row["id"], row["version"]), row["size"])
        for row in rows
    ]


async def bodies_of(
    connection: Connection,
    organisation: int,
    number: int | None,
    names: Sequence[VersionName],
) -> list[Body]:
    """Those of the versions that are still there, in order."""
    rows = await connection.fetch(
        "select type, id, version, tier, body"
        " from record.bodies_of($1, $2, $3, $4, $5)",
        organisation,
        number,
        *_columns(names),
    )
    return [
        Body(
            VersionName(row["type"], row["id"], row["version"]),
            row["tier"],
            row["body"],
        )
        for row in rows
    ]


async def reseal(
    connection: Connection,
    organisation: int,
    number: int | None,
    pairs: Sequence[tuple[Body, bytes]],
) -> int:
    """Put new bodies in the place of the old; how many were still those."""
    found: int = await connection.fetch_value(
        "select record.reseal($1, $2, $3, $4, $5, $6, $7)",
        organisation,
        number,
        *_columns([old.name for old, _ in pairs]),
        [old.body[:NONCE_BYTES] for old, _ in pairs],
        [new for _, new in pairs],
    )
    return found


async def boxes_beside(
    connection: Connection, organisation: int, number: int | None
) -> list[BoxBeside]:
    """What lies under an owner's data keys and is no version of a resource."""
    rows = await connection.fetch(
        "select place, key, tier, identity, box from record.boxes_beside($1, $2)",
        organisation,
        number,
    )
    return [BoxBeside(*row.values()) for row in rows]


async def reseal_beside(
    connection: Connection,
    organisation: int,
    number: int | None,
    *,
    old: BoxBeside,
    new: bytes,
) -> None:
    """Put a new box in the place of the old one, where that is still there."""
    await connection.execute(
        "select record.reseal_beside($1, $2, $3, $4, $5, $6)",
        organisation,
        number,
        old.place,
        old.key,
        old.box,
        new,
    )


def _columns(
    names: Sequence[VersionName],
) -> tuple[list[int], list[bytes], list[int]]:
    return (
        [one.type for one in names],
        [one.id for one in names],
        [one.version for one in names],
    )


async def proved(connection: Connection, rotation: str) -> Proved:
    """What was proved so far."""
    row = await connection.fetch_row(
        "select proved_patients as patients, proved_rows as rows, unreadable, digest"
        " from warden.key_rotation where id = $1",
        UUID(rotation),
    )
    return Proved(**dict(row)) if row else Proved()


async def note_proved(connection: Connection, rotation: str, so_far: Proved) -> None:
    await connection.execute(
        "update warden.key_rotation set proved_patients = $2, proved_rows = $3,"
        " unreadable = $4, digest = $5 where id = $1",
        UUID(rotation),
        so_far.patients,
        so_far.rows,
        so_far.unreadable,
        so_far.digest,
    )
