# SPDX-License-Identifier: Apache-2.0
"""What a data set takes from the store: lot by lot, and of each patient what it needs.

Rows beside the records say which referrals and sections there are, so that nothing else
of these types is opened. Of stays, every one that had begun: their end is sealed. What
is sealed by itself, and what another patient is in too, is never asked for.
"""

from collections.abc import AsyncIterator, Sequence

import msgspec

from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.canaries import PickCanaries, PickedCanaries
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.assessments.scores import score_id
from wardkeep.fhir.data_sets.ground import Month
from wardkeep.fhir.data_sets.of_patient import (
    ENCOUNTER,
    EPISODE,
    OBSERVATION,
    PATIENT,
    REFERRAL,
)
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.outcomes import OpenedResource, Opener
from wardkeep.fhir.store.releasing import Keys, keys_for, release
from wardkeep.fhir.store.rows import RESOURCE_COLUMNS, StoredRow, stored_row
from wardkeep.fhir.store.token_map import TokenMap, token_map
from wardkeep.fhir.work.referral_steps import OPEN, State

A_LOT = 50
"""Patients at once: a question of a hundred keys, and some megabytes of memory."""
ERASED = "erased"
_STAYS = ("IMP", "ACUTE", "NONAC")
_ANSWERED = "QuestionnaireResponse"
_PEOPLE = """
select distinct l.patient as number, p.id
  from referral.listed as l
  join record.patient as p on p.number = l.patient and p.record_key <> ''
 where l.organisation = $1 and l.team = any($2) and l.state <> $3
   and l.received_on <= $4 and (l.state = any($5) or l.changed_at >= $6)
   and l.patient > $7
 order by l.patient limit $8
"""
_NAMED = """
select $5::smallint as type, l.request as id from referral.listed as l
 where l.organisation = $1 and l.patient = any($2) and l.team = any($3)
union all
select $6, e.episode from referral.episode as e
 where e.organisation = $1 and e.patient = any($2) and e.team = any($3)
union all
select $7, s.section from mha.section as s
 where s.organisation = $1 and s.patient = any($2) and s.began_at < $4
"""
_ANSWERS = """
select r.id from record.resource as r
 where r.organisation = $1 and r.type = $2 and r.patient = any($3)
   and r.clinical_at >= $4 and r.clinical_at < $5 and not r.is_deleted
"""
_ROWS = f"""
select {RESOURCE_COLUMNS}, r.patient as number from record.resource as r
 where r.organisation = $1 and r.patient = any($2) and not r.is_deleted
   and r.tier in (1, 2) and coalesce(cardinality(r.also), 0) = 0
   and (r.type = $3
    or (r.type = $4 and r.clinical_at < $6
        and (r.clinical_at >= $5 or r.tokens && $7::bigint[]))
    or (r.type, r.id) in (select * from unnest($8::smallint[], $9::bytea[])))
 order by r.patient, r.type, r.id
"""  # noqa: S608 - constants


class DataSetRefusedError(Exception):
    """The warden gives nothing more; the message has the mend."""


class Person(msgspec.Struct, frozen=True):
    """One patient, and what was opened of them."""

    number: int
    id: str
    resources: tuple[OpenedResource, ...]


