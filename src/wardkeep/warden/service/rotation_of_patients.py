# SPDX-License-Identifier: Apache-2.0
"""New data keys for one patient, or for every patient of an organisation.

First the new key lies before the old one in the patient's row: both open, and whoever
writes from then on seals by the new one. Then each version is sealed anew where it
lies. When nobody can hold the old key any more, all versions are read once more by the
new key alone, the ledger has that, and the old key is destroyed. How far it is stands
in the wrapped keys themselves, so it goes on from wherever it was broken off.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from wardkeep.crypto.aead import BoxCannotBeOpenedError
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.sealed import key_identity
from wardkeep.warden import data_keys, rotations
from wardkeep.warden.data_keys import Body, Proved, SizedVersion
from wardkeep.warden.floors_file import FloorsFile
from wardkeep.warden.keystore import PATIENT_TIERS, KeyStore
from wardkeep.warden.resealing import Digest, PatientRows, TypeName
from wardkeep.warden.rotations import Rotation, WrappedKeys
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.rotation_levels import (
    PORTION,
    LedgerAwayError,
    Passed,
    Tell,
)
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.wrapped_keys import boxes_in, column_of

PATIENTS_AT_ONCE = 10
"""Whose writers wait while their rows are proved: 0.1 s for 500 rows each."""
ROWS_AT_ONCE = 200
BYTES_AT_ONCE = 1024 * 1024
BUSY_SECONDS = 0.5
"""Until somebody for whom others write is tried again."""
_COLUMNS = ("banner_key", "record_key", "sealed_key")


class OlderKeysError(Exception):
    """A patient came meanwhile whose keys were made before: begin the passes again."""

    def __init__(self) -> None:
        super().__init__("a patient was added by keys from before")


class _Checked(NamedTuple):
    """All versions of one patient, read by the new keys alone."""

    rows: int
    older: int
    unreadable: int
    digest: Digest


class PatientsLevel:
    """Patients' data keys, and all that lies under them."""

    def __init__(
        self,
        database: Database,
        keystore: KeyStore,
        trace: Trace,
        *,
        type_name: TypeName,
        floors_file: FloorsFile,
        written: Written,
    ) -> None:
        self._floors_file = floors_file
        self._written = written
        self._database = database
        self._keystore = keystore
        self._trace = trace
        self._type_name = type_name
        self.settle_seconds = 3600.0
        """Six times as long as a writer uses a key that it was given."""

    async def prepare(self, rotation: Rotation) -> None:
        """Keys of new patients are of this generation from now on."""
        self._keystore.begin_generation(rotation.organisation, rotation.generation)

    async def turn_all(self, rotation: Rotation, tell: Tell) -> Passed:
        """New keys for whoever has none yet, and all rows under them."""
        total = await self._count(rotation)
        seen = turned = shut = after = 0
        tell(0, total)
        while portion := await self._portion(rotation, after):
            turned += await self._give_new_keys(rotation, portion)
            for row in await self._portion(rotation, after):
                shut += not self._opens_all(rotation.organisation, row)
                if _is_turning(row):
                    await self._reseal(rotation.organisation, row)
            after = portion[-1].number
            seen += len(portion)
            tell(min(seen, total), total)
        return Passed(seen, turned, shut)

    async def _count(self, rotation: Rotation) -> int:
        if rotation.patient:
            return 1
        async with self._database.connection() as connection:
            return await rotations.count_wrapped(connection, rotation.organisation)

    async def _portion(self, rotation: Rotation, after: int) -> list[WrappedKeys]:
        async with self._database.connection() as connection:
            if not rotation.patient:
                return await rotations.wrapped_portion(
                    connection, rotation.organisation, after=after, at_most=PORTION
                )
            found = await data_keys.wrapped_keys_of(
                connection, rotation.organisation, rotation.patient
            )
        return [row for row in found if row.number > after]

    async def _give_new_keys(
        self, rotation: Rotation, portion: Sequence[WrappedKeys]
    ) -> int:
        """Put a new key before each that is of an older generation."""
        pairs = []
        for row in portion:
            anew = dict(self._new_keys(rotation, row))
            if anew:
                pairs.append((row, msgspec.structs.replace(row, **anew)))
        if not pairs:
            return 0
        async with self._database.connection() as connection:
            return await rotations.put_portion(connection, rotation.organisation, pairs)

    def _new_keys(
        self, rotation: Rotation, row: WrappedKeys
    ) -> Iterator[tuple[str, bytes]]:
        for column, identity, wrapped in _keys_of(rotation.organisation, row):
            try:
                anew = self._keystore.turned(
                    rotation.organisation, wrapped, identity, rotation.generation
                )
            except BoxCannotBeOpenedError:
                # Rubbish in a row: its rows are counted as what opens by no key.
                continue
            if anew is not None:
                yield column, anew

    async def _reseal(self, organisation: int, row: WrappedKeys) -> None:
        """Everything of one patient under the newest key, in small transactions."""
        rows = self._rows(organisation, row)
        async with self._database.connection() as connection:
            named = await data_keys.versions_of(connection, organisation, row.number)
        for portion in _portions(named):
            async with self._database.connection() as connection:
                bodies = await data_keys.bodies_of(
                    connection,
                    organisation,
                    row.number,
                    [one.name for one in portion],
                )
                pairs = list(_resealed(rows, bodies))
                if pairs:
                    await data_keys.reseal(connection, organisation, row.number, pairs)
            # Whoever asks the door comes between two portions.
            await asyncio.sleep(0)

    def _rows(
        self, organisation: int, row: WrappedKeys, *, is_newest_only: bool = False
    ) -> PatientRows:
        keys = {}
        for tier, (_, identity, wrapped) in zip(
            PATIENT_TIERS, _keys_of(organisation, row), strict=True
        ):
            found = self._keystore.unwrap_all(organisation, wrapped, identity)
            keys[tier] = found[:1] if is_newest_only else found
        return PatientRows(organisation, row.id, keys, type_name=self._type_name)

    def _opens_all(self, organisation: int, row: WrappedKeys) -> bool:
        """Whether its keys are ours, and none of them one that was replaced."""
        return all(
            self._keystore.unwrap(organisation, wrapped, identity) is not None
            for _, identity, wrapped in _keys_of(organisation, row)
        )

    # The proof ---------------------------------------------------------------

    async def prove(self, rotation: Rotation, last: Passed) -> str:
        """Read all by the new keys alone; destroy the old ones patient by patient.

        Raises:
            LedgerAwayError: it cannot be written down, so the old keys stay.
            OlderKeysError: somebody has keys from before the rotation still.
        """
        left = await self._prove_round(rotation)
        while left:
            await asyncio.sleep(BUSY_SECONDS)
            left = await self._prove_round(rotation)
        async with self._database.connection() as connection:
            found = await data_keys.proved(connection, rotation.id)
        whose = f"patient {rotation.patient}" if rotation.patient else "data keys"
        shut = f", keys of {last.unreadable} patients open by none"
        return f"{whose}: {_words(found)}{shut if last.unreadable else ''}"

    async def _prove_round(self, rotation: Rotation) -> int:
        """How many are left: somebody wrote for them just now."""
        left = after = 0
        while portion := await self._portion(rotation, after):
            after = portion[-1].number
            if any(any(self._new_keys(rotation, row)) for row in portion):
                raise OlderKeysError
            turning = [row for row in portion if _is_turning(row)]
            for start in range(0, len(turning), PATIENTS_AT_ONCE):
                some = turning[start : start + PATIENTS_AT_ONCE]
                left += len(some) - await self._retire_some(rotation, some)
        return left

    async def _retire_some(
        self, rotation: Rotation, some: Sequence[WrappedKeys]
    ) -> int:
        """In one transaction: read, have it written down, destroy; how many it were."""
        organisation = rotation.organisation
        late, pairs = [], []
        async with self._database.transaction() as connection:
            so_far = await data_keys.proved(connection, rotation.id)
            locked = await data_keys.lock(
                connection, organisation, [row.number for row in some]
            )
            for row in locked:
                found = await self._checked(connection, organisation, row)
                if found.older:
                    late.append(row)
                    continue
                so_far = _with(so_far, found)
                pairs.append((row, _newest_only(row)))
            if pairs:
                await self._write_down(rotation, len(pairs), so_far)
                await rotations.put_portion(connection, organisation, pairs)
                await data_keys.note_proved(connection, rotation.id, so_far)
        for row in late:
            await self._reseal(organisation, row)
        return len(pairs)

    async def _checked(
        self, connection: Connection, organisation: int, row: WrappedKeys
    ) -> _Checked:
        newest = self._rows(organisation, row, is_newest_only=True)
        either = self._rows(organisation, row)
        named = await data_keys.versions_of(connection, organisation, row.number)
        older = unreadable = 0
        digest = Digest(row.id)
        for portion in _portions(named):
            names = [one.name for one in portion]
            bodies = await data_keys.bodies_of(
                connection, organisation, row.number, names
            )
            digest.add(bodies)
            for one in bodies:
                if not _opens(newest, one):
                    older += _opens(either, one)
                    unreadable += not _opens(either, one)
        return _Checked(len(named), older, unreadable, digest)

    async def _write_down(
        self, rotation: Rotation, patients: int, so_far: Proved
    ) -> None:
        who = f"patient {rotation.patient}" if rotation.patient else f"{patients} more"
        self._trace.of_operator(
            "prove-key-rotation",
            organisation=rotation.organisation,
            reason=f"{who}: {_words(so_far)}",
        )
        if not await self._written():
            raise LedgerAwayError

    async def retire(self, rotation: Rotation, last: Passed) -> None:
        """Open no key from before any more, also none out of an older copy."""
        del last
        floor = (rotation.organisation, rotation.patient, rotation.generation)
        async with self._database.connection() as connection:
            await data_keys.raise_floor(connection, *floor)
        await asyncio.to_thread(self._floors_file.raise_to, floor)
        self._keystore.retire(*floor)


