# SPDX-License-Identifier: Apache-2.0
"""What is missing or wrong, by team and rule: written when a data set is gone through.

Ids alone: who they are, and the link by which it is mended, is a page's to show.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.db.connection import Database, Row
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.data_sets.filling import Fault
from wardkeep.fhir.data_sets.specification import STOPS

NO_TEAM = ""
_BEGIN = """
insert into data_set.report (id, organisation, data_set, version, period, made_at,
                             patients)
values ($1, $2, $3, $4, $5, $6, 0)
"""
_FAULTS = """
insert into data_set.fault (patient, organisation, report, team, rule, type, resource)
select n.patient, $1, $2, n.team, n.rule, n.type, n.resource
  from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])
       as n (patient, team, rule, type, resource)
"""
_FINISH = """
update data_set.report set patients = $3, counts = $4::text::jsonb, is_whole = true
 where organisation = $1 and id = $2
"""
_FORGET = """
delete from data_set.report
 where organisation = $1 and data_set = $2 and period = $3 and id <> $4
"""
_NEWEST = """
select id, data_set, version, period, made_at, patients, counts::text as counts
  from data_set.report
 where organisation = $1 and is_whole order by made_at desc limit $2
"""
_LINES = """
select f.number, p.id as patient, f.type, f.resource
  from data_set.fault as f join record.patient as p on p.number = f.patient
 where f.organisation = $1 and f.report = $2 and f.team = $3 and f.rule = $4
   and f.number > $5
 order by f.number limit $6
"""
MOST_REPORTS = 24
A_PAGE = 50


class Count(msgspec.Struct, frozen=True):
    """How often one rule told of something in one team."""

    team: str
    """The id of a HealthcareService; empty: of no team."""
    rule: str
    count: int
    is_left_out: bool
    """Whether the row does not go, or goes without it."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says in numbers."""

    rows: dict[str, int] = {}
    left_out: int = 0
    canaries: int = 0
    teams_without_type: tuple[str, ...] = ()
    faults: tuple[Count, ...] = ()


class Report(NamedTuple):
    """One going through."""

    id: str
    data_set: str
    version: str
    period: str
    made_at: datetime
    patients: int
    counts: Counts


class Line(NamedTuple):
    """One resource that lacks something."""

    number: int
    patient: str
    type: str
    resource: str


class ReportWriter:
    """Writes one report, lot by lot; what is not finished is shown to nobody."""

    def __init__(self, database: Database, organisation: OrganisationId) -> None:
        self._database = database
        self._organisation = organisation
        self._counted: Counter[tuple[str, str, bool]] = Counter()
        self.id = new_uuid()

    async def begin(
        self, *, data_set: str, version: str, period: str, at: datetime
    ) -> None:
        async with self._database.connection(self._organisation) as connection:
            await connection.execute(
                _BEGIN,
                UUID(self.id),
                self._organisation,
                data_set,
                version,
                period,
                at,
            )

    def count(self, fault: Fault) -> None:
        """Count one of no patient."""
        for team in fault.teams or (NO_TEAM,):
            self._counted[team, fault.rule.code, fault.weight == STOPS] += 1

    async def add(self, faults: Sequence[tuple[int, Fault]]) -> None:
        """What is wrong with some patients, each by their number."""
        lines = [
            (number, team, one.rule.code, one.type, one.id)
            for number, one in faults
            for team in one.teams or (NO_TEAM,)
        ]
        for _, one in faults:
            self.count(one)
        try:
            await self._insert(lines)
        except AlreadyExistsError:
            # One of them was erased a moment ago: nothing is written of them.
            for number in dict.fromkeys(line[0] for line in lines):
                own = [line for line in lines if line[0] == number]
                try:
                    await self._insert(own)
                except AlreadyExistsError:
                    continue

    async def _insert(self, lines: Sequence[tuple[int, str, str, str, str]]) -> None:
        if not lines:
            return
        columns = [list(column) for column in zip(*lines, strict=True)]
        async with self._database.connection(self._organisation) as connection:
            await connection.execute(
                _FAULTS, self._organisation, UUID(self.id), *columns
            )

    async def finish(
        self, counts: Counts, *, data_set: str, period: str, patients: int
    ) -> Counts:
        """Show it, in place of older ones of the month."""
        faults = tuple(
            Count(team, rule, many, is_left_out)
            for (team, rule, is_left_out), many in self._counted.most_common()
        )
        counts = msgspec.structs.replace(counts, faults=faults)
        async with self._database.transaction(self._organisation) as connection:
            await connection.execute(
                _FINISH,
                self._organisation,
                UUID(self.id),
                patients,
                msgspec.json.encode(counts).decode(),
            )
            await connection.execute(
                _FORGET, self._organisation, data_set, period, UUID(self.id)
            )
        return counts


class Reports:
    """Reads reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, organisation: OrganisationId) -> list[Report]:
        """One a data set and month, the newest first."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_NEWEST, organisation, MOST_REPORTS)
        return [_report(row) for row in rows]

    async def lines(
        self,
        organisation: OrganisationId,
        report: str,
        *,
        team: str,
        rule: str,
        after: int = 0,
    ) -> list[Line]:
        """One more than a page where there are more."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _LINES, organisation, UUID(report), team, rule, after, A_PAGE + 1
            )
        return [Line(*row.values()) for row in rows]


def _report(row: Row) -> Report:
    return Report(
        id=str(row["id"]),
        data_set=row["data_set"],
        version=row["version"],
        period=row["period"],
        made_at=row["made_at"],
        patients=row["patients"],
        counts=msgspec.json.decode(row["counts"], type=Counts),
    )
