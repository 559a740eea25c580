# SPDX-License-Identifier: Apache-2.0
"""Remembers which schedule a line of the formulary says, whoever writes it.

A program may add one by writing; none is forgotten by writing
(`fhir/prescriptions/schedules.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.fhir.prescriptions.formulary import TYPE, Item, item_in
from wardkeep.fhir.prescriptions.schedules import say
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference


def _item_in(draft: Draft) -> Item | None:
    if draft.type != TYPE:
        return None
    # One that is not used any more was controlled all the same.
    return item_in({**draft.resource.content, "id": draft.id, "status": "active"})


def is_listed(draft: Draft) -> bool:
    """Whether it has rows beside it."""
    item = _item_in(draft)
    return item is not None and bool(item.schedule)


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
    """Note what new versions say; of what is removed, what it said stays."""
    del removed, numbers, is_import
    items = [item for item in map(_item_in, drafts) if item is not None]
    await say(connection, organisation, items, now=now)
