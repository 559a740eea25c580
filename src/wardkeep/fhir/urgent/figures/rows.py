# SPDX-License-Identifier: Apache-2.0
"""What happened in a span, as the database knows it: nobody's record is opened."""

from collections.abc import Sequence
from datetime import datetime
from sys import intern

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.on_the_telephone import told_of_calls
from wardkeep.fhir.urgent.figures.spans import Span

# What happened first in the span; then all else of the same cases, for a case that was
# begun before midnight has its end after it; then bookings, which know what they are
# based on alone. By keys, each found in an index: joined by the database, it goes
# through all that ever happened.
_COLUMNS = "select source, case_key, disposition, due_at, kinds, moments"
_IN_SPAN = f"""
{_COLUMNS} from urgent.happened
 where organisation = $1 and first_at >= $2 and first_at < $3
"""
_OF_CASES = f"""
{_COLUMNS} from urgent.happened
 where organisation = $1 and case_key = any($4::text[])
   and (first_at < $2 or first_at >= $3)
"""
_OF_REQUESTS = f"""
{_COLUMNS} from urgent.happened
 where organisation = $1 and case_key = any($2::text[])
"""
_REQUEST = "ServiceRequest/"
_AMBULANCES = """
select d.entry, e.case_key, e.disposition, d.asked_at, d.sent_at, d.acknowledged_at
  from urgent.dispatch as d
  join urgent.entry as e on e.organisation = d.organisation and e.entry = d.entry
 where d.organisation = $1 and d.asked_at >= $2 and d.asked_at < $3
   and (d.called_off_at is null or d.sent_at is not null)
"""
_MESSAGES = """
select message, about, made_at, answer_by, sent_at, answered_at from bars.outgoing
 where organisation = $1 and kind = 'message' and made_at >= $2 and made_at < $3
   and sort <> 'ambulance' -- counted by what was asked for, above
"""


class FigureRows:
    """Asks the database what happened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def happened(
        self, organisation: OrganisationId, span: Span
    ) -> list[Happened]:
        """All of what is counted in a span, and what happened to it later."""
        async with self._database.connection(organisation) as connection:
            phoned = await told_of_calls(connection, organisation, span)
            cases = _cases_of(phoned, span)
            told = await _told(connection, organisation, span, cases)
            asked = await connection.fetch(_AMBULANCES, organisation, *span)
            sent = await connection.fetch(_MESSAGES, organisation, *span)
        return [
            *told,
            *phoned,
            *[_ambulance(row) for row in asked],
            *[_message(row) for row in sent],
        ]


async def _told(
    connection: Connection,
    organisation: OrganisationId,
    span: Span,
    cases: Sequence[str],
) -> list[Happened]:
    """What resources told of cases that began in a span, and of those named."""
    found = await connection.fetch(_IN_SPAN, organisation, *span)
    keys = sorted({*cases, *(row["case_key"] for row in found)})
    rest = await connection.fetch(_OF_CASES, organisation, *span, keys)
    told = [told_in(row) for row in (*found, *rest)]
    asked = sorted(
        one.source
        for one in told
        if one.source.startswith(_REQUEST) and one.case != one.source
    )
    booked = await connection.fetch(_OF_REQUESTS, organisation, asked)
    return [*told, *(told_in(row) for row in booked)]


def _cases_of(phoned: Sequence[Happened], span: Span) -> list[str]:
    """Cases whose call was answered in the span, though they were begun after it."""
    return [
        one.case
        for one in phoned
        if one.case != one.source and any(span.has(at) for at in one.moments)
    ]


def told_in(row: Row) -> Happened:
    """A row of `urgent.happened`, whose first columns are those of the query above."""
    source, case, code, due, kinds, moments, *_ = row.values()
    # Some hundred thousand rows have some ten kinds and codes: each is there once.
    return Happened(
        source,
        case,
        intern(code),
        due,
        tuple(map(intern, kinds)),
        tuple(moments),
    )


def _ambulance(row: Row) -> Happened:
    kinds, moments = _those(
        row,
        ("ambulance-asked", "asked_at"),
        ("ambulance-sent", "sent_at"),
        ("ambulance-acknowledged", "acknowledged_at"),
    )
    return Happened(
        source=f"ambulance/{row['entry']}",
        case=row["case_key"],
        code=row["disposition"],
        kinds=kinds,
        moments=moments,
    )


def _message(row: Row) -> Happened:
    kinds, moments = _those(
        row,
        ("message-made", "made_at"),
        ("message-sent", "sent_at"),
        ("message-answered", "answered_at"),
    )
    return Happened(
        source=f"message/{row['message']}",
        case=row["about"],
        due=row["answer_by"],
        kinds=kinds,
        moments=moments,
    )


def _those(
    row: Row, *named: tuple[str, str]
) -> tuple[tuple[str, ...], tuple[datetime, ...]]:
    """Kinds and moments of what was."""
    there = [(kind, row[column]) for kind, column in named if row[column] is not None]
    return tuple(kind for kind, _ in there), tuple(at for _, at in there)
