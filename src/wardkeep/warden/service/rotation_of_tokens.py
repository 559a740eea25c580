# SPDX-License-Identifier: Apache-2.0
"""A new key for an organisation's search tokens, under which each token is turned.

First all rows come to hold tokens under both keys, and whoever writes writes both. Then
searches ask for the newer ones. When nobody can hold a search by the older ones any
more, those leave the rows, all rows are read once more, the ledger has that, and the
old key is destroyed. No row is opened: a token is turned without knowing what it is of.
"""

import asyncio
import hashlib
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, NamedTuple, TypeAlias

from wardkeep.base.clock import Clock
from wardkeep.crypto.aead import new_key
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.keys import TOKENS
from wardkeep.identity import accounts
from wardkeep.identity.accounts import OrganisationRow
from wardkeep.warden import data_keys, rotations, token_rows
from wardkeep.warden.data_keys import Proved
from wardkeep.warden.destroyed_keys import DestroyedKey, DestroyedKeys
from wardkeep.warden.keystore import KeyStore, token_layer_identity
from wardkeep.warden.root_key_ring import RootKeyRing
from wardkeep.warden.rotations import Rotation
from wardkeep.warden.service.rotation_levels import Passed, Tell
from wardkeep.warden.token_keys import OrganisationTokens, TokenPhase
from wardkeep.warden.token_rows import (
    EVERY_TURN,
    HistoryPlace,
    ResourcePlace,
    TokenRow,
)

ROWS_AT_ONCE = 50
TOKENS_AT_ONCE = 1_000
"""Turned in 2 ms, in which no other question is answered."""
MARKS_AT_ONCE = 500
BUSY_SECONDS = 0.2
"""Until what somebody writes just now is looked at again."""
_TWO_TOKENS = struct.Struct(">qq")
_THREE = 3


class OlderTokensError(Exception):
    """A row has tokens of before where all were turned: begin the passes again."""

    def __init__(self) -> None:
        super().__init__("a row has search tokens from before")


class _Turned(NamedTuple):
    """A row before and after."""

    old: TokenRow
    new: TokenRow
    is_odd: bool = False
    """Whether its two halves did not belong together: nobody of ours wrote it."""


_Act: TypeAlias = Callable[
    [OrganisationTokens, Sequence[TokenRow]], Coroutine[Any, Any, list[_Turned]]
]


