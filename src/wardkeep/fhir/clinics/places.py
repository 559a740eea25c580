# SPDX-License-Identifier: Apache-2.0
"""Where clinics are and whose times are whose: Locations and Schedules by name.

They belong to no patient: the organisation's own key opens them, without a budget.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.opening import open_shared, shared_cipher
from wardkeep.fhir.store.outcomes import OpenedResource, Opener
from wardkeep.fhir.store.rows import RESOURCE_COLUMNS, stored_row

MOST = 2000
"""Of one type in one organisation; the largest trusts have some hundred places."""
_OF_TYPE = f"""
select {RESOURCE_COLUMNS}, k.wrapped_key
  from record.resource as r
  join record.shared_key as k on k.organisation = r.organisation
 where r.organisation = $1 and r.type = $2 and r.patient is null and not r.is_deleted
 order by r.id limit $3
"""  # noqa: S608 - constants


T = TypeVar("T")


class _Reference(msgspec.Struct, frozen=True):
    reference: str = ""


class _Place(msgspec.Struct, frozen=True):
    id: str = ""
    name: str = ""
    status: str = "active"


class _Schedule(msgspec.Struct, frozen=True):
    id: str = ""
    active: bool = True
    actor: tuple[_Reference, ...] = ()


_place = msgspec.json.Decoder(_Place)
_schedule = msgspec.json.Decoder(_Schedule)


class Places:
    """Names of places, and the schedules of a clinic."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def names(self, *, opener: Opener) -> dict[str, str] | Refusal:
        """What each Location of the organisation is called."""
        found = await self._all("Location", opener)
        if isinstance(found, Refusal):
            return found
        return {
            one.id: _read(_place, one.text, _Place()).name or "A place without a name"
            for one in found
        }

    async def schedules(
        self, place: str, *, opener: Opener
    ) -> tuple[str, ...] | Refusal:
        """Ids of the schedules that are kept for a place."""
        found = await self._all("Schedule", opener)
        if isinstance(found, Refusal):
            return found
        kept = [(one.id, _read(_schedule, one.text, _Schedule())) for one in found]
        wanted = f"Location/{place}"
        return tuple(
            id_
            for id_, said in kept
            if said.active and any(one.reference == wanted for one in said.actor)
        )

    async def _all(
        self, type_: str, opener: Opener
    ) -> Sequence[OpenedResource] | Refusal:
        organisation: OrganisationId = opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _OF_TYPE, organisation, type_code(type_), MOST
            )
        if not rows:
            return ()
        cipher = await shared_cipher(self._warden, opener, rows[0]["wrapped_key"])
        if isinstance(cipher, Refusal):
            return cipher
        stored = [
            stored_row(row, organisation=organisation, patient="") for row in rows
        ]
        return open_shared(cipher, stored).resources


def _read(decoder: msgspec.json.Decoder[T], text: bytes, otherwise: T) -> T:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError:
        return otherwise
