# SPDX-License-Identifier: Apache-2.0
"""Every record of an organisation in the clear, as who opened all would have them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from support.warden import Installation, RunningWarden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.demo.nobody import OF_WORK
from wardkeep.base.ids import OrganisationId
from wardkeep.crypto.aead import Cipher
from wardkeep.db.connection import Database
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import key_identity, open_row
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
    patient_key_row,
    stored_row,
)

_ROWS = f"""
select {RESOURCE_COLUMNS}, {KEY_COLUMNS} from record.resource as r
  join record.patient as p on p.number = r.patient
 where r.organisation = $1 and r.tier <> 3
"""  # noqa: S608 - constants

Records = dict[str, tuple[list[Mapping[str, Any]], int]]


async def opened(warden: RunningWarden, number: int) -> Records:
    """Every patient's resources in the clear, as who opened all of them would have."""
    keystore = warden.service._keystore
    installation = warden.installation
    database = Database(
        address_for(installation.settings, installation.layout, WEB), size=1
    )
    found: Records = {}
    ciphers: dict[tuple[str, int], Cipher] = {}
    organisation = OrganisationId(number)
    async with database.connection(organisation) as connection:
        rows = await connection.fetch(_ROWS, number)
    await database.close()
    for row in rows:
        key = patient_key_row(row)
        stored = stored_row(row, organisation=organisation, patient=key.id)
        place = (key.id, stored.tier.value)
        if place not in ciphers:
            identity = key_identity(
                organisation=number, patient=key.id, tier=Tier(stored.tier)
            )
            plain = keystore.unwrap(number, key.wrapped_key(stored.tier), identity)
            assert plain is not None
            ciphers[place] = Cipher(plain)
        text = stored.whole(open_row(ciphers[place], stored))
        resources, size = found.get(key.id, ([], 0))
        found[key.id] = ([*resources, json.loads(text)], size + len(stored.body))
    return found


async def ids(installation: Installation, number: int) -> set[str]:
    database = Database(
        address_for(installation.settings, installation.layout, WEB), size=1
    )
    async with database.connection(OrganisationId(number)) as connection:
        rows = await connection.fetch("select id from record.patient")
    await database.close()
    return {row["id"] for row in rows}


def is_of_no_work(resources: Sequence[Mapping[str, Any]]) -> bool:
    return not any(
        one["resourceType"] in OF_WORK or one.get("status") == "in-progress"
        for one in resources
    )
