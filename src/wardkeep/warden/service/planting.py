# SPDX-License-Identifier: Apache-2.0
"""Planting, counting and retiring canaries, and telling which are no persons.

Reached by the operator's socket alone; each act is an entry. The list is stored before
a record is: a canary that the warden forgot would be an ordinary patient.
"""

import asyncio
from typing import NamedTuple

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import is_fhir_id
from wardkeep.crypto.aead import Cipher, new_key
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.canaries import (
    MOST_NAMED,
    AgeCanaries,
    AgingCanaries,
    CanaryCounts,
    CountCanaries,
    PickCanaries,
    PickedCanaries,
    PlantCanaries,
    RetireCanaries,
)
from wardkeep.identity import accounts
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Subject
from wardkeep.ledger.index import ERASE
from wardkeep.warden import canaries, erasures
from wardkeep.warden.canaries import Canaries, SealedList
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions

MOST_RETIRED = 200
"""By one question, so that it is answered within seconds; ask again for the rest."""
PLANT, PICK, AGE = "plant-canaries", "pick-canaries", "age-canaries"
_BAD = Refusal(
    code="bad-canaries",
    why=f"A question names 1 to {MOST_NAMED} patients by their FHIR ids.",
    mend="Ask in portions, each id once.",
)


class PlantingParts(NamedTuple):
    """What the desk works with."""

    database: Database
    sessions: Sessions
    root_key: RootKey
    canaries: Canaries
    erased: ErasedPatients
    trace: Trace
    clock: Clock


