# SPDX-License-Identifier: Apache-2.0
"""Search tokens, asked of the warden in batches; only it can compute them."""

from collections.abc import Iterable, Sequence

from wardkeep.disclosure.answers import Refusal, Tokens
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ComputeTokens

MOST_VALUES = 20_000
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


def _batches(values: Sequence[bytes]) -> Iterable[tuple[bytes, ...]]:
    batch: list[bytes] = []
    size = 0
    for value in values:
        if batch and (len(batch) >= MOST_VALUES or size + len(value) > MOST_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(value)
        size += len(value)
    if batch:
        yield tuple(batch)


class TokenMemory:
    """Tokens of one session's values, asked once each while there is room.

    A load meets the same codes thousands of times. A token alone tells nothing; the
    values are in this process's memory anyway, because it reads the files.
    """

    def __init__(
        self, warden: WardenClient, session: str, *, room: int = 200_000
    ) -> None:
        self._warden = warden
        self._session = session
        self._room = room
        self._known: dict[bytes, int] = {}

    async def learn(self, values: Iterable[bytes]) -> Refusal | None:
        """Make sure that every value's token is known."""
        wanted = set(values)
        if len(self._known) + len(wanted) > self._room:
            self._known.clear()
        missing = sorted(wanted.difference(self._known))
        given = await tokens_of(self._warden, self._session, missing)
        if isinstance(given, Refusal):
            return given
        self._known.update(zip(missing, given, strict=True))
        return None

    def __getitem__(self, value: bytes) -> int:
        return self._known[value]
