# SPDX-License-Identifier: Apache-2.0
"""The levels of keys, and for each how what it wraps is turned over to a new one.

A pass reads all that the key wraps and wraps anew what is still under the old one. What
opens by the new key is left alone, so a pass may be broken off anywhere and begun
again, and one that finds nothing is the proof that nothing is left.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import msgspec

from wardkeep.crypto.aead import BoxCannotBeOpenedError, new_key
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.keys import ORGANISATION
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity import accounts
from wardkeep.warden import rotations
from wardkeep.warden.destroyed_keys import DestroyedKey, DestroyedKeys
from wardkeep.warden.keystore import (
    KeyStore,
    organisation_identity,
    token_key_identity,
    token_key_of,
)
from wardkeep.warden.root_key import RootKeyUnavailableError
from wardkeep.warden.root_key_ring import RECORD_NAME, RootKeyRing
from wardkeep.warden.rotations import ROOT_WRAPPED, Rotation, WrappedKeys, Wrapping

PORTION = 200
"""Patients a statement: 4 ms of the loop, in which no other question is answered."""
_TIERS = (
    (Tier.BANNER, "banner_key"),
    (Tier.RECORD, "record_key"),
    (Tier.SEALED, "sealed_key"),
)


class Passed(NamedTuple):
    """What one pass found."""

    seen: int
    rewrapped: int
    """Were under the old key when the pass came by."""
    unreadable: int
    """Open by neither key: whoever wrote them did not have them from us."""
    is_further: bool = False
    """Whether it went on to something that has to be waited for again."""


Tell = Callable[[int, int], None]
"""Takes how many of how many are done."""


def _older_is_away(unreadable: int, ring: RootKeyRing) -> str:
    return (
        f"{unreadable} keys do not open, and the older root key ({ring.record.older})"
        " could not be used at the start. Bring it back and start the warden again;"
        f" if it is lost for good, take it out of {RECORD_NAME}."
    )


class LedgerAwayError(Exception):
    """A step of a rotation cannot be written down, so the old key stays."""

    def __init__(self) -> None:
        super().__init__("the ledger cannot be written")


class Level(Protocol):
    """A level of keys."""

    settle_seconds: float
    """For how long somebody may still hold what the old key wrapped."""

    async def prepare(self, rotation: Rotation) -> None:
        """Know both keys, and wrap by the new one from now on."""
        ...

    async def turn_all(self, rotation: Rotation, tell: Tell) -> Passed:
        """One pass."""
        ...

    async def prove(self, rotation: Rotation, last: Passed) -> str:
        """What the ledger is to say, before the old key goes."""
        ...

    async def retire(self, rotation: Rotation, last: Passed) -> None:
        """Destroy the old key, as the last pass allows."""
        ...


class RootLevel:
    """Organisations' keys, and what else the root key wraps, by a new root key."""

    def __init__(self, database: Database, ring: RootKeyRing) -> None:
        self._database = database
        self._ring = ring
        self.settle_seconds = 60.0
        """An organisation or provider that is being made is stored within a second."""

    async def prepare(self, rotation: Rotation) -> None:
        """Nothing: the ring turned when the rotation began."""

    async def turn_all(self, rotation: Rotation, tell: Tell) -> Passed:
        del rotation
        async with self._database.connection() as connection:
            found = [
                (where, key, wrapped)
                for where in ROOT_WRAPPED
                for key, wrapped in await rotations.wrapped_by_root(connection, where)
            ]
        rewrapped = unreadable = 0
        for done, (where, key, wrapped) in enumerate(found):
            tell(done, len(found))
            try:
                is_old = await self._turn(where, key, wrapped)
            except BoxCannotBeOpenedError:
                unreadable += 1
            else:
                rewrapped += is_old
        tell(len(found), len(found))
        if unreadable and self._ring.lacks_older:
            raise RootKeyUnavailableError(_older_is_away(unreadable, self._ring))
        return Passed(len(found), rewrapped, unreadable)

    async def _turn(self, where: Wrapping, key: object, wrapped: bytes) -> bool:
        # In a thread: a device or a service takes its time.
        identity = where.identity.format(key).encode()
        anew = await asyncio.to_thread(self._ring.rewrapped, wrapped, identity)
        if anew is None:
            return False
        async with self._database.connection() as connection:
            await rotations.put_rewrapped(
                connection, where, key=key, old=wrapped, new=anew
            )
        return True

    async def prove(self, rotation: Rotation, last: Passed) -> str:
        """The last pass is the proof."""
        said = _nothing_left(rotation, last)
        return f"{said}, so it is kept" if last.unreadable else said

    async def retire(self, rotation: Rotation, last: Passed) -> None:
        """Where something opened by none it stays: a device may have been mistaken."""
        del rotation
        is_kept = last.unreadable > 0
        await asyncio.to_thread(self._ring.forget_older, is_kept=is_kept)


