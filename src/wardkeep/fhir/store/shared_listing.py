# SPDX-License-Identifier: Apache-2.0
"""All of an organisation's own resources of one type: places, teams, who works there.

They belong to no patient: the organisation's own key opens them, without a budget.
"""

from collections.abc import Iterable, Sequence

from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.opening import open_shared, shared_cipher
from wardkeep.fhir.store.outcomes import OpenedResource, Opener
from wardkeep.fhir.store.rows import RESOURCE_COLUMNS, stored_row

MOST = 2000
"""Of one type in one organisation; the largest trusts have some hundred places."""
_NAMED = f"""
select {RESOURCE_COLUMNS}, k.wrapped_key
  from record.resource as r
  join record.shared_key as k on k.organisation = r.organisation
 where r.organisation = $1 and r.type = $2 and r.id = any($3) and r.patient is null
   and not r.is_deleted
"""  # noqa: S608 - constants
_OF_TYPE = f"""
select {RESOURCE_COLUMNS}, k.wrapped_key
  from record.resource as r
  join record.shared_key as k on k.organisation = r.organisation
 where r.organisation = $1 and r.type = $2 and r.patient is null and not r.is_deleted
 order by r.id limit $3
"""  # noqa: S608 - constants


class SharedLister:
    """Reads what belongs to everybody who works there."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def all_of(
        self, type_: str, *, opener: Opener, at_most: int = MOST
    ) -> Sequence[OpenedResource] | Refusal:
        organisation = opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _OF_TYPE, organisation, type_code(type_), at_most
            )
        return await self._opened(rows, opener)

    async def named(
        self, type_: str, ids: Iterable[str], *, opener: Opener
    ) -> Sequence[OpenedResource] | Refusal:
        """Some of one type by their ids; what is not there is left out."""
        organisation = opener.organisation
        wanted = [stored_id(one) for one in ids]
        if not wanted:
            return ()
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _NAMED, organisation, type_code(type_), wanted
            )
        return await self._opened(rows, opener)

    async def _opened(
        self, rows: Sequence[Row], opener: Opener
    ) -> Sequence[OpenedResource] | Refusal:
        organisation = opener.organisation
        if not rows:
            return ()
        cipher = await shared_cipher(self._warden, opener, rows[0]["wrapped_key"])
        if isinstance(cipher, Refusal):
            return cipher
        stored = [
            stored_row(row, organisation=organisation, patient="") for row in rows
        ]
        return open_shared(cipher, stored).resources
