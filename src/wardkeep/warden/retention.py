# SPDX-License-Identifier: Apache-2.0
"""An organisation's terms of retention, and what is due under them, in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Connection
from wardkeep.disclosure.retention import RULES, Rule
from wardkeep.warden.erasures import Destroyed


class Term(msgspec.Struct, frozen=True):
    """How long one organisation keeps what a rule is about."""

    years: int
    is_held: bool = False


class DueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is due, by its names alone."""

    patients: tuple[str, ...]
    """Whom it is about; the empty name for the organisation's own."""
    type_code: int
    id: str
    version: int


async def terms_of(connection: Connection, *, organisation: int) -> dict[str, Term]:
    """The term of every rule; the least where nothing else was set."""
    rows = await connection.fetch(
        "select rule, years, is_held from warden.retention where organisation = $1",
        organisation,
    )
    terms = {name: Term(rule.least_years) for name, rule in RULES.items()}
    terms.update({row["rule"]: Term(row["years"], row["is_held"]) for row in rows})
    return terms


async def set_term(
    connection: Connection,
    term: Term,
    *,
    organisation: int,
    rule: str,
    account: str,
    at: datetime,
) -> None:
    await connection.execute(
        "insert into warden.retention"
        " (organisation, rule, years, is_held, set_by, set_at)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (organisation, rule) do update"
        " set years = $3, is_held = $4, set_by = $5, set_at = $6",
        organisation,
        rule,
        term.years,
        term.is_held,
        UUID(account),
        at,
    )


async def due(
    connection: Connection,
    rule: Rule,
    *,
    organisation: int,
    before: datetime,
    at_most: int,
) -> Sequence[DueRow]:
    """Some of what is older than the moment."""
    rows = await connection.fetch(
        "select patient, type, id, version, further_patients"
        " from record.due($1, $2, $3, $4)",
        organisation,
        list(rule.types),
        before,
        at_most,
    )
    return [
        DueRow(
            patients=(row["patient"], *row["further_patients"]),
            type_code=row["type"],
            id=id_of(row["id"]),
            version=row["version"],
        )
        for row in rows
    ]


async def dispose(
    connection: Connection,
    rows: Sequence[DueRow],
    *,
    organisation: int,
    before: datetime,
) -> Destroyed:
    """Destroy rows and every version of them."""
    row = await connection.fetch_row(
        "select resources, versions from record.dispose($1, $2, $3, $4)",
        organisation,
        [one.type_code for one in rows],
        [stored_id(one.id) for one in rows],
        before,
    )
    return Destroyed(row["resources"], row["versions"]) if row else Destroyed(0, 0)


async def last_contact(
    connection: Connection, *, organisation: int, patient: str
) -> datetime | None:
    """When something last happened in a record, or was written into it."""
    moment: datetime | None = await connection.fetch_value(
        "select record.last_contact($1, $2)", organisation, patient
    )
    return moment
