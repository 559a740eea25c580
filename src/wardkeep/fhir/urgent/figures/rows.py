# SPDX-License-Identifier: Apache-2.0
"""What happened in a span, as the database knows it: nobody's record is opened."""

from collections.abc import Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, Row
from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.on_the_telephone import told_of_calls
from wardkeep.fhir.urgent.figures.spans import Span

# All of each case of which anything happened first in the span: a case that was begun
# before midnight has its end after it. A booking knows what it is based on alone.
_HAPPENED = """
with begun as materialized (
  select case_key from urgent.happened
   where organisation = $1 and first_at >= $2 and first_at < $3
  union
  select unnest($4::text[])),
of_cases as (
  select h.* from begun join urgent.happened as h
      on h.organisation = $1 and h.case_key = begun.case_key)
select source, case_key, disposition, due_at, kinds, moments from of_cases
union all
select h.source, h.case_key, h.disposition, h.due_at, h.kinds, h.moments
  from of_cases as o join urgent.happened as h
    on h.organisation = $1 and h.case_key = o.source
 where o.source like 'ServiceRequest/%' and o.case_key <> o.source
"""
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
            told = await connection.fetch(_HAPPENED, organisation, *span, cases)
            asked = await connection.fetch(_AMBULANCES, organisation, *span)
            sent = await connection.fetch(_MESSAGES, organisation, *span)
        return [
            *[told_in(row) for row in told],
            *phoned,
            *[_ambulance(row) for row in asked],
            *[_message(row) for row in sent],
        ]


def _cases_of(phoned: Sequence[Happened], span: Span) -> list[str]:
    """Cases whose call was answered in the span, though they were begun after it."""
    return [
        one.case
        for one in phoned
        if one.case != one.source and any(span.has(at) for at in one.moments)
    ]


def told_in(row: Row) -> Happened:
    """A row of `urgent.happened`."""
    return Happened(
        source=row["source"],
        case=row["case_key"],
        code=row["disposition"],
        due=row["due_at"],
        kinds=tuple(row["kinds"]),
        moments=tuple(row["moments"]),
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