class TokensLevel:
    """The search-token key of an organisation, and all that is found by it."""

    def __init__(
        self,
        database: Database,
        ring: RootKeyRing,
        keystore: KeyStore,
        *,
        destroyed: DestroyedKeys,
        clock: Clock,
    ) -> None:
        self._database = database
        self._ring = ring
        self._keystore = keystore
        self._destroyed = destroyed
        self._clock = clock
        self._filling_since: dict[str, float] = {}
        self.settle_seconds = 3600.0
        """Six times as long as anybody remembers a token; twice as long as a page's
        link is good."""

    async def turn(self, connection: Connection, organisation: int) -> int:
        """Have a new key beside the one in use; the generation that it makes."""
        identity = token_layer_identity(organisation)
        newer = await asyncio.to_thread(self._ring.wrap, new_key(), identity)
        return await token_rows.begin(connection, organisation, newer=newer)

    async def prepare(self, rotation: Rotation) -> None:
        """Make tokens as the database says, and let nobody write those of before."""
        organisation = rotation.organisation
        await self._use(organisation)
        await self._fence(organisation)
        self._filling_since[rotation.id] = self._clock.monotonic_seconds()

    async def _row(self, organisation: int) -> OrganisationRow:
        async with self._database.connection() as connection:
            found = await accounts.organisations(connection)
        return next(one for one in found if one.number == organisation)

    async def _use(self, organisation: int) -> None:
        row = await self._row(organisation)
        keys = await asyncio.to_thread(self._keystore.unwrapped, row)
        self._keystore.turn_tokens(organisation, keys)

    async def _fence(self, organisation: int) -> None:
        """Refuse writers of before, and wait for those who were in time."""
        turn = self._keystore.tokens_of(organisation).turn
        async with self._database.connection() as connection:
            await token_rows.raise_floor(connection, organisation, turn)
            number = await token_rows.transaction_number(connection)
        # Whoever did not see the floor has a lower number: it was given before.
        while True:
            async with self._database.connection() as connection:
                if await token_rows.oldest_transaction(connection) >= number:
                    return
            await asyncio.sleep(BUSY_SECONDS)

    async def _enter(self, organisation: int, phase: TokenPhase) -> None:
        async with self._database.connection() as connection:
            await token_rows.enter(connection, organisation, phase)
        await self._use(organisation)

    # Both tokens in all rows -------------------------------------------------

    async def turn_all(self, rotation: Rotation, tell: Tell) -> Passed:
        """Have all rows hold both; when they do and all know it, search by the newer.

        An hour of quiet goes before the switch, and another before anything is taken
        away: what a process remembers is of either side of one of them at most.
        """
        organisation = rotation.organisation
        keys = self._keystore.tokens_of(organisation)
        if keys.phase is not TokenPhase.FILLING:
            return Passed(0, 0, 0)
        passed = await self._turned(rotation, _filled, tell=tell)
        await self._fill_marks(organisation, keys)
        since = self._filling_since[rotation.id]
        is_settled = self._clock.monotonic_seconds() - since >= self.settle_seconds
        if passed.rewrapped or not is_settled:
            return passed
        await self._enter(organisation, TokenPhase.SWITCHED)
        return passed._replace(is_further=True)

    async def _turned(
        self, rotation: Rotation, act: _Act, *, tell: Tell | None = None
    ) -> Passed:
        """What is current until nothing is left, then what was replaced meanwhile."""
        total = Passed(0, 0, 0)
        for start in (ResourcePlace(), HistoryPlace()):
            while True:
                found = await self._pass(rotation, start, act, tell or _tell_nobody)
                total = Passed(
                    max(total.seen, found.seen),
                    total.rewrapped + found.rewrapped,
                    total.unreadable + found.unreadable,
                )
                if not found.due:
                    break
                if found.rewrapped < found.due:
                    await asyncio.sleep(BUSY_SECONDS)
        return total

    async def _pass(
        self,
        rotation: Rotation,
        place: ResourcePlace | HistoryPlace,
        act: _Act,
        tell: Tell,
    ) -> "_Found":
        organisation = rotation.organisation
        keys = self._keystore.tokens_of(organisation)
        seen = due = changed = odd = 0
        while True:
            async with self._database.connection() as connection:
                found = await token_rows.portion(
                    connection,
                    organisation,
                    place,
                    below=keys.turn,
                    at_most=ROWS_AT_ONCE,
                )
            if found is None:
                return _Found(seen, changed, odd, due)
            turned = await act(keys, found.due)
            if turned:
                here = await self._put(rotation, turned)
                changed, odd = changed + here.rewrapped, odd + here.unreadable
            seen, due, place = seen + found.seen, due + len(turned), found.place
            tell(seen, 0)

    async def _put(self, rotation: Rotation, turned: Sequence[_Turned]) -> Passed:
        """Store some rows; how many were still those, and how many were odd."""
        odd = sum(one.is_odd for one in turned)
        async with self._database.transaction() as connection:
            changed = await token_rows.put(
                connection,
                rotation.organisation,
                [(one.old, one.new) for one in turned],
            )
            if odd:
                await rotations.note_unreadable(connection, rotation.id, odd)
        return Passed(0, changed, odd)

    async def _fill_marks(self, organisation: int, keys: OrganisationTokens) -> None:
        """What imports know documents by, under both keys."""
        while True:
            async with self._database.connection() as connection:
                olds = await token_rows.marks(
                    connection, organisation, below=keys.turn, at_most=MARKS_AT_ONCE
                )
                if not olds:
                    return
                news = [
                    _TWO_TOKENS.pack(*keys.translated(list(_TWO_TOKENS.unpack(one))))
                    for one in olds
                ]
                await token_rows.add_marks(
                    connection, organisation, turn=keys.turn, olds=olds, news=news
                )

    # The newer ones alone ----------------------------------------------------

    async def prove(self, rotation: Rotation, last: Passed) -> str:
        """Take the older tokens out of all rows, and read all rows once more.

        Raises:
            OlderTokensError: a row has tokens from before all the same.
        """
        del last
        organisation = rotation.organisation
        phase = self._keystore.tokens_of(organisation).phase
        if phase is TokenPhase.SWITCHED:
            await self._enter(organisation, TokenPhase.EMPTYING)
            await self._fence(organisation)
        keys = self._keystore.tokens_of(organisation)
        if keys.phase is TokenPhase.EMPTYING:
            await self._turned(rotation, _emptied)
        async with self._database.connection() as connection:
            await token_rows.drop_marks(connection, organisation, below=keys.turn)
            proved = await _read_all(connection, rotation, turn=keys.turn)
            await data_keys.note_proved(connection, rotation.id, proved)
        gone = keys.older_fingerprint
        return (
            f"search tokens: {proved.rows} rows by {keys.fingerprint} alone,"
            f" 0 by {gone} before, {proved.unreadable} were odd,"
            f" digest {proved.digest.hex()}"
        )

    async def retire(self, rotation: Rotation, last: Passed) -> None:
        """Destroy the old key, and remember on this machine that it was."""
        del last
        organisation = rotation.organisation
        keys = self._keystore.tokens_of(organisation)
        if keys.phase is TokenPhase.EMPTYING:
            gone = DestroyedKey(organisation, TOKENS, keys.older_fingerprint)
            await asyncio.to_thread(self._destroyed.add, gone)
        async with self._database.connection() as connection:
            await token_rows.finish(connection, organisation, rotation.generation)
        await self._use(organisation)
        self._filling_since.pop(rotation.id, None)


