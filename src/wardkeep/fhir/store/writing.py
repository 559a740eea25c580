# SPDX-License-Identifier: Apache-2.0
"""Writing to the store: all of a change or nothing, each version under its key."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.outcome import Problem
from wardkeep.db.connection import Connection, Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.model.type_codes import type_code, type_name
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.keys import own_cipher, patients_by_id
from wardkeep.fhir.store.opening import name_people
from wardkeep.fhir.store.outcomes import (
    Conflict,
    Invalid,
    Opener,
    Reference,
    Written,
)
from wardkeep.fhir.store.rows import (
    NewRow,
    PatientKeyRow,
    insert_patient,
    insert_rows,
    replace_row,
)
from wardkeep.fhir.store.sealing import Place, seal_draft
from wardkeep.fhir.store.stored_id import id_of, stored_id
from wardkeep.fhir.store.tokens import TokenMemory, tokens_of
from wardkeep.fhir.store.write_keys import (
    WriteKeys,
    add_existing_keys,
    new_patient_keys,
)

ATTEMPTS = 3
MUST_NOT_EXIST = 0

_MARK = """
insert into record.import_mark (organisation, source, resources) values ($1, $2, $3)
"""
_CURRENT = """
select r.type, r.id, r.version, coalesce(p.id, '') as patient
  from unnest($2::smallint[], $3::bytea[]) as wanted (type, id)
  join record.resource as r
    on r.organisation = $1 and r.type = wanted.type and r.id = wanted.id
  left join record.patient as p on p.number = r.patient
"""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A resource to store under an id."""

    resource: Resource
    id: str
    expected_version: int | None = None
    """What the change builds on; None: whatever there is, 0: nothing."""


class _Current(msgspec.Struct, frozen=True):
    version: int
    patient: str


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of the resources and patients of a change."""

    current: Mapping[tuple[str, str], _Current]
    patients: Mapping[str, PatientKeyRow]

    def next_version(self, draft: Draft) -> int:
        current = self.current.get((draft.type, draft.id))
        return current.version + 1 if current else 1


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a transaction needs."""

    drafts: Sequence[Draft]
    known: _Known
    keys: WriteKeys
    tokens: Sequence[Sequence[int]]


class _LostRaceError(Exception):
    """A version that was current a moment ago is no longer."""


class Writer:
    """Writes new versions, through the door."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        *,
        clock: Clock,
        memory: TokenMemory | None = None,
    ) -> None:
        """`memory`: of a load's tokens, where one session writes everything."""
        self._database = database
        self._warden = warden
        self._clock = clock
        self._memory = memory

    async def write(
        self, changes: Sequence[Change], *, opener: Opener, mark: bytes = b""
    ) -> Written | Refusal | Conflict | Invalid:
        """Write every change in one transaction, or none.

        `mark` is what an import knows its document by; it is kept with the change.
        """
        drafts = [draft_of(change.resource, change.id) for change in changes]
        expected = [change.expected_version for change in changes]
        return await self.write_drafts(drafts, expected, opener=opener, mark=mark)

    async def write_drafts(
        self,
        drafts: Sequence[Draft],
        expected: Sequence[int | None],
        *,
        opener: Opener,
        mark: bytes = b"",
    ) -> Written | Refusal | Conflict | Invalid:
        """The same for what was looked at already, with each one's expected version."""
        if len({(draft.type, draft.id) for draft in drafts}) != len(drafts):
            return Invalid(problems=(_TWICE,))
        for attempt in range(ATTEMPTS):
            # What must not exist is not looked for: the database refuses it anyway.
            looked_for = [
                draft
                for draft, version in zip(drafts, expected, strict=True)
                if attempt or version != MUST_NOT_EXIST
            ]
            ready = await self._prepare(drafts, expected, looked_for, opener)
            if not isinstance(ready, _Ready):
                return ready
            try:
                return await self._store(ready, opener, mark)
            except (AlreadyExistsError, _LostRaceError):
                continue
        return Conflict(type=drafts[0].type, id=drafts[0].id, version=0)

    async def _prepare(
        self,
        drafts: Sequence[Draft],
        expected: Sequence[int | None],
        looked_for: Sequence[Draft],
        opener: Opener,
    ) -> _Ready | Refusal | Conflict | Invalid:
        async with self._database.connection(opener.organisation) as connection:
            known = await _look_up(connection, drafts, looked_for, opener)
            wrong = _conflict(known, drafts, expected) or _invalid(known, drafts)
            if wrong is not None:
                return wrong
            own = None
            if any(not draft.owner for draft in drafts):
                own = await own_cipher(
                    connection,
                    self._warden,
                    session=opener.session,
                    organisation=opener.organisation,
                )
        if isinstance(own, Refusal):
            return own
        keys = await self._keys(known, drafts, opener)
        if isinstance(keys, Refusal):
            return keys
        if own is not None:
            keys.ciphers["", Tier.SHARED] = own
        terms = [term for draft in drafts for term in draft.terms]
        found = await self._tokens(terms, opener)
        if isinstance(found, Refusal):
            return found
        tokens = list(_dealt(found, [len(draft.terms) for draft in drafts]))
        return _Ready(drafts=drafts, known=known, keys=keys, tokens=tokens)

    async def _tokens(self, terms: list[bytes], opener: Opener) -> list[int] | Refusal:
        if self._memory is not None:
            return await self._memory.tokens_of(terms)
        return await tokens_of(self._warden, opener.session, terms)

    async def _keys(
        self, known: _Known, drafts: Sequence[Draft], opener: Opener
    ) -> WriteKeys | Refusal:
        owners = dict.fromkeys(draft.owner for draft in drafts if draft.owner)
        new = [owner for owner in owners if owner not in known.patients]
        keys = await new_patient_keys(self._warden, opener.session, new)
        if isinstance(keys, Refusal):
            return keys
        refused = await add_existing_keys(
            keys,
            self._warden,
            opener,
            patients=known.patients,
            versions=[(draft, known.next_version(draft)) for draft in drafts],
        )
        if refused is None:
            refused = await self._name_others(known, drafts, opener)
        return keys if refused is None else refused

    async def _name_others(
        self, known: _Known, drafts: Sequence[Draft], opener: Opener
    ) -> Refusal | None:
        """Have the ledger name the further patients of what is written."""
        people = [
            (
                known.patients[other],
                tuple(
                    (draft.type, draft.id, known.next_version(draft))
                    for draft in drafts
                    if other in draft.patients[1:]
                ),
            )
            for other in dict.fromkeys(p for d in drafts for p in d.patients[1:])
            if other in known.patients
        ]
        return await name_people(self._warden, opener, people=people)

    async def _store(self, ready: _Ready, opener: Opener, mark: bytes) -> Written:
        organisation, now = opener.organisation, self._clock.now()
        numbers = {one.id: one.number for one in ready.known.patients.values()}
        async with self._database.transaction(organisation) as connection:
            for patient, wrapped in ready.keys.wrapped.items():
                numbers[patient] = await insert_patient(
                    connection, organisation, patient=patient, wrapped=wrapped
                )
            place = Place(organisation=organisation, last_updated=now, numbers=numbers)
            rows = list(_rows(ready, place))
            await _write_rows(connection, place, rows)
            if mark:
                await connection.execute(_MARK, organisation, mark, len(rows))
        references = tuple(
            Reference(draft.type, draft.id, row.version)
            for draft, row in zip(ready.drafts, rows, strict=True)
        )
        return Written(
            references=references,
            last_updated=now,
            entry=ready.keys.entry,
            created=frozenset((r.type, r.id) for r in references if r.version == 1),
        )


