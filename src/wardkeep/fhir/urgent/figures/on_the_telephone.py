# SPDX-License-Identifier: Apache-2.0
"""What telephone systems told, as figures count it: a call, and the case it came to."""

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Row
from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.spans import Span
from wardkeep.fhir.urgent.telephone.rows import RINGS_AT_MOST, calls_of

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


def happened_on_the_telephone(row: Row) -> Happened | None:
    """None where nothing but the end of a call is known yet."""
    began = [row[f"{one}_at"] for one in ("offered", "queued", "delivered")]
    known = [at for at in (*began, row["established_at"]) if at is not None]
    if not known:
        return None
    told = {"phone-offered": min(known)}
    waits = row["queued_at"] or min(known)
    told["phone-waits"] = waits
    if row["established_at"] is not None:
        told["phone-answered"] = max(row["established_at"], waits)
    if row["cleared_at"] is not None:
        is_answered = row["established_at"] is not None
        told["phone-over" if is_answered else "phone-gave-up"] = row["cleared_at"]
    source, case = f"{SOURCE}{row['call']}", row["case_id"]
    return Happened(
        source=source,
        case=f"Encounter/{case}" if case else source,
        kinds=tuple(told),
        moments=tuple(told.values()),
    )