class _Found(NamedTuple):
    """What one pass found."""

    seen: int
    rewrapped: int
    unreadable: int
    due: int


def _tell_nobody(done: int, total: int) -> None:
    del done, total


async def _translated(keys: OrganisationTokens, tokens: Sequence[int]) -> list[int]:
    """Under the newer key, some at a time: whoever asks the door comes in between."""
    found: list[int] = []
    for start in range(0, len(tokens), TOKENS_AT_ONCE):
        found += keys.translated(list(tokens[start : start + TOKENS_AT_ONCE]))
        await asyncio.sleep(0)
    return found


async def _filled(keys: OrganisationTokens, rows: Sequence[TokenRow]) -> list[_Turned]:
    """Rows with the newer tokens behind the older ones."""
    anew = await _turned_over(keys, rows)
    return [
        _Turned(
            old,
            old._replace(
                turn=keys.turn,
                tokens=[*old.tokens, *new.tokens],
                ranges=[*(old.ranges or ()), *(new.ranges or ())] or None,
            ),
        )
        for old, new in zip(rows, anew, strict=True)
    ]


async def _emptied(keys: OrganisationTokens, rows: Sequence[TokenRow]) -> list[_Turned]:
    """Rows with the newer tokens alone, as they were searched by."""
    halves = [_halves(row, is_both=row.turn == keys.turn - 1) for row in rows]
    anew = await _turned_over(keys, [older for older, _ in halves])
    return [
        _Turned(
            row,
            (new if newer is None else newer)._replace(turn=keys.turn),
            is_odd=newer is not None and newer != new,
        )
        for row, (_, newer), new in zip(rows, halves, anew, strict=True)
    ]


def _halves(row: TokenRow, *, is_both: bool) -> tuple[TokenRow, TokenRow | None]:
    """What stands first and what behind it; None where a row holds no second half."""
    if not is_both:
        return row, None
    middle = len(row.tokens) // 2
    ranges = row.ranges or []
    between = len(ranges) // (2 * _THREE) * _THREE
    first = row._replace(tokens=row.tokens[:middle], ranges=ranges[:between] or None)
    second = row._replace(tokens=row.tokens[middle:], ranges=ranges[between:] or None)
    return first, second


async def _turned_over(
    keys: OrganisationTokens, rows: Sequence[TokenRow]
) -> list[TokenRow]:
    """The same rows by the newer key alone."""
    gathered = [one for row in rows for one in (*row.tokens, *_range_keys(row))]
    dealt = iter(await _translated(keys, gathered))
    found = []
    for row in rows:
        tokens = [next(dealt) for _ in row.tokens]
        ranges = None if row.ranges is None else list(row.ranges)
        if ranges is not None:
            for place in range(0, len(ranges), _THREE):
                ranges[place] = next(dealt)
        found.append(row._replace(tokens=tokens, ranges=ranges))
    return found


def _range_keys(row: TokenRow) -> Sequence[int]:
    return (row.ranges or ())[::_THREE]


async def _read_all(connection: Connection, rotation: Rotation, *, turn: int) -> Proved:
    """Every row as of one moment, with a digest over them.

    Raises:
        OlderTokensError: one has tokens from before.
    """
    so_far = await data_keys.proved(connection, rotation.id)
    digest, rows = hashlib.sha256(), 0
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read")
        for start in (ResourcePlace(), HistoryPlace()):
            async for row in _rows(connection, rotation.organisation, start):
                if row.turn < turn:
                    raise OlderTokensError
                rows += 1
                digest.update(_line(row))
    return Proved(rows=rows, unreadable=so_far.unreadable, digest=digest.digest())


async def _rows(
    connection: Connection, organisation: int, place: ResourcePlace | HistoryPlace
) -> AsyncIterator[TokenRow]:
    while True:
        found = await token_rows.portion(
            connection, organisation, place, below=EVERY_TURN, at_most=ROWS_AT_ONCE
        )
        if found is None:
            return
        for row in found.due:
            yield row
        place = found.place


def _line(row: TokenRow) -> bytes:
    """As docs/formats/database.md has it."""
    numbers = [*row.tokens, *(row.ranges or ())]
    content = hashlib.sha256(struct.pack(f">{len(numbers)}q", *numbers)).hexdigest()
    return f"{row.type}|{row.id.hex()}|{row.version}|{content}\n".encode()
