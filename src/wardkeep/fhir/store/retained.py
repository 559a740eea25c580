# SPDX-License-Identifier: Apache-2.0
"""What has been kept for long enough, counted and listed without opening anything."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.retention import CHILDREN_UNTIL_YEARS, Rule, years_before

_COUNT = """
select count(*) as resources, count(distinct r.patient) as people,
       min(coalesce(r.clinical_at, r.last_updated)) as oldest
  from record.resource as r
 where r.organisation = $1 and r.type = any($2)
   and coalesce(r.clinical_at, r.last_updated) < $3
"""
_RECORDS = """
select p.id, l.first, l.last, l.resources
  from record.patient as p,
       lateral (select min(coalesce(r.clinical_at, r.last_updated)) as first,
                       coalesce(max(record.contact_at(
                         r.type, r.version, r.clinical_at, r.last_updated)),
                         max(r.last_updated)) as last,
                       count(*) as resources
                  from record.resource as r
                 where r.organisation = $1 and r.patient = p.number) as l
 where p.organisation = $1 and p.record_key <> '' and l.last < $2
 order by l.last
 limit $3
"""


class DueItems(msgspec.Struct, frozen=True, kw_only=True):
    """How much of some types is due."""

    resources: int
    people: int
    oldest: datetime | None


class DueRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A person's record in which nothing happened for as long as it must be kept."""

    patient: str
    first: datetime
    last: datetime
    resources: int
    is_of_adult: bool
    """The first thing in it is so old that the person is no child any more; otherwise
    the date of birth must be looked at."""


class RetainedReader:
    """Counts and lists what is due in an organisation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def items(
        self, rule: Rule, *, organisation: OrganisationId, before: datetime
    ) -> DueItems:
        """How much of the rule's types is older than the moment."""
        async with self._database.connection(organisation) as connection:
            row = await connection.fetch_row(
                _COUNT, organisation, list(rule.types), before
            )
        if row is None:
            return DueItems(resources=0, people=0, oldest=None)
        return DueItems(
            resources=row["resources"], people=row["people"], oldest=row["oldest"]
        )

    async def records(
        self,
        *,
        organisation: OrganisationId,
        before: datetime,
        now: datetime,
        at_most: int,
    ) -> Sequence[DueRecord]:
        """Whole records that are due, the longest untouched first."""
        grown_up = years_before(now, CHILDREN_UNTIL_YEARS)
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_RECORDS, organisation, before, at_most)
        return [
            DueRecord(
                patient=row["id"],
                first=row["first"],
                last=row["last"],
                resources=row["resources"],
                is_of_adult=row["first"] < grown_up,
            )
            for row in rows
        ]
