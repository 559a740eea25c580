# SPDX-License-Identifier: Apache-2.0
"""What telephone systems told, as figures count it: a call, and the case it came to."""

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.spans import Span
from wardkeep.fhir.urgent.telephone.rows import (
    RINGS_AT_MOST,
    PhoneCall,
    calls_of,
)

SOURCE = "telephone/"


async def told_of_calls(
    connection: Connection, organisation: OrganisationId, span: Span
) -> list[Happened]:
    """What telephone systems told of calls that began in a span, or just before."""
    since, until = span
    values = (organisation, since - RINGS_AT_MOST, until)
    found = [
        happened_on_the_telephone(row) for row in await calls_of(connection, *values)
    ]
    return [one for one in found if one is not None]


def happened_on_the_telephone(call: PhoneCall) -> Happened | None:
    """None where nothing but the end of a call is known yet."""
    began = (
        *(call.offered_at, call.queued_at, call.delivered_at),
        call.established_at,
    )
    known = [at for at in began if at is not None]
    if not known:
        return None
    waits = call.queued_at or min(known)
    told = {"phone-offered": min(known), "phone-waits": waits}
    if call.established_at is not None:
        told["phone-answered"] = max(call.established_at, waits)
    if call.cleared_at is not None:
        is_answered = call.established_at is not None
        told["phone-over" if is_answered else "phone-gave-up"] = call.cleared_at
    source = f"{SOURCE}{call.call}"
    return Happened(
        source=source,
        case=f"Encounter/{call.case}" if call.case else source,
        kinds=tuple(told),
        moments=tuple(told.values()),
    )
