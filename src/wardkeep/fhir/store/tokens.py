# SPDX-License-Identifier: Apache-2.0
"""Search tokens, asked of the warden in batches; only it can compute them."""

from collections.abc import Iterator, Sequence

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


async def tokens_of(
    warden: WardenClient, session: str, values: Sequence[bytes]
) -> list[int] | Refusal:
    """The tokens of some values, in their order."""
    found: list[int] = []
    for batch in _batches(values):
        given = await warden.ask(ComputeTokens(session, batch), Tokens)
        if isinstance(given, Refusal):
            return given
        found += given.tokens
    return found


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
    the values are in this process's memory anyway, because it reads the files.
    """

    def __init__(
        self, warden: WardenClient, session: str, *, room: int = 100_000
    ) -> None:
        self._warden = warden
        self._session = session
        self._room = room
        self._young: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}

    async def tokens_of(self, values: Sequence[bytes]) -> list[int] | Refusal:
        """The tokens of some values, in their order."""
        wanted = set(values)
        known = self._recall(wanted)
        missing = list(wanted.difference(known))
        given = await tokens_of(self._warden, self._session, missing)
        if isinstance(given, Refusal):
            return given
        known.update(zip(missing, given, strict=True))
        self._young.update(known)
        if len(self._young) > self._room // 2:
            self._old, self._young = self._young, {}
        return [known[value] for value in values]

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

    def __init__(self, warden: WardenClient) -> None:
        self._warden = warden
        self._known: dict[tuple[int, bytes], int] = {}

    async def of(
        self, secrets: Sequence[bytes], *, opener: Opener
    ) -> dict[bytes, int] | Refusal:
        """The token of each; of what is not remembered in one question."""
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
