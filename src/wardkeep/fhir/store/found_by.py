# SPDX-License-Identifier: Apache-2.0
"""What lies beside the record so that lists find it, kept with each change of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.fhir.store import (
    bookings,
    called,
    depots,
    detained,
    happening,
    queued,
    referred,
    scheduled,
    warded,
)
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference

_KEPT = bookings.KEPT | referred.LISTED


def is_found_by_more(draft: Draft) -> bool:
    """Whether something lies beside it."""
    if draft.type in _KEPT:
        return True
    lies_beside = (
        *(detained.is_listed, depots.is_listed),
        *(warded.is_listed, called.is_listed, queued.is_listed),
        *(happening.is_listed, scheduled.is_listed),
    )
    return any(one(draft) for one in lies_beside)


async def keep_found(  # noqa: PLR0913 - one change, each part of it named
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    removed: Sequence[Reference],
    numbers: Mapping[str, int],
    now: datetime,
    is_import: bool,
) -> None:
    """In the change's own transaction.

    Raises:
        SlotTakenError: an appointment names a slot that another one has.
        TakenError: a bed is another one's; or somebody has two levels, or is out twice;
            or a case waits in another place.
    """
    await bookings.keep_bookings(
        connection, organisation, drafts, numbers=numbers, is_import=is_import
    )
    await bookings.end_bookings(connection, organisation, removed)
    await referred.keep_referrals(
        connection,
        organisation,
        drafts,
        numbers=numbers,
        now=now,
        is_import=is_import,
    )
    await referred.end_referrals(connection, organisation, removed)
    for keep in (
        *(detained.keep_sections, depots.keep_schedules),
        *(warded.keep_wards, called.keep_calls, queued.keep_entries),
        *(happening.keep_happened, scheduled.keep_schedules),
    ):
        await keep(
            connection,
            organisation,
            drafts,
            removed=removed,
            numbers=numbers,
            now=now,
            is_import=is_import,
        )
