# SPDX-License-Identifier: Apache-2.0
"""Parts of one patient's record, each with its own bound: what one page shows.

One query and one question to the door, as for a whole record; but of each part only
the newest so many rows are read, by the index that has them in that order. So a page
costs what it shows, and not what the record has.
"""

from collections.abc import Sequence
from functools import partial

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.opening import open_of_patient, others_in
from wardkeep.fhir.store.outcomes import NotFound, Opened, OpenedResource, Opener
from wardkeep.fhir.store.reading import USUAL_TIERS
from wardkeep.fhir.store.rows import (
    KEYS_ALONE,
    RESOURCE_COLUMNS,
    StoredRow,
    patient_key_row,
    stored_row,
)

_KEYS = f"{KEYS_ALONE}, 0 as part from p"
_PART = f"""
union all
(select {RESOURCE_COLUMNS}, null, null, null, null, null, %(part)s
   from record.resource as r
  where r.organisation = $1 and r.patient = (select number from p)
    and r.type = any(${{types}}::smallint[]) and not r.is_deleted
    and (${{tokens}}::bigint[] is null or r.tokens && ${{tokens}}::bigint[]
         or r.type <> all(${{narrowed}}::smallint[]))
  order by r.clinical_at desc nulls first, r.type, r.id
  limit ${{most}} offset ${{skip}})
"""  # noqa: S608 - constants


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The newest resources of some types; those without a time come first."""

    types: tuple[str, ...]
    at_most: int
    skip: int = 0
    tokens: tuple[int, ...] | None = None
    """Search tokens of which one at least must be there."""
    narrowed: tuple[str, ...] = ()
    """Types for which that holds, the others come all; empty: for every one of them."""


class OpenedParts(msgspec.Struct, frozen=True, kw_only=True):
    """What was opened, part by part, in the order asked."""

    opened: Opened
    """All of it together, and the entry that says so."""
    parts: tuple[tuple[OpenedResource, ...], ...]
    is_more: tuple[bool, ...]
    """Of each part, whether there is more than was asked for."""


class PartReader:
    """Reads parts of one record, through the door."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def of_patient(
        self,
        patient: str,
        parts: Sequence[Part],
        *,
        opener: Opener,
        action: Action = Action.READ,
    ) -> OpenedParts | Refusal | NotFound:
        """Printed, it leaves out what another patient is in too."""
        organisation = opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await _fetch(connection, organisation, patient, parts)
            if not rows:
                return NotFound(type="Patient", id=patient)
            keys = patient_key_row(rows[0])
            read = partial(stored_row, organisation=organisation, patient=keys.id)
            stored = [(row["part"], read(row)) for row in rows[1:]]
            shown, is_more = _bounded(stored, parts)
            shown = [(part, row) for part, row in shown if _goes(row, action)]
            asked = [row for _, row in shown if row.tier in USUAL_TIERS]
            others = await others_in(connection, asked)
        if not asked:
            return _empty(parts, sealed_left=len(shown))
        opened = await open_of_patient(
            self._warden,
            opener,
            patient=keys,
            rows=asked,
            others=others,
            action=action,
        )
        if isinstance(opened, Refusal):
            return opened
        left = len(shown) - len(asked)
        opened = msgspec.structs.replace(opened, sealed_left=left)
        named = [part for part, row in shown if row.tier in USUAL_TIERS]
        pairs = list(zip(named, opened.resources, strict=True))
        return OpenedParts(
            opened=opened,
            parts=tuple(
                tuple(one for part, one in pairs if part == number)
                for number in range(1, len(parts) + 1)
            ),
            is_more=is_more,
        )


async def _fetch(
    connection: Connection,
    organisation: OrganisationId,
    patient: str,
    parts: Sequence[Part],
) -> Sequence[Row]:
    sql, values = [_KEYS], list[object]()
    for number, part in enumerate(parts, start=1):
        first = 3 + len(values)
        names = ("types", "tokens", "narrowed", "most", "skip")
        places = dict(zip(names, range(first, first + len(names)), strict=True))
        sql.append((_PART % {"part": number}).format(**places))
        codes, narrowed = _codes(part.types), _codes(part.narrowed or part.types)
        tokens = None if part.tokens is None else list(part.tokens)
        values += [codes, tokens, narrowed, part.at_most + 1, part.skip]
    return await connection.fetch("".join(sql), organisation, patient, *values)


def _codes(types: Sequence[str]) -> list[int]:
    return [code for code in map(type_code, types) if code is not None]


def _bounded(
    stored: Sequence[tuple[int, StoredRow]], parts: Sequence[Part]
) -> tuple[list[tuple[int, StoredRow]], tuple[bool, ...]]:
    """What was asked for, and whether there is more; one more was read to know."""
    shown: list[tuple[int, StoredRow]] = []
    is_more = []
    for number, part in enumerate(parts, start=1):
        of_part = [one for one in stored if one[0] == number]
        is_more.append(len(of_part) > part.at_most)
        shown += of_part[: part.at_most]
    return shown, tuple(is_more)


def _goes(row: StoredRow, action: Action) -> bool:
    return action is Action.READ or not row.also


def _empty(parts: Sequence[Part], *, sealed_left: int) -> OpenedParts:
    return OpenedParts(
        opened=Opened(resources=(), sealed_left=sealed_left),
        parts=tuple(() for _ in parts),
        is_more=tuple(False for _ in parts),
    )
