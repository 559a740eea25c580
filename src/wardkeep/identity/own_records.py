# SPDX-License-Identifier: Apache-2.0
"""Which record is whose: the accounts of patients, and whom proven facts name."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from wardkeep.base.clock import Clock
from wardkeep.base.nhs_number import SYSTEM, NhsNumber
from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Connection

_UNIT = "\x1f"


def terms_of(number: NhsNumber, born: date) -> tuple[bytes, bytes]:
    """What a Patient with both is found by, as `fhir.search.terms` writes it.

    Held equal to the index by a test: the warden knows nothing of FHIR.
    """
    identifier = _UNIT.join(("Patient.identifier", "s", SYSTEM, number))
    birth_date = _UNIT.join(("Patient.birthDate", "b", born.isoformat()))
    return identifier.encode(), birth_date.encode()


async def person_with(
    connection: Connection, organisation: int, tokens: Sequence[int]
) -> str | None:
    """The one patient with all these tokens; None where there is none, or two."""
    found = await people_with(connection, organisation, tokens)
    return found[0] if len(found) == 1 else None


async def people_with(
    connection: Connection, organisation: int, tokens: Sequence[int]
) -> list[str]:
    """Patients with all these tokens: none, one, or two of those that there are."""
    rows = await connection.fetch(
        "select id from record.people_with($1, $2::bigint[])",
        organisation,
        list(tokens),
    )
    return [id_of(row["id"]) for row in rows]


async def add(
    connection: Connection,
    account: str,
    *,
    organisation: int,
    patient: str,
    clock: Clock,
) -> None:
    """Say that an account is this patient's; the caller holds a transaction."""
    await connection.execute(
        "insert into warden.own_record (account, organisation, patient, created_at)"
        " values ($1, $2, $3, $4)",
        UUID(account),
        organisation,
        patient,
        clock.now(),
    )


async def account_of(
    connection: Connection, organisation: int, patient: str
) -> str | None:
    """The patient's account that has not ended."""
    found = await connection.fetch_value(
        "select o.account from warden.own_record o"
        "  join warden.account a on a.id = o.account"
        " where o.organisation = $1 and o.patient = $2 and a.ended_at is null",
        organisation,
        patient,
    )
    return None if found is None else str(found)


async def lock(connection: Connection, organisation: int, patient: str) -> None:
    """Let nobody else make this patient's account before the transaction is over."""
    await connection.execute(
        "select pg_catalog.pg_advisory_xact_lock("
        "pg_catalog.hashtextextended($1, $2::bigint))",
        patient,
        organisation,
    )


async def state_of(
    connection: Connection, account: str, *, clock: Clock
) -> tuple[datetime, datetime | None, bool]:
    """Since when it is there, the last sign-in, and whether a link is out."""
    row = await connection.fetch_row(
        "select o.created_at,"
        " (select max(s.created_at) from warden.session s where s.account = o.account)"
        "   as last_signed_in,"
        " exists (select from warden.invitation i where i.account = o.account"
        "          and i.used_at is null and i.expires_at > $2) as has_link"
        "  from warden.own_record o where o.account = $1",
        UUID(account),
        clock.now(),
    )
    if row is None:
        return clock.now(), None, False
    return row["created_at"], row["last_signed_in"], row["has_link"]
