# SPDX-License-Identifier: Apache-2.0
"""Erasures as the database keeps them, and whom none is to be opened of any more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection, Row

_COLUMNS = (
    "id, organisation, patient, ground, reason, asked_by, asked_role, asked_at,"
    " approved_by, approved_at, withdrawn_at, done_at, resources, versions,"
    " rule, before, people"
)
MOST_LISTED = 500


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be destroyed, from the question to the end.

    One person's record, or what one rule has kept for long enough.
    """

    id: str
    organisation: int
    patient: str
    ground: str
    reason: str
    asked_by: str
    asked_role: str
    asked_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    withdrawn_at: datetime | None = None
    done_at: datetime | None = None
    resources: int = 0
    versions: int = 0
    rule: str = ""
    before: datetime | None = None
    people: int = 0

    @property
    def is_open(self) -> bool:
        return self.approved_at is None and self.withdrawn_at is None


class Destroyed(msgspec.Struct, frozen=True):
    """What there was and is no more."""

    resources: int
    versions: int

    def plus(self, other: "Destroyed") -> "Destroyed":
        return Destroyed(
            self.resources + other.resources, self.versions + other.versions
        )


class ErasedPatients:
    """Those whose erasure was approved: nothing of them opens, from any copy."""

    def __init__(self) -> None:
        self._erased: set[tuple[int, str]] = set()

    def add(self, organisation: int, patient: str) -> None:
        self._erased.add((organisation, patient))

    def discard(self, organisation: int, patient: str) -> None:
        self._erased.discard((organisation, patient))

    def has(self, organisation: int, patient: str) -> bool:
        return (organisation, patient) in self._erased


def _erasure(row: Row) -> Erasure:
    told = {key: value for key, value in dict(row).items() if value is not None}
    for name in ("id", "asked_by", "approved_by"):
        if name in told:
            told[name] = str(told[name])
    return Erasure(**told)


async def ask(connection: Connection, erasure: Erasure) -> None:
    """Store a question.

    Raises:
        AlreadyExistsError: somebody has asked for this already, or it is done.
    """
    await connection.execute(
        "insert into warden.erasure (id, organisation, patient, ground, reason,"
        " asked_by, asked_role, asked_at, rule, before)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        UUID(erasure.id),
        erasure.organisation,
        erasure.patient,
        erasure.ground,
        erasure.reason,
        UUID(erasure.asked_by),
        erasure.asked_role,
        erasure.asked_at,
        erasure.rule,
        erasure.before,
    )


def new_id() -> str:
    return new_uuid()


async def find(
    connection: Connection, id_: str, *, organisation: int
) -> Erasure | None:
    row = await connection.fetch_row(
        f"select {_COLUMNS} from warden.erasure where id = $1 and organisation = $2",  # noqa: S608 - constants
        UUID(id_),
        organisation,
    )
    return None if row is None else _erasure(row)


async def newest(connection: Connection, *, organisation: int) -> Sequence[Erasure]:
    """The organisation's, those that wait first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from warden.erasure where organisation = $1"  # noqa: S608 - constants
        " order by approved_at is not null or withdrawn_at is not null,"
        f" asked_at desc limit {MOST_LISTED}",
        organisation,
    )
    return [_erasure(row) for row in rows]


async def approved(connection: Connection) -> Sequence[Erasure]:
    """All that were ever approved, everywhere."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from warden.erasure where approved_at is not null"  # noqa: S608 - constants
    )
    return [_erasure(row) for row in rows]


async def undone_rules(connection: Connection, *, organisation: int) -> dict[str, str]:
    """Erasures of what a rule kept that wait or are under way, by rule."""
    rows = await connection.fetch(
        "select rule, id from warden.erasure where organisation = $1 and rule <> ''"
        " and withdrawn_at is null and done_at is null",
        organisation,
    )
    return {row["rule"]: str(row["id"]) for row in rows}


async def approve(
    connection: Connection, id_: str, *, account: str, at: datetime
) -> bool:
    """Of several who approve at once, one does."""
    status = await connection.execute(
        "update warden.erasure set approved_by = $2, approved_at = $3 where id = $1"
        " and approved_at is null and withdrawn_at is null and asked_by <> $2",
        UUID(id_),
        UUID(account),
        at,
    )
    return status == "UPDATE 1"


async def take_back_approval(connection: Connection, id_: str) -> None:
    """The ledger could not be written: nothing was approved."""
    await connection.execute(
        "update warden.erasure set approved_by = null, approved_at = null"
        " where id = $1 and done_at is null",
        UUID(id_),
    )


async def withdraw(connection: Connection, id_: str, *, at: datetime) -> bool:
    status = await connection.execute(
        "update warden.erasure set withdrawn_at = $2 where id = $1"
        " and approved_at is null and withdrawn_at is null",
        UUID(id_),
        at,
    )
    return status == "UPDATE 1"


async def destroy_rows(
    connection: Connection, *, organisation: int, patient: str
) -> Destroyed:
    """Destroy keys, rows, history, relationships, ties."""
    row = await connection.fetch_row(
        "select resources, versions from record.erase_patient($1, $2)",
        organisation,
        patient,
    )
    await forget_work(connection, organisation=organisation, patients=(patient,))
    return Destroyed(row["resources"], row["versions"]) if row else Destroyed(0, 0)


async def forget_work(
    connection: Connection, *, organisation: int, patients: Sequence[str]
) -> None:
    """Destroy who expected these patients, and links by which they check in."""
    for table in ("relationship", "tie", "check_in_link"):
        await connection.execute(
            f"delete from warden.{table}"  # noqa: S608 - constants
            " where organisation = $1 and patient = any($2)",
            organisation,
            list(patients),
        )


async def note_progress(
    connection: Connection,
    erasure: Erasure,
    counted: Destroyed,
    *,
    people: int = 1,
    at: datetime | None,
) -> None:
    """Write down what there was; `at` where nothing is left."""
    await connection.execute(
        "update warden.erasure"
        " set done_at = $2, resources = $3, versions = $4, people = $5 where id = $1",
        UUID(erasure.id),
        at,
        counted.resources,
        counted.versions,
        people,
    )
