# SPDX-License-Identifier: Apache-2.0
"""An organisation's Questionnaires: all of them, and those that a clinic asks.

They belong to no patient: the organisation's own key opens them, without a budget. One
that is asked when people check in says so by its code; one that names places
(`useContext` *venue*) is asked there alone.
"""

from collections.abc import Collection

import msgspec

from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.questionnaires.questionnaire import (
    Coding,
    Questionnaire,
    cannot_ask,
    read_questionnaire,
)
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.reading import Reader

TYPE = "Questionnaire"
CHECK_IN = Coding(system="urn:wardkeep:questionnaire", code="check-in")
"""What is asked when people arrive."""
ASSESSMENT = Coding(system="urn:wardkeep:questionnaire", code="assessment")
"""What clinicians fill in about a patient."""
HEADINGS = Coding(system="urn:wardkeep:questionnaire", code="note-template")
"""Headings under which notes are written (`wardkeep.fhir.notes.templates`)."""
ACTIVE, DRAFT, RETIRED = "active", "draft", "retired"
MOST = 500
_ALL = """
select id from record.resource
 where organisation = $1 and type = $2 and patient is null and not is_deleted
 order by id limit $3
"""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A Questionnaire as it is stored."""

    id: str
    stored_version: int
    questionnaire: Questionnaire
    text: bytes


class Shelf:
    """Finds Questionnaires."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self._database = database
        self._reader = reader

    async def all(self, *, opener: Opener) -> tuple[Kept, ...] | Refusal:
        """Every one that can be read, by title."""
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _ALL, opener.organisation, type_code(TYPE), MOST
            )
        wanted = [(TYPE, id_of(row["id"])) for row in rows]
        if not wanted:
            return ()
        found = await self._reader.shared(wanted, opener=opener)
        if isinstance(found, Refusal):
            return found
        read = [(one, read_questionnaire(one.text)) for one in found.resources]
        kept = [
            Kept(id=one.id, stored_version=one.version, questionnaire=it, text=one.text)
            for one, it in read
            if it is not None
        ]
        return tuple(sorted(kept, key=lambda one: (one.questionnaire.title, one.id)))

    async def asked_on_arrival(
        self, places: Collection[str], *, opener: Opener
    ) -> tuple[Kept, ...] | Refusal:
        """What is asked of whoever arrives at these Locations."""
        found = await self.all(opener=opener)
        if isinstance(found, Refusal):
            return found
        return tuple(one for one in found if _is_asked(one.questionnaire, places))

    async def assessments(self, *, opener: Opener) -> tuple[Kept, ...] | Refusal:
        """What clinicians fill in, in use now, by title."""
        found = await self.all(opener=opener)
        if isinstance(found, Refusal):
            return found
        return tuple(one for one in found if is_offered(one.questionnaire))


def is_assessment(one: Questionnaire) -> bool:
    return any(code.is_the_same(ASSESSMENT) for code in one.code)


def is_offered(one: Questionnaire) -> bool:
    """Whether clinicians may begin it."""
    return one.status == ACTIVE and is_assessment(one) and not cannot_ask(one)


def _is_asked(one: Questionnaire, places: Collection[str]) -> bool:
    is_meant = any(code.is_the_same(CHECK_IN) for code in one.code)
    if one.status != ACTIVE or not is_meant or cannot_ask(one):
        return False
    venues = one.venues
    return not venues or any(f"Location/{place}" in venues for place in places)
