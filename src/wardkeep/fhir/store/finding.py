# SPDX-License-Identifier: Apache-2.0
"""Finding a patient: two facts or the NHS number, and never a list to browse."""

from datetime import date
from itertools import islice

import msgspec

from wardkeep.base.nhs_number import SYSTEM, NhsNumber
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.days import day_term
from wardkeep.fhir.search.index import identifier_term
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.store.listing import show_people
from wardkeep.fhir.store.opening import PEOPLE_A_LIST
from wardkeep.fhir.store.outcomes import FoundPatients, Opener, TooMany
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
)
from wardkeep.fhir.store.tokens import tokens_of

_MATCHING = f"""
select {RESOURCE_COLUMNS}, {KEY_COLUMNS}
  from (select s.id from record.searchable as s where s.type = $1%s limit $2) as found
  join record.resource as r
    on r.organisation = record.served_organisation()
   and r.type = $1 and r.id = found.id
  join record.patient as p on p.number = r.patient
 order by r.id
"""  # noqa: S608 - constants

_FIRST_FACT = 3
"""The number of its value among those of the statement."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the person who is looked for."""

    nhs_number: NhsNumber | None = None
    family: str = ""
    """A surname, or its first three letters and more."""
    given: str = ""
    birth_date: date | None = None

    @property
    def is_enough(self) -> bool:
        """The NHS number, or two facts of which one is the surname."""
        has_second = bool(self.given) or self.birth_date is not None
        return self.nhs_number is not None or (bool(self.family) and has_second)


class NotEnoughFactsError(Exception):
    """The caller asks with one fact only; the page must have refused it."""


class Finder:
    """Finds patients by keyed tokens, and shows at most twenty."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def find(
        self, facts: Facts, *, opener: Opener
    ) -> FoundPatients | TooMany | Refusal:
        """People who match every fact, each named in the ledger.

        Raises:
            NotEnoughFactsError: fewer than two facts and no NHS number.
        """
        if not facts.is_enough:
            raise NotEnoughFactsError
        groups = _terms(facts)
        terms = [one for group in groups for one in group]
        found = await tokens_of(self._warden, opener.session, terms)
        if isinstance(found, Refusal):
            return found
        each = iter(found)
        tokens = [list(islice(each, len(group))) for group in groups]
        async with self._database.connection(opener.organisation) as connection:
            return await self._show(connection, tokens, opener)

    async def _show(
        self, connection: Connection, tokens: list[list[int]], opener: Opener
    ) -> FoundPatients | TooMany | Refusal:
        most = PEOPLE_A_LIST + 1
        facts = "".join(
            f" and s.tokens && ${number}::bigint[]"
            for number in range(_FIRST_FACT, _FIRST_FACT + len(tokens))
        )
        sql = _MATCHING % facts
        rows = await connection.fetch(sql, type_code("Patient"), most, *tokens)
        if len(rows) == most:
            return TooMany(at_least=most)
        return await show_people(self._warden, opener, rows)


def _terms(facts: Facts) -> list[list[bytes]]:
    """Of each fact the terms of which one must be there: a name has many spellings."""
    if facts.nhs_number is not None:
        return [[identifier_term("Patient", SYSTEM, facts.nhs_number)]]
    asked = [("family", facts.family)]
    if facts.given:
        asked.append(("given", facts.given))
    terms = [terms_of("Patient", [one]) for one in asked]
    if facts.birth_date is not None:
        terms.append([day_term("Patient.birthDate", facts.birth_date)])
    return terms