def _words(proved: Proved) -> str:
    """A proof as an entry of the ledger has it."""
    return (
        f"{proved.patients} patients, {proved.rows} versions,"
        f" {proved.unreadable} open by none, digest {proved.digest.hex()}"
    )


def _with(so_far: Proved, found: _Checked) -> Proved:
    return Proved(
        patients=so_far.patients + 1,
        rows=so_far.rows + found.rows,
        unreadable=so_far.unreadable + found.unreadable,
        digest=found.digest.behind(so_far.digest),
    )


def _keys_of(organisation: int, row: WrappedKeys) -> Iterator[tuple[str, bytes, bytes]]:
    """(column, whose key of which tier, what lies there), tier by tier."""
    for tier, column in zip(PATIENT_TIERS, _COLUMNS, strict=True):
        identity = key_identity(organisation=organisation, patient=row.id, tier=tier)
        yield column, identity, getattr(row, column)


def _is_turning(row: WrappedKeys) -> bool:
    return any(len(boxes_in(getattr(row, column))) > 1 for column in _COLUMNS)


def _newest_only(row: WrappedKeys) -> WrappedKeys:
    anew = {
        column: column_of(boxes_in(getattr(row, column))[:1])
        or getattr(row, column)  # rubbish stays what it is
        for column in _COLUMNS
    }
    return msgspec.structs.replace(row, **anew)


def _opens(rows: PatientRows, one: Body) -> bool:
    try:
        rows.resealed(one)
    except BoxCannotBeOpenedError:
        return False
    return True


def _resealed(
    rows: PatientRows, bodies: Sequence[Body]
) -> Iterator[tuple[Body, bytes]]:
    """Those that are under an older key; what opens by none is left alone."""
    for one in bodies:
        try:
            anew = rows.resealed(one)
        except BoxCannotBeOpenedError:
            continue
        if anew is not None:
            yield one, anew


def _portions(named: Sequence[SizedVersion]) -> Iterator[Sequence[SizedVersion]]:
    """So many at a time as neither the loop nor the memory notices."""
    start = size = 0
    for place, one in enumerate(named):
        is_full = place - start == ROWS_AT_ONCE or size + one.size > BYTES_AT_ONCE
        if is_full and place > start:
            yield named[start:place]
            start, size = place, 0
        size += one.size
    if start < len(named):
        yield named[start:]
