# SPDX-License-Identifier: Apache-2.0
"""Sections as the database knows them: ids, codes and times; nothing is opened."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, Row
from wardkeep.fhir.mha.facts import Fact, Facts

MOST = 2000
"""Of one organisation; the largest trusts have some hundred people detained."""
_OPEN = """
select s.section, p.id as patient, s.code, s.began_at, s.place, s.facts::text as facts
  from mha.section as s join record.patient as p on p.number = s.patient
 where s.organisation = $1 and s.is_open
   and ($2::text[] is null or s.place = any($2))
 order by s.began_at, s.section limit $3
"""
_decode = msgspec.json.Decoder(tuple[Fact, ...]).decode


class Listed(NamedTuple):
    """One section of a list."""

    patient: str
    place: str
    """As `Location/x`; empty: nobody said."""
    facts: Facts


class SectionRows:
    """Asks the database who is under the Act."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, organisation: OrganisationId, *, places: Sequence[str] | None = None
    ) -> list[Listed]:
        """Sections that nobody has ended, of some wards; None: of all, and of none."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_OPEN, organisation, places, MOST)
        return [_listed(row) for row in rows]


def _listed(row: Row) -> Listed:
    return Listed(
        patient=row["patient"],
        place=row["place"],
        facts=Facts(
            section=row["section"],
            code=row["code"],
            began=row["began_at"],
            facts=_decode(row["facts"]),
        ),
    )


def facts_written(facts: tuple[Fact, ...]) -> str:
    """Facts as the row has them."""
    return msgspec.json.encode(facts).decode()
