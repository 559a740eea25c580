# SPDX-License-Identifier: Apache-2.0
"""Wrapped keys as the database holds them: patients' and the organisation's own."""

from collections.abc import Collection

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Refusal, SharedKey
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import OpenSharedKey
from wardkeep.fhir.store.rows import KEY_COLUMNS, PatientKeyRow, patient_key_row

_PATIENTS = f"""
select {KEY_COLUMNS} from record.patient as p
 where p.organisation = $1 and p.id = any($2)
"""  # noqa: S608 - constants
_SHARED = "select wrapped_key from record.shared_key where organisation = $1"
_KEEP_SHARED = """
insert into record.shared_key (organisation, wrapped_key) values ($1, $2)
on conflict do nothing
"""


async def patients_by_id(
    connection: Connection, organisation: OrganisationId, ids: Collection[str]
) -> dict[str, PatientKeyRow]:
    """Those of the patients whom this organisation has."""
    if not ids:
        return {}
    rows = await connection.fetch(_PATIENTS, organisation, list(ids))
    return {row["patient_id"]: patient_key_row(row) for row in rows}


async def own_wrapped_key(
    connection: Connection,
    warden: WardenClient,
    *,
    session: str,
    organisation: OrganisationId,
) -> bytes | Refusal:
    """The wrapped key of the organisation's own resources, made when first needed."""
    wrapped: bytes | None = await connection.fetch_value(_SHARED, organisation)
    if wrapped is not None:
        return wrapped
    given = await warden.ask(OpenSharedKey(session, b""), SharedKey)
    if isinstance(given, Refusal):
        return given
    # Another process may have made one in the meantime; there is one for all.
    await connection.execute(_KEEP_SHARED, organisation, given.wrapped_key)
    kept: bytes = await connection.fetch_value(_SHARED, organisation)
    return kept
