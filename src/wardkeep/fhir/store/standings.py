# SPDX-License-Identifier: Apache-2.0
"""How patients of a list stand, told by times and tokens: nothing clinical is opened.

A row has its type, its clinical time and keyed tokens beside what is sealed. That is
enough to say that something is due, or that a report waits; what it says stays shut
until the record is opened (docs/threat-model.md tells what rows show).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.tokens import tokens_of

REPORT_DAYS, SET_DAYS = 30, 7
_ASKED = (
    ("Appointment", "status", "booked,arrived,checked-in,pending"),
    ("Observation", "code", "http://loinc.org|9279-1"),
    ("DiagnosticReport", "status", "final,amended,corrected,appended"),
)
"""What is live; a respiration rate stands for a set, which no set lacks."""
_DUE = (("ServiceRequest", "status", "active"),)
_MARKS = ("ServiceRequest", "ClinicalImpression", "RiskAssessment")
_STANDINGS = """
select p.id, p.number,
  (select min(r.clinical_at) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = $3
      and not r.is_deleted and r.clinical_at >= $4
      and r.tokens && $5::bigint[]) as next_contact,
  (select max(r.clinical_at) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = $6
      and not r.is_deleted and r.clinical_at >= $7
      and r.tokens && $8::bigint[]) as last_set,
  (select count(*) from record.resource as r
    where r.organisation = $1 and r.patient = p.number and r.type = $9
      and not r.is_deleted
      and (r.ranges is null or r.ranges[3] is null
           or (r.ranges[3] > $10 and r.ranges[2] <= $10))) as alerts
  from unnest($2::text[]) as wanted (id)
  join record.patient as p on p.organisation = $1 and p.id = wanted.id
"""
_REPORTS = """
select r.patient, r.id, r.version from record.resource as r
 where r.organisation = $1 and r.patient = any($2::bigint[]) and r.type = $3
   and not r.is_deleted and r.clinical_at >= $4 and r.tokens && $5::bigint[]
"""
_THERE = """
select r.id, r.clinical_at, r.tokens && $4::bigint[] as is_open
  from unnest($3::bytea[], $5::text[]) as wanted (id, patient)
  join record.patient as p on p.organisation = $1 and p.id = wanted.patient
  join record.resource as r on r.organisation = $1 and r.type = any($2::smallint[])
   and r.id = wanted.id and r.patient = p.number
 where not r.is_deleted
"""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One patient's."""

    next_contact: datetime | None
    last_set: datetime | None
    """When observations were last taken, within a week."""
    alerts: int
    reports: tuple[tuple[str, int], ...]
    """Final reports of the last month, as id and version."""


class Marks(msgspec.Struct, frozen=True):
    """Resources that are there, by their id."""

    due: dict[str, datetime]
    """Open ones, with their time."""
    there: frozenset[str]
    at: Mapping[str, datetime]
    """The clinical time of each that has one."""


class Standings:
    """Asks rows how people stand."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def of(
        self, patients: Sequence[str], *, now: datetime, opener: Opener
    ) -> dict[str, Standing] | Refusal:
        """By patient; whoever is not here is left out."""
        tokens = await self._tokens(_ASKED, opener)
        if isinstance(tokens, Refusal):
            return tokens
        contact, sets, reports = tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _STANDINGS,
                opener.organisation,
                list(patients),
                type_code("Appointment"),
                now,
                contact,
                type_code("Observation"),
                now - timedelta(days=SET_DAYS),
                sets,
                type_code("Flag"),
                microseconds_since_epoch(now),
            )
            waiting = await connection.fetch(
                _REPORTS,
                opener.organisation,
                [row["number"] for row in rows],
                type_code("DiagnosticReport"),
                now - timedelta(days=REPORT_DAYS),
                reports,
            )
        return {row["id"]: _standing(row, waiting) for row in rows}

    async def marks(
        self, wanted: Sequence[tuple[str, str]], *, opener: Opener
    ) -> Marks | Refusal:
        """Which there are of what is due, of marks that somebody looked, and of risk.

        `wanted` are pairs of patient and id: what lies in another's record is no mark.
        """
        tokens = await self._tokens(_DUE, opener)
        if isinstance(tokens, Refusal):
            return tokens
        [active] = tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await _there(connection, opener, wanted, active)
        return Marks(
            {
                id_of(row["id"]): row["clinical_at"]
                for row in rows
                if row["is_open"] and row["clinical_at"] is not None
            },
            frozenset(id_of(row["id"]) for row in rows),
            {
                id_of(row["id"]): row["clinical_at"]
                for row in rows
                if row["clinical_at"] is not None
            },
        )

    async def _tokens(
        self, asked: Sequence[tuple[str, str, str]], opener: Opener
    ) -> list[list[int]] | Refusal:
        """Of each (type, parameter, value), in one question."""
        terms = [terms_of(type_, [(name, value)]) for type_, name, value in asked]
        flat = [term for one in terms for term in one]
        found = await tokens_of(self._warden, opener.session, flat)
        if isinstance(found, Refusal):
            return found
        dealt = iter(found)
        return [[next(dealt) for _ in one] for one in terms]


async def _there(
    connection: Connection,
    opener: Opener,
    wanted: Sequence[tuple[str, str]],
    active: list[int],
) -> Sequence[Row]:
    return await connection.fetch(
        _THERE,
        opener.organisation,
        [type_code(one) for one in _MARKS],
        [stored_id(one) for _, one in wanted],
        active,
        [patient for patient, _ in wanted],
    )


def _standing(row: Row, reports: Sequence[Row]) -> Standing:
    return Standing(
        next_contact=row["next_contact"],
        last_set=row["last_set"],
        alerts=row["alerts"],
        reports=tuple(
            (id_of(one["id"]), one["version"])
            for one in reports
            if one["patient"] == row["number"]
        ),
    )
