# SPDX-License-Identifier: Apache-2.0
"""New data keys for one patient, or for all of an organisation and what it shares.

First the new key lies before the old one in the patient's row: both open, and whoever
writes from then on seals by the new one. Then each version is sealed anew where it
lies. When nobody can hold the old key any more, all versions are read once more by the
new key alone, the ledger has that, and the old key is destroyed. How far it is stands
in the wrapped keys themselves, so it goes on from wherever it was broken off.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec

from wardkeep.crypto.aead import BoxCannotBeOpenedError
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import key_identity
from wardkeep.warden import data_keys, rotations
from wardkeep.warden.data_keys import Body, Proved, SizedVersion
from wardkeep.warden.floors_file import FloorsFile
from wardkeep.warden.keystore import PATIENT_TIERS, KeyStore
from wardkeep.warden.resealing import Digest, SealedRows, TypeName
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
R = TypeVar("R")
B = TypeVar("B")


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


class _Owner(NamedTuple):
    """Whose rows: a patient's, or nobody's, which the organisation has for all."""

    number: int | None
    id: str
    wrapped: Mapping[Tier, bytes]

    def keys(self, organisation: int) -> Iterator[tuple[Tier, bytes, bytes]]:
        """(tier, whose key it is, what lies there)."""
        for tier, wrapped in self.wrapped.items():
            yield (
                tier,
                key_identity(organisation=organisation, patient=self.id, tier=tier),
                wrapped,
            )


class PatientsLevel:
    """Patients' data keys and the shared one, and all that lies under them."""

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
        seen = shut = after = 0
        turned = await self._turn_shared(rotation)
        tell(0, total)
        while portion := await self._portion(rotation, after):
            turned += await self._give_new_keys(rotation, portion)
            for row in await self._portion(rotation, after):
                owner = _owner(await self._as_wrapped_now(rotation, row))
                shut += not self._opens_all(rotation.organisation, owner)
                if _is_turning(owner):
                    await self._reseal(rotation.organisation, owner)
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

    async def _as_wrapped_now(
        self, rotation: Rotation, row: WrappedKeys
    ) -> WrappedKeys:
        """A row that opens by none is read again: it may be wrapped anew by now.

        So it is where the organisation's own key is replaced at the same time.
        """
        if self._opens_all(rotation.organisation, _owner(row)):
            return row
        async with self._database.connection() as connection:
            found = await data_keys.wrapped_keys_of(
                connection, rotation.organisation, row.id
            )
        return found[0] if found else row

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
        keys = _owner(row).keys(rotation.organisation)
        for column, (_, identity, wrapped) in zip(_COLUMNS, keys, strict=True):
            anew = self._new_key(rotation, wrapped, identity)
            if anew is not None:
                yield column, anew

    def _new_key(
        self, rotation: Rotation, wrapped: bytes, identity: bytes
    ) -> bytes | None:
        try:
            return self._keystore.turned(
                rotation.organisation, wrapped, identity, rotation.generation
            )
        except BoxCannotBeOpenedError:
            # Rubbish in a row: what lies under it is counted as opened by no key.
            return None

    async def _turn_shared(self, rotation: Rotation) -> int:
        """The same for what belongs to no patient, in a rotation of everybody's."""
        owner = await self._shared(rotation)
        if owner is None:
            return 0
        organisation = rotation.organisation
        [(_, identity, wrapped)] = owner.keys(organisation)
        anew = self._new_key(rotation, wrapped, identity)
        if anew is not None:
            async with self._database.connection() as connection:
                await rotations.put_shared_key(
                    connection, organisation, old=wrapped, new=anew
                )
                if await rotations.shared_key(connection, organisation) != anew:
                    # Wrapped anew meanwhile, where the organisation's own key is
                    # replaced too: this new key is stored nowhere, and what were
                    # sealed by it would open by none. The next pass makes another.
                    return 1
            owner = owner._replace(wrapped={Tier.SHARED: anew})
        if _is_turning(owner):
            await self._reseal(organisation, owner)
        return int(anew is not None)

    async def _shared(self, rotation: Rotation) -> _Owner | None:
        if rotation.patient:
            return None
        async with self._database.connection() as connection:
            found = await rotations.shared_key(connection, rotation.organisation)
        return None if found is None else _Owner(None, "", {Tier.SHARED: found})

    async def _reseal(self, organisation: int, owner: _Owner) -> None:
        """Everything of one owner under the newest key, in small transactions."""
        rows = self._rows(organisation, owner)
        async with self._database.connection() as connection:
            named = await data_keys.versions_of(connection, organisation, owner.number)
        for portion in _portions(named):
            async with self._database.connection() as connection:
                names = [one.name for one in portion]
                bodies = await data_keys.bodies_of(
                    connection, organisation, owner.number, names
                )
                pairs = await _beside(portion, partial(_resealed, rows, bodies))
                if pairs:
                    await data_keys.reseal(
                        connection, organisation, owner.number, pairs
                    )
            # Whoever asks the door comes between two portions.
            await asyncio.sleep(0)
        await self._reseal_beside(organisation, owner, rows)

    async def _reseal_beside(
        self, organisation: int, owner: _Owner, rows: SealedRows
    ) -> None:
        """The same of what lies in other tables."""
        async with self._database.connection() as connection:
            for one in await data_keys.boxes_beside(
                connection, organisation, owner.number
            ):
                with contextlib.suppress(BoxCannotBeOpenedError):
                    anew = rows.resealed_beside(one)
                    if anew is not None:
                        await data_keys.reseal_beside(
                            connection, organisation, owner.number, old=one, new=anew
                        )

    def _rows(
        self, organisation: int, owner: _Owner, *, is_newest_only: bool = False
    ) -> SealedRows:
        keys = {}
        for tier, identity, wrapped in owner.keys(organisation):
            found = self._keystore.unwrap_all(organisation, wrapped, identity)
            keys[tier] = found[:1] if is_newest_only else found
        return SealedRows(organisation, owner.id, keys, type_name=self._type_name)

    def _opens_all(self, organisation: int, owner: _Owner) -> bool:
        """Whether its keys are ours, and none of them one that was replaced."""
        return all(
            self._keystore.unwrap(organisation, wrapped, identity) is not None
            for _, identity, wrapped in owner.keys(organisation)
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
        left, after = await self._retire_shared(rotation), 0
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
                found = await self._checked(connection, organisation, _owner(row))
                if found.older:
                    late.append(_owner(row))
                    continue
                so_far = _with(so_far, found)
                pairs.append((row, _newest_only(row)))
            if pairs:
                who = rotation.patient or f"{len(pairs)} more patients"
                await self._write_down(rotation, who, so_far)
                await rotations.put_portion(connection, organisation, pairs)
                await data_keys.note_proved(connection, rotation.id, so_far)
        for owner in late:
            await self._reseal(organisation, owner)
        return len(pairs)

    async def _retire_shared(self, rotation: Rotation) -> int:
        """The key of what belongs to no patient; 1 where somebody wrote just now.

        No lock holds it: where the organisation's own key is replaced meanwhile, it is
        wrapped anew while it is read here, and then it is read once more.
        """
        owner, organisation = await self._shared(rotation), rotation.organisation
        if owner is None or not _is_turning(owner):
            return 0
        old = owner.wrapped[Tier.SHARED]
        async with self._database.transaction() as connection:
            so_far = await data_keys.proved(connection, rotation.id)
            found = await self._checked(connection, organisation, owner)
            if await rotations.shared_key(connection, organisation) != old:
                return 1
            if not found.older:
                so_far = _with(so_far, found, patients=0)
                await self._write_down(rotation, "what is shared", so_far)
                new = _newest_box(old)
                await rotations.put_shared_key(
                    connection, organisation, old=old, new=new
                )
                if await rotations.shared_key(connection, organisation) != new:
                    return 1
                await data_keys.note_proved(connection, rotation.id, so_far)
                return 0
        await self._reseal(organisation, owner)
        return 1

    async def _checked(
        self, connection: Connection, organisation: int, owner: _Owner
    ) -> _Checked:
        newest = self._rows(organisation, owner, is_newest_only=True)
        either = self._rows(organisation, owner)
        named = await data_keys.versions_of(connection, organisation, owner.number)
        beside = await data_keys.boxes_beside(connection, organisation, owner.number)
        older, unreadable = _count(
            beside, newest.resealed_beside, either.resealed_beside
        )
        digest = Digest(owner.id)
        for portion in _portions(named):
            names = [one.name for one in portion]
            bodies = await data_keys.bodies_of(
                connection, organisation, owner.number, names
            )
            act = partial(_read, bodies, newest=newest, either=either, digest=digest)
            found = await _beside(portion, act)
            older, unreadable = older + found[0], unreadable + found[1]
        return _Checked(len(named), older, unreadable, digest)

    async def _write_down(self, rotation: Rotation, who: str, so_far: Proved) -> None:
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


def _with(so_far: Proved, found: _Checked, *, patients: int = 1) -> Proved:
    return Proved(
        patients=so_far.patients + patients,
        rows=so_far.rows + found.rows,
        unreadable=so_far.unreadable + found.unreadable,
        digest=found.digest.behind(so_far.digest),
    )


def _owner(row: WrappedKeys) -> _Owner:
    wrapped = {
        tier: getattr(row, column)
        for tier, column in zip(PATIENT_TIERS, _COLUMNS, strict=True)
    }
    return _Owner(row.number, row.id, wrapped)


def _is_turning(owner: WrappedKeys | _Owner) -> bool:
    wrapped = (owner if isinstance(owner, _Owner) else _owner(owner)).wrapped
    return any(len(boxes_in(column)) > 1 for column in wrapped.values())


def _newest_box(column: bytes) -> bytes:
    """A column without the key before; rubbish stays what it is."""
    return column_of(boxes_in(column)[:1]) or column


def _newest_only(row: WrappedKeys) -> WrappedKeys:
    anew = {column: _newest_box(getattr(row, column)) for column in _COLUMNS}
    return msgspec.structs.replace(row, **anew)


def _count(
    boxes: Sequence[B], newest: Callable[[B], object], either: Callable[[B], object]
) -> tuple[int, int]:
    """(open by the key before alone, open by none)."""
    left = [one for one in boxes if not _opens(newest, one)]
    older = sum(_opens(either, one) for one in left)
    return older, len(left) - older


def _opens(by: Callable[[B], object], one: B) -> bool:
    try:
        by(one)
    except BoxCannotBeOpenedError:
        return False
    return True


def _resealed(rows: SealedRows, bodies: Sequence[Body]) -> list[tuple[Body, bytes]]:
    """Those that are under an older key; what opens by none is left alone."""
    pairs = []
    for one in bodies:
        try:
            anew = rows.resealed(one)
        except BoxCannotBeOpenedError:
            continue
        if anew is not None:
            pairs.append((one, anew))
    return pairs


def _read(
    bodies: Sequence[Body], *, newest: SealedRows, either: SealedRows, digest: Digest
) -> tuple[int, int]:
    """(open by the key before alone, open by none)."""
    digest.add(bodies)
    return _count(bodies, newest.resealed, either.resealed)


async def _beside(portion: Sequence[SizedVersion], act: Callable[[], R]) -> R:
    """Do it here; in a thread where one large body would hold up the door."""
    if sum(one.size for one in portion) <= BYTES_AT_ONCE:
        return act()
    return await asyncio.to_thread(act)


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