class OrganisationLevel:
    """Patients' keys and the shared one by an organisation's new key."""

    def __init__(
        self,
        database: Database,
        ring: RootKeyRing,
        keystore: KeyStore,
        *,
        destroyed: DestroyedKeys,
    ) -> None:
        self._destroyed = destroyed
        self._database = database
        self._ring = ring
        self._keystore = keystore
        self.settle_seconds = 3600.0
        """A load holds new patients' keys for as long as one source takes: minutes."""

    async def turn(self, connection: Connection, organisation: int) -> int:
        """Have a new key in the row, with the one before beside it; no generation."""
        identity = organisation_identity(organisation)
        before = await rotations.lock_organisation(connection, organisation)
        old = await asyncio.to_thread(self._ring.unwrap, before, identity)
        wrapped = await asyncio.to_thread(self._ring.wrap, new_key(), identity)
        tokens = await asyncio.to_thread(
            self._ring.wrap, token_key_of(old), token_key_identity(organisation)
        )
        await rotations.turn_organisation(
            connection, organisation, wrapped=wrapped, older=before, token_key=tokens
        )
        return 0

    async def prepare(self, rotation: Rotation) -> None:
        organisation = rotation.organisation
        async with self._database.connection() as connection:
            found = await accounts.organisations(connection)
        row = next(one for one in found if one.number == organisation)
        keys = await asyncio.to_thread(self._keystore.unwrapped, row)
        self._keystore.turn_wrapping(organisation, keys)

    async def turn_all(self, rotation: Rotation, tell: Tell) -> Passed:
        organisation = rotation.organisation
        async with self._database.connection() as connection:
            total = await rotations.count_wrapped(connection, organisation)
        tell(0, total)
        seen = after = 0
        passed = await self._turn_shared(organisation)
        while portion := await self._portion(organisation, after):
            after = portion[-1].number
            seen += len(portion)
            here = await self._turn_portion(organisation, portion)
            passed = Passed(
                passed.seen + here.seen,
                passed.rewrapped + here.rewrapped,
                passed.unreadable + here.unreadable,
            )
            tell(min(seen, total), total)
            await asyncio.sleep(0)
        return passed

    async def _portion(self, organisation: int, after: int) -> list[WrappedKeys]:
        async with self._database.connection() as connection:
            return await rotations.wrapped_portion(
                connection, organisation, after=after, at_most=PORTION
            )

    async def _turn_portion(
        self, organisation: int, portion: list[WrappedKeys]
    ) -> Passed:
        pairs, unreadable = [], 0
        for row in portion:
            changes = dict(self._changes(organisation, row))
            unreadable += None in changes.values()
            # One that is damaged takes none of the others with it.
            anew = {column: key for column, key in changes.items() if key}
            if anew:
                pairs.append((row, msgspec.structs.replace(row, **anew)))
        if pairs:
            async with self._database.connection() as connection:
                await rotations.put_portion(connection, organisation, pairs)
        return Passed(len(portion), len(pairs), unreadable)

    def _changes(
        self, organisation: int, row: WrappedKeys
    ) -> Iterator[tuple[str, bytes | None]]:
        """Columns to be wrapped anew, and by what; None where neither key opens it."""
        for tier, column in _TIERS:
            identity = key_identity(
                organisation=organisation, patient=row.id, tier=tier
            )
            wrapped: bytes = getattr(row, column)
            try:
                anew = self._keystore.rewrapped(organisation, wrapped, identity)
            except BoxCannotBeOpenedError:
                yield column, None
            else:
                if anew is not None:
                    yield column, anew

    async def _turn_shared(self, organisation: int) -> Passed:
        identity = key_identity(organisation=organisation, patient="", tier=Tier.SHARED)
        async with self._database.connection() as connection:
            wrapped = await rotations.shared_key(connection, organisation)
            if wrapped is None:
                return Passed(0, 0, 0)
            try:
                anew = self._keystore.rewrapped(organisation, wrapped, identity)
            except BoxCannotBeOpenedError:
                return Passed(1, 0, 1)
            if anew is not None:
                await rotations.put_shared_key(
                    connection, organisation, old=wrapped, new=anew
                )
        return Passed(1, int(anew is not None), 0)

    async def prove(self, rotation: Rotation, last: Passed) -> str:
        """The last pass is the proof."""
        newest = self._keystore.fingerprint(rotation.organisation)
        return f"{_nothing_left(rotation, last)}; {newest} is in use"

    async def retire(self, rotation: Rotation, last: Passed) -> None:
        del last
        organisation = rotation.organisation
        gone = self._keystore.older_fingerprint(organisation)
        if gone:
            key = DestroyedKey(organisation, ORGANISATION, gone)
            await asyncio.to_thread(self._destroyed.add, key)
        async with self._database.connection() as connection:
            await rotations.forget_older(connection, organisation)
        self._keystore.forget_older(organisation)


def _nothing_left(rotation: Rotation, last: Passed) -> str:
    said = f"{rotation.level} key: 0 of {last.seen} under the old key"
    return f"{said}, {last.unreadable} open by none" if last.unreadable else said
