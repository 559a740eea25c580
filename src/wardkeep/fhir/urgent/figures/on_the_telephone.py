# SPDX-License-Identifier: Apache-2.0
"""What telephone systems told, as figures count it: a call, and the case it came to."""

from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.spans import Span
from wardkeep.fhir.urgent.telephone.rows import (
    PhoneCall,
    calls_of,
)

SOURCE = "telephone/"


async def told_of_calls(
    connection: Connection, organisation: OrganisationId, span: Span
) -> list[Happened]:
    """What telephone systems told of calls that began in a span, or just before."""
    rows = await calls_of(connection, organisation, *span)
    found = [happened_on_the_telephone(row) for row in rows]
    return [one for one in found if one is not None]


def happened_on_the_telephone(call: PhoneCall) -> Happened | None:
    """None where nothing but the end of a call is known yet."""
    established, cleared = call.established_at, call.cleared_at
    began = call.offered_at, call.queued_at, call.delivered_at, established
    offered = min(filter(None, began), default=None)
    if offered is None:
        return None
    waits = call.queued_at or offered
    kinds: tuple[str, ...] = ("phone-offered", "phone-waits")
    moments: tuple[datetime, ...] = (offered, waits)
    if established is not None:
        kinds += ("phone-answered",)
        moments += (max(established, waits),)
    if cleared is not None:
        kinds += ("phone-over" if established else "phone-gave-up",)
        moments += (cleared,)
    source = f"{SOURCE}{call.call}"
    return Happened(
        source=source,
        case=f"Encounter/{call.case}" if call.case else source,
        kinds=kinds,
        moments=moments,
    )