def _rows(ready: _Ready, place: Place) -> Iterator[NewRow]:
    for draft, tokens in zip(ready.drafts, ready.tokens, strict=True):
        yield seal_draft(
            draft,
            place,
            version=ready.known.next_version(draft),
            ciphers=ready.keys.ciphers,
            tokens=tokens,
        )


async def _write_rows(
    connection: Connection, place: Place, rows: Sequence[NewRow]
) -> None:
    # In one order everywhere, so that two loads never wait for each other's rows.
    new = sorted(
        (row for row in rows if row.version == 1), key=lambda row: (row.type, row.id)
    )
    await insert_rows(connection, place.organisation, new)
    for row in rows:
        if row.version > 1 and not await replace_row(
            connection, place.organisation, row
        ):
            raise _LostRaceError


async def _look_up(
    connection: Connection,
    drafts: Sequence[Draft],
    looked_for: Sequence[Draft],
    opener: Opener,
) -> _Known:
    rows = await connection.fetch(
        _CURRENT,
        opener.organisation,
        [type_code(draft.type) for draft in looked_for],
        [stored_id(draft.id) for draft in looked_for],
    )
    ids = {patient for draft in drafts for patient in draft.patients}
    return _Known(
        current={
            (type_name(row["type"]), id_of(row["id"])): _Current(
                row["version"], row["patient"]
            )
            for row in rows
        },
        patients=await patients_by_id(connection, opener.organisation, ids),
    )


def _conflict(
    known: _Known, drafts: Sequence[Draft], expected: Sequence[int | None]
) -> Conflict | None:
    for draft, wanted in zip(drafts, expected, strict=True):
        current = known.current.get((draft.type, draft.id))
        version = current.version if current else 0
        if wanted not in (None, version):
            return Conflict(type=draft.type, id=draft.id, version=version)
    return None


def _invalid(known: _Known, drafts: Sequence[Draft]) -> Invalid | None:
    arriving = {draft.id for draft in drafts if draft.type == "Patient"}
    problems = []
    for draft in drafts:
        current = known.current.get((draft.type, draft.id))
        if draft.owner and draft.owner not in known.patients.keys() | arriving:
            problems.append(_no_patient(draft))
        elif current is not None and current.patient != draft.owner:
            problems.append(_another_patient(draft))
    return Invalid(problems=tuple(problems)) if problems else None


def _no_patient(draft: Draft) -> Problem:
    return Problem(
        place=draft.type,
        wrong="it is about a patient who is not here",
        mend="Create the patient first, or correct the reference.",
    )


def _another_patient(draft: Draft) -> Problem:
    return Problem(
        place=draft.type,
        wrong="it would move from one patient to another",
        mend="Create it anew for the right patient and mark this one entered-in-error.",
    )


_TWICE = Problem(
    place="the change",
    wrong="it writes the same resource twice",
    mend="Write every resource once.",
)


def _dealt(tokens: Sequence[int], counts: Sequence[int]) -> Iterator[Sequence[int]]:
    """Tokens in the portions in which they were asked for."""
    start = 0
    for count in counts:
        yield tokens[start : start + count]
        start += count
