# SPDX-License-Identifier: Apache-2.0
"""Keeps beside urgent care's resources what happened, as figures count it: no names.

Whoever writes them, a page, a program or a load: figures follow from the records alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference
from wardkeep.fhir.urgent.figures.happened import TYPES, Happened, happened_in

KEEP = """
insert into urgent.happened as h
  (organisation, source, patient, case_key, disposition, first_at, due_at, kinds,
   moments)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (organisation, source) do update
   set patient = excluded.patient, case_key = excluded.case_key,
       disposition = excluded.disposition, first_at = excluded.first_at,
       due_at = excluded.due_at, kinds = excluded.kinds, moments = excluded.moments
"""
DROP = "delete from urgent.happened where organisation = $1 and source = any($2)"


def is_listed(draft: Draft) -> bool:
    """Whether it has a row beside it."""
    return draft.type in TYPES and happened_in(draft.resource.content) is not None


def kept(organisation: int, patient: int, told: Happened) -> tuple[object, ...]:
    """The values of `KEEP`."""
    return (
        *(organisation, told.source, patient, told.case, told.code),
        *(told.first, told.due, list(told.kinds), list(told.moments)),
    )


async def keep_happened(  # noqa: PLR0913 - one change, each part of it named
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    removed: Sequence[Reference],
    numbers: Mapping[str, int],
    now: datetime,
    is_import: bool,
) -> None:
    """Note what new versions tell; what tells nothing any more is dropped."""
    del now, is_import
    gone = [f"{one.type}/{one.id}" for one in removed if one.type in TYPES]
    rows = []
    for draft in drafts:
        if draft.type not in TYPES:
            continue
        is_told = bool(draft.owner) and draft.tier is not Tier.SEALED
        content = {**draft.resource.content, "id": draft.id}
        told = happened_in(content) if is_told else None
        if told is None:
            gone.append(f"{draft.type}/{draft.id}")
            continue
        rows.append(kept(organisation, numbers[draft.owner], told))
    if len(rows) == 1:
        await connection.execute(KEEP, *rows[0])
    elif rows:
        await connection.execute_many(KEEP, rows)
    if gone:
        await connection.execute(DROP, organisation, gone)
