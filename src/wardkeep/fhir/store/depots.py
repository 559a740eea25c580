# SPDX-License-Identifier: Apache-2.0
"""Keeps beside each depot schedule the days by which lists find it.

Whoever writes it, a page, a program or a load: the list shows it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.depots.schedule import TYPE, Schedule, is_schedule, read_schedule
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference

TOPIC = Topic("depots")
_KEEP = """
insert into depot.schedule
  (organisation, schedule, patient, place, due_on, opens_on, closes_on, is_open,
   changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (organisation, schedule) do update
   set place = excluded.place, due_on = excluded.due_on, opens_on = excluded.opens_on,
       closes_on = excluded.closes_on, is_open = excluded.is_open,
       changed_at = excluded.changed_at
"""
_CLOSE = """
update depot.schedule set is_open = false
 where organisation = $1 and schedule = any($2) and is_open returning schedule
"""


def is_listed(draft: Draft) -> bool:
    """Whether it has a row beside it."""
    return draft.type == TYPE and is_schedule(draft.resource.content)


async def keep_schedules(  # noqa: PLR0913 - one change, each part of it named
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    removed: Sequence[Reference],
    numbers: Mapping[str, int],
    now: datetime,
    is_import: bool,
) -> None:
    """Note what new versions say, and tell whoever looks at the list.

    A MedicationRequest that was a schedule and is none any more is on no list.
    """
    gone = [one.id for one in removed if one.type == TYPE]
    is_changed = False
    for draft in (one for one in drafts if one.type == TYPE):
        said = read_schedule(draft.resource.content) if draft.owner else None
        if said is None or draft.tier is Tier.SEALED:
            gone.append(draft.id)
            continue
        number = numbers[draft.owner or ""]
        await _keep(connection, organisation, said, number=number, now=now)
        is_changed = True
    if gone:
        closed = await connection.fetch(_CLOSE, organisation, gone)
        is_changed = is_changed or bool(closed)
    if is_changed and not is_import:
        await tell(connection, organisation, [TOPIC])


async def _keep(
    connection: Connection,
    organisation: OrganisationId,
    one: Schedule,
    *,
    number: int,
    now: datetime,
) -> None:
    days = one.window
    await connection.execute(
        _KEEP,
        *(organisation, one.id, number, one.place.reference),
        *(days.due, days.opens, days.closes, one.ended is None, now),
    )