class Planting:
    """Answers the operator about canaries."""

    def __init__(self, parts: PlantingParts) -> None:
        self._parts = parts
        self._in_turn = asyncio.Lock()
        self.desk = Desk(
            later={
                AgeCanaries: self._age,
                PlantCanaries: self._plant,
                CountCanaries: self._count,
                RetireCanaries: self._retire,
                PickCanaries: self._pick,
            },
            saves=(self.save,),
        )

    async def save(self) -> None:
        """Tell the database of what it does not know yet."""
        for organisation in tuple(self._parts.canaries.unsaved):
            await self._save_list(organisation)

    async def _save_list(self, organisation: int) -> None:
        known = self._parts.canaries
        # One after another: an older list must not arrive after a newer one.
        async with self._in_turn:
            known.unsaved.discard(organisation)
            try:
                async with self._parts.database.connection() as connection:
                    await canaries.keep(connection, await self._sealed(organisation))
            except BaseException:
                known.unsaved.add(organisation)
                raise

    async def _sealed(self, organisation: int) -> SealedList:
        identity, key = _identity(organisation), new_key()
        # In a thread: a device or a service takes its time.
        wrapped = await asyncio.to_thread(self._parts.root_key.wrap, key, identity)
        packed = self._parts.canaries.packed(organisation)
        return SealedList(organisation, wrapped, Cipher(key).seal(packed, identity))

    async def _number_of(self, slug: str) -> int | Refusal:
        async with self._parts.database.connection() as connection:
            found = await accounts.find_organisation(connection, slug)
        if found is not None:
            return found.number
        return Refusal(
            code="no-such-organisation",
            why=f"There is no organisation {slug[:40]!r}.",
            mend="Set it up: wardkeep organisation create --help",
        )

    async def _plant(self, asked: PlantCanaries) -> Answer:
        number = await self._number_of(asked.organisation)
        if isinstance(number, Refusal):
            return number
        named = asked.patients
        is_fit = 1 <= len(set(named)) == len(named) <= MOST_NAMED
        if not is_fit or not all(map(is_fhir_id, named)):
            return _BAD
        # Whoever is here already may be a person, and would be closed to care.
        here = await self._are_here(number, named)
        if here:
            return Refusal(
                code="patient-is-here",
                why=f"{len(here)} of these patients have a record here already.",
                mend="Give new ids; a canary's record is loaded after it was named.",
            )
        at = microseconds_since_epoch(self._parts.clock.now())
        self._parts.canaries.plant(number, named, at=at)
        await self._save_list(number)
        said = f"{len(named)} canaries"
        self._parts.trace.of_operator(PLANT, organisation=number, reason=said)
        return self._counts(number)

    async def _are_here(self, organisation: int, named: tuple[str, ...]) -> list[str]:
        known = set(self._parts.canaries.living(organisation))
        async with self._parts.database.connection() as connection:
            rows = await connection.fetch(
                "select id from unnest($2::text[]) as named (id)"
                " where record.last_contact($1, id) is not null",
                organisation,
                [one for one in named if one not in known],
            )
        return [row["id"] for row in rows]

    async def _count(self, asked: CountCanaries) -> Answer:
        number = await self._number_of(asked.organisation)
        return number if isinstance(number, Refusal) else self._counts(number)

    def _counts(self, organisation: int) -> CanaryCounts:
        known = self._parts.canaries
        return CanaryCounts(
            organisation=organisation,
            living=len(known.living(organisation)),
            met=len(known.living(organisation, is_met_only=True)),
            retired=known.retired(organisation),
        )

    async def _age(self, asked: AgeCanaries) -> Answer:
        session = self._parts.sessions.use_at_door(asked.session)
        if session is None or session.role is not Role.IMPORTER:
            return NOT_SIGNED_IN
        at = microseconds_since_epoch(self._parts.clock.now())
        named = self._parts.canaries.age(
            session.organisation, after=asked.after, most=MOST_NAMED, at=at
        )
        if named:
            await self._save_list(session.organisation)
            session.nobodies.update(patient for patient, _ in named)
            said = f"{len(named)} canaries"
            self._parts.trace.of_operator(
                AGE, organisation=session.organisation, reason=said
            )
        return AgingCanaries(patients=tuple(named), until=at)

    async def _retire(self, asked: RetireCanaries) -> Answer:
        number = await self._number_of(asked.organisation)
        if isinstance(number, Refusal):
            return number
        known = self._parts.canaries
        ripe = known.living(number, is_met_only=asked.is_met_only)
        for patient in ripe[:MOST_RETIRED]:
            await self._destroy(number, patient)
        await self._save_list(number)
        return self._counts(number)

    async def _destroy(self, organisation: int, patient: str) -> None:
        """It opens no more, whatever copy comes back; then it is a canary no more."""
        parts = self._parts
        parts.erased.add(organisation, patient)
        async with parts.database.transaction() as connection:
            counted = await erasures.destroy_rows(
                connection, organisation=organisation, patient=patient
            )
        gone = Subject.about(patient=patient, tier="", relationship="", resources=())
        said = f"{counted.resources} resources, {counted.versions} versions destroyed"
        parts.trace.of_operator(
            ERASE, organisation=organisation, reason=said, subjects=(gone,)
        )
        at = microseconds_since_epoch(parts.clock.now())
        parts.canaries.retire(organisation, patient, at=at)

    async def _pick(self, asked: PickCanaries) -> Answer:
        if not 1 <= len(asked.patients) <= MOST_NAMED:
            return _BAD
        found = self._parts.canaries.pick(asked.organisation, asked.patients)
        said = f"{len(found)} of {len(asked.patients)} patients are canaries"
        self._parts.trace.of_operator(
            PICK, organisation=asked.organisation, reason=said
        )
        return PickedCanaries(tuple(found))


async def load_canaries(database: Database, root_key: RootKey) -> Canaries:
    """As the database remembers them.

    Raises:
        BoxCannotBeOpenedError: a list was changed, or put in another's place.
    """
    found = Canaries()
    async with database.connection() as connection:
        kept = await canaries.load_all(connection)
    for one in kept:
        identity = _identity(one.organisation)
        key = await asyncio.to_thread(root_key.unwrap, one.wrapped_key, identity)
        packed = Cipher(key).open(one.sealed, identity)
        found.unpack(one.organisation, packed)
    return found


def _identity(organisation: int) -> bytes:
    return f"canaries|1|{organisation}".encode()
