# SPDX-License-Identifier: Apache-2.0
"""Keeps beside each section of the Mental Health Act what the office's list needs.

Whoever writes it, a page, a program or a load: the list shows it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.mha.rows import facts_written
from wardkeep.fhir.mha.section import TYPE, is_section, read_section
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference

TOPIC = Topic("mha")
_KEEP = """
insert into mha.section
  (organisation, section, patient, code, began_at, is_open, place, facts, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9)
on conflict (organisation, section) do update
   set code = excluded.code, began_at = excluded.began_at, is_open = excluded.is_open,
       place = excluded.place, facts = excluded.facts, changed_at = excluded.changed_at
"""
_CLOSE = """
update mha.section set is_open = false, facts = '[]'
 where organisation = $1 and section = $2
"""


def is_listed(draft: Draft) -> bool:
    """Whether it has a row beside it."""
    return draft.type == TYPE and is_section(draft.resource.content)


async def keep_sections(  # noqa: PLR0913 - one change, each part of it named
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    removed: Sequence[Reference],
    numbers: Mapping[str, int],
    now: datetime,
    is_import: bool,
) -> None:
    """Note what new versions say, and tell whoever looks at the list."""
    kept = [one for one in drafts if one.owner and is_listed(one)]
    for draft in kept:
        number = numbers[draft.owner or ""]
        await _keep(connection, organisation, draft, number=number, now=now)
    gone = [one.id for one in removed if one.type == TYPE]
    for id_ in gone:
        await connection.execute(_CLOSE, organisation, id_)
    if (kept or gone) and not is_import:
        await tell(connection, organisation, [TOPIC])


async def _keep(
    connection: Connection,
    organisation: OrganisationId,
    draft: Draft,
    *,
    number: int,
    now: datetime,
) -> None:
    section = read_section(draft.resource.content)
    if section is None or draft.tier is Tier.SEALED:
        await connection.execute(_CLOSE, organisation, draft.id)
        return
    facts = section.facts
    await connection.execute(
        _KEEP,
        *(organisation, draft.id, number, section.code, section.began),
        *(facts.ended is None, section.ward.reference, facts_written(facts.facts), now),
    )
