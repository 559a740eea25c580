# SPDX-License-Identifier: Apache-2.0
"""Earlier calls that may be one person's, found by keyed tokens: nobody is opened.

The five facts of the repeat caller rule are compared in the database, token by token,
among those alone who rang in the last 96 hours (docs/decisions/0061-calls.md).
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from wardkeep.base.nhs_number import SYSTEM
from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.days import day_term
from wardkeep.fhir.search.index import identifier_term
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.tokens import tokens_of
from wardkeep.fhir.urgent.call_rows import CallRow, row_of
from wardkeep.fhir.urgent.case import CALL_BACK, TYPE
from wardkeep.fhir.urgent.repeat import (
    WINDOW,
    Earlier,
    Facts,
    Likeness,
    likeness_by,
)

DROPPED = timedelta(hours=12)
"""Within which whoever rings from a number may be going on with a call."""
MOST = 20
_ALIKE = """
select c.case_id, c.began_at, p.id = $3 as is_own,
       s.tokens && $6::bigint[] as has_number,
       (s.tokens && $7::bigint[])::int + (s.tokens && $8::bigint[])::int
         + (s.tokens && $9::bigint[])::int + (s.tokens && $10::bigint[])::int
         + (s.tokens && $11::bigint[])::int as alike
  from call.listed as c
  join record.patient as p on p.number = c.patient
  join record.searchable as s on s.type = $2 and s.patient = c.patient
 where c.organisation = $1 and c.state <> 'mistake' and c.began_at between $4 and $5
"""
_FROM_NUMBER = """
select s.id as found, c.case_id, p.id as patient, c.began_at, c.taker, c.state
  from record.searchable as s
  join call.listed as c
    on c.organisation = $1 and c.patient = s.patient and c.state in ('open', 'ended')
  join record.patient as p on p.number = c.patient
 where s.type = $2 and s.tokens && $3::bigint[] and c.began_at >= $4
 order by c.began_at desc limit $5
"""


class Callers:
    """Asks who rang before, by what is known of them."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def earlier(
        self, patient: str, facts: Facts, *, began: datetime, opener: Opener
    ) -> list[Earlier] | Refusal:
        """Calls in the 96 hours before: the patient's own, and of people alike."""
        groups = list(_groups(facts))
        found = await tokens_of(
            self._warden, opener.session, [one for group in groups for one in group]
        )
        if isinstance(found, Refusal):
            return found
        each = iter(found)
        tokens = [list(islice(each, len(group))) for group in groups]
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _ALIKE,
                *(opener.organisation, type_code("Patient"), patient),
                *(began - WINDOW, began, *tokens),
            )
        return [
            _earlier(row, is_known=_is_known(facts, row), alike=row["alike"])
            for row in rows
        ]

    async def from_number(
        self, number: str, *, now: datetime, opener: Opener
    ) -> list[CallRow] | Refusal:
        """Cases that are not closed, with this number to ring back on."""
        if not number:
            return []
        term = identifier_term(TYPE, CALL_BACK, number)
        tokens = await tokens_of(self._warden, opener.session, [term])
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _FROM_NUMBER,
                *(opener.organisation, type_code(TYPE), tokens),
                *(now - DROPPED, MOST),
            )
        return [row_of(row) for row in rows if id_of(row["found"]) == row["case_id"]]


def _is_known(facts: Facts, row: Row) -> bool:
    """Whether nothing but the same person can be meant: one record, or one number."""
    return bool(row["is_own"] or (facts.is_verified and row["has_number"]))


def _earlier(row: Row, *, is_known: bool, alike: int) -> Earlier:
    return Earlier(
        case=row["case_id"],
        began=row["began_at"],
        likeness=Likeness.SAME if is_known else likeness_by(alike),
        is_by_facts=not is_known,
    )


def _groups(facts: Facts) -> Iterator[Sequence[bytes]]:
    """Of the number and of each of the five facts the terms of which one is there."""
    number = [identifier_term("Patient", SYSTEM, facts.number)] if facts.number else []
    yield number
    for name, said in (("given", facts.given), ("family", facts.family)):
        spelt = {said, said.title(), said.upper(), said.lower()} if said else set()
        yield [term for one in sorted(spelt) for term in _terms(f"{name}:exact", one)]
    yield _day(facts.born)
    yield _terms("gender", facts.gender)
    yield _terms("address-postalcode:exact", facts.postcode)


def _terms(name: str, value: str) -> list[bytes]:
    escaped = value.replace("\\", "\\\\").replace(",", "\\,")
    return terms_of("Patient", [(name, escaped)]) if value else []


def _day(born: str) -> list[bytes]:
    try:
        return [day_term("Patient.birthDate", date.fromisoformat(born))]
    except ValueError:
        return []