class MonthReader:
    """Reads one month of the patients of some teams, in the order of their numbers."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        *,
        opener: Opener,
        month: Month,
        teams: Sequence[str],
    ) -> None:
        self._database = database
        self._warden = warden
        self._opener = opener
        self._month = month
        self._teams = list(teams)
        self._stays: list[int] = []
        self.canaries = 0
        """How many were no persons, and left out."""

    async def people(self) -> AsyncIterator[list[Person]]:
        """Lot by lot.

        Raises:
            DataSetRefusedError: somebody withdrew it, or the warden does not answer so.
        """
        await self._prepare()
        after = 0
        while True:
            found = await self._next(after)
            if not found:
                return
            after = max(found)
            real = await self._real(found)
            if real:
                yield await self._opened(real)

    async def _prepare(self) -> None:
        asked = [(ENCOUNTER, "class", one) for one in _STAYS]
        tokens = await self._tokens(asked)
        self._stays = tokens.all(ENCOUNTER, "class", _STAYS)

    async def _tokens(self, asked: Sequence[tuple[str, str, str]]) -> TokenMap:
        tokens = await token_map(self._warden, self._opener, asked)
        if isinstance(tokens, Refusal):
            raise _refused(tokens)
        return tokens

    async def _next(self, after: int) -> dict[int, str]:
        month = self._month
        async with self._database.connection(self._opener.organisation) as connection:
            rows = await connection.fetch(
                _PEOPLE,
                self._opener.organisation,
                self._teams,
                str(State.MISTAKE),
                month.ends,
                [str(one) for one in OPEN],
                month.since,
                after,
                A_LOT,
            )
        return {row["number"]: row["id"] for row in rows}

    async def _real(self, found: dict[int, str]) -> dict[int, str]:
        """Without those who do not exist, whom the warden alone knows."""
        asked = PickCanaries(self._opener.organisation, tuple(found.values()))
        given = await self._warden.ask(asked, PickedCanaries)
        if isinstance(given, Refusal):
            raise _refused(given)
        self.canaries += len(given.patients)
        return {n: id_ for n, id_ in found.items() if id_ not in given.patients}

    async def _opened(self, people: dict[int, str]) -> list[Person]:
        async with self._database.connection(self._opener.organisation) as connection:
            rows = await self._rows(connection, people)
            keys = await keys_for(
                connection, self._opener.organisation, owners=list(people)
            )
        # Whoever was erased since has no keys, and no rows that open.
        rows = [(n, row) for n, row in rows if n in keys.patients]
        lots = await self._release(rows, keys)
        return [
            Person(number, people[number], tuple(resources))
            for number, resources in lots.items()
        ]

    async def _release(
        self, rows: Sequence[tuple[int, StoredRow]], keys: Keys
    ) -> dict[int, list[OpenedResource]]:
        opened = await release(
            self._warden,
            self._opener,
            rows=[row for _, row in rows],
            keys=keys,
            action=Action.EXTRACT,
        )
        numbers = dict.fromkeys(n for n, _ in rows)
        if isinstance(opened, Refusal):
            if opened.code != ERASED:
                raise _refused(opened)
            return await self._one_by_one(rows, keys, list(numbers))
        found: dict[int, list[OpenedResource]] = {n: [] for n in numbers}
        for (number, _), one in zip(rows, opened.resources, strict=True):
            found[number].append(one)
        return found

    async def _one_by_one(
        self,
        rows: Sequence[tuple[int, StoredRow]],
        keys: Keys,
        numbers: Sequence[int],
    ) -> dict[int, list[OpenedResource]]:
        """Somebody among them was erased a moment ago: everybody else goes."""
        if len(numbers) <= 1:
            return {}
        found: dict[int, list[OpenedResource]] = {}
        for number in numbers:
            own = [(n, row) for n, row in rows if n == number]
            found |= await self._release(own, keys)
        return found

    async def _rows(
        self, connection: Connection, people: dict[int, str]
    ) -> list[tuple[int, StoredRow]]:
        organisation, month = self._opener.organisation, self._month
        numbers = list(people)
        named = await connection.fetch(
            _NAMED,
            organisation,
            numbers,
            self._teams,
            month.until,
            type_code(REFERRAL),
            type_code(EPISODE),
            type_code(OBSERVATION),
        )
        answers = await connection.fetch(
            _ANSWERS,
            organisation,
            type_code(_ANSWERED),
            numbers,
            month.since,
            month.until,
        )
        types = [row["type"] for row in named]
        ids = [stored_id(row["id"]) for row in named]
        ids += [stored_id(score_id(id_of(row["id"]))) for row in answers]
        types += [type_code(OBSERVATION)] * len(answers)
        rows = await connection.fetch(
            _ROWS,
            organisation,
            numbers,
            type_code(PATIENT),
            type_code(ENCOUNTER),
            month.since,
            month.until,
            self._stays,
            types,
            ids,
        )
        return [
            (
                row["number"],
                stored_row(
                    row, organisation=organisation, patient=people[row["number"]]
                ),
            )
            for row in rows
        ]


def _refused(refusal: Refusal) -> DataSetRefusedError:
    return DataSetRefusedError(f"{refusal.why} {refusal.mend}")
