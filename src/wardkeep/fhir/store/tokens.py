# SPDX-License-Identifier: Apache-2.0
"""Search tokens, asked of the warden in batches; only it can compute them."""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Refusal, Tokens
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ComputeTokens
from wardkeep.fhir.search.row_facts import holds_no_value
from wardkeep.fhir.store.outcomes import Opener

MOST_VALUES = 20_000
MOST_NAMES = 50_000
"""Remembered in a process: an organisation searches by a few hundred."""
MOST_BYTES = 2 * 1024 * 1024
"""Of the values in one question: a quarter of what a frame may have."""


REMEMBERED_SECONDS = 600.0
"""A rotation of their key waits six times as long before it takes tokens away."""
_MARK = struct.Struct(">qq")


class RowTokens(NamedTuple):
    """What rows hold for some values, in their order."""

    tokens: Sequence[int] = ()
    newer: Sequence[int] = ()
    """Under the key that comes, while rows hold both."""
    turn: int = 0
    is_switched: bool = False

    @property
    def searched(self) -> list[int]:
        """What a search asks for."""
        return list(self.newer if self.is_switched else self.tokens)

    def dealt(self, counts: Sequence[int]) -> list["RowTokens"]:
        """In the portions in which they were asked for."""
        found, start = [], 0
        for count in counts:
            end = start + count
            halves = (self.tokens[start:end], self.newer[start:end])
            found.append(RowTokens(*halves, self.turn, self.is_switched))
            start = end
        return found

    def marks(self) -> Iterator[tuple[bytes, int | None]]:
        """What an import's mark is kept as, each with the turn of its row."""
        yield packed_mark(self.tokens), self.turn or None
        if self.newer:
            yield packed_mark(self.newer), self.turn + 1


def packed_mark(tokens: Sequence[int]) -> bytes:
    """Two tokens, as they name a document that was loaded."""
    return _MARK.pack(*tokens)


async def tokens_of(
    warden: WardenClient, session: str, values: Sequence[bytes]
) -> list[int] | Refusal:
    """The tokens by which some values are searched for, in their order."""
    given = await row_tokens_of(warden, session, values)
    return given if isinstance(given, Refusal) else given.searched


async def row_tokens_of(
    warden: WardenClient, session: str, values: Sequence[bytes]
) -> RowTokens | Refusal:
    """What rows hold for some values, all of one turn."""
    found: list[Tokens] = []
    for batch in _batches(values):
        given = await warden.ask(ComputeTokens(session, batch), Tokens)
        if isinstance(given, Refusal):
            return given
        found.append(given)
    if len({(one.turn, one.is_switched) for one in found}) > 1:
        # Their key was replaced between two batches.
        return await row_tokens_of(warden, session, values)
    if not found:
        return RowTokens()
    return RowTokens(
        [token for one in found for token in one.tokens],
        [token for one in found for token in one.newer],
        found[0].turn,
        found[0].is_switched,
    )


def _batches(values: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
    start = size = 0
    for place, value in enumerate(values):
        size += len(value)
        if place - start == MOST_VALUES or (size > MOST_BYTES and place > start):
            yield tuple(values[start:place])
            start, size = place, len(value)
    if start < len(values):
        yield tuple(values[start:])


class TokenMemory:
    """Tokens of one session's values, asked once each while they are remembered.

    A load meets the same codes thousands of times. Two generations are kept: what the
    older one has and nobody asked for again is forgotten. A token alone tells nothing;
    the values are in this process's memory anyway, because it reads the files. While
    rows hold two tokens for each value, nothing is remembered.
    """

    def __init__(
        self, warden: WardenClient, session: str, *, clock: Clock, room: int = 100_000
    ) -> None:
        self._warden = warden
        self._session = session
        self._clock = clock
        self._room = room
        self.forget()

    def forget(self) -> None:
        """Ask for all of them anew."""
        self._young: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}
        self._turn = 0
        self._since = self._clock.monotonic_seconds()

    async def tokens_of(self, values: Sequence[bytes]) -> list[int] | Refusal:
        """The tokens by which some values are searched for, in their order."""
        given = await self.row_tokens_of(values)
        return given if isinstance(given, Refusal) else given.searched

    async def row_tokens_of(self, values: Sequence[bytes]) -> RowTokens | Refusal:
        """What rows hold for some values, in their order."""
        if self._clock.monotonic_seconds() - self._since > REMEMBERED_SECONDS:
            self.forget()
        wanted, turn = set(values), self._turn
        known = self._recall(wanted)
        missing = list(wanted.difference(known))
        if not missing:
            self._remember(known, turn)
            return RowTokens([known[value] for value in values], (), turn)
        given = await row_tokens_of(self._warden, self._session, missing)
        if isinstance(given, Refusal):
            return given
        if given.turn != self._turn:
            self.forget()
            self._turn = given.turn
        if known and given.turn != turn:
            # What was remembered is of another key.
            return await self.row_tokens_of(values)
        newer = dict(zip(missing, given.newer, strict=False))
        known.update(zip(missing, given.tokens, strict=True))
        if not newer:
            self._remember(known, given.turn)
        return RowTokens(
            [known[value] for value in values],
            [newer[value] for value in values] if newer else (),
            given.turn,
            given.is_switched,
        )

    def _remember(self, known: dict[bytes, int], turn: int) -> None:
        if turn != self._turn:
            return
        self._young.update(known)
        if len(self._young) > self._room // 2:
            self._old, self._young = self._young, {}

    def _recall(self, wanted: set[bytes]) -> dict[bytes, int]:
        young, old = self._young, self._old
        known = {value: young[value] for value in wanted & young.keys()}
        known.update({value: old[value] for value in wanted & old.keys()})
        return known


class TokensOfNames:
    """Tokens for searches; those that name an element and no value are remembered.

    They are the same for every search of an organisation, and tell of nobody. Whatever
    stands for a value is asked each time, so that the warden judges and counts it.
    """

    def __init__(self, warden: WardenClient, *, clock: Clock) -> None:
        self._warden = warden
        self._clock = clock
        self._known: dict[tuple[int, bytes], int] = {}
        self._since = clock.monotonic_seconds()

    async def of(
        self, secrets: Sequence[bytes], *, opener: Opener
    ) -> dict[bytes, int] | Refusal:
        """The token of each; of what is not remembered in one question."""
        self._forget_in_time()
        organisation = opener.organisation
        tokens = {one: self._known.get((organisation, one)) for one in secrets}
        found = {one: token for one, token in tokens.items() if token is not None}
        missing = [one for one, token in tokens.items() if token is None]
        given = await tokens_of(self._warden, opener.session, missing)
        if isinstance(given, Refusal):
            return given
        for one, token in zip(missing, given, strict=True):
            found[one] = token
            if holds_no_value(one) and len(self._known) < MOST_NAMES:
                self._known[organisation, one] = token
        return found

    def _forget_in_time(self) -> None:
        """Their key may be replaced: none is used for longer than rows hold both."""
        now = self._clock.monotonic_seconds()
        if now - self._since > REMEMBERED_SECONDS:
            self._known, self._since = {}, now
