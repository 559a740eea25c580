# SPDX-License-Identifier: Apache-2.0
"""What has changed, told and heard through PostgreSQL: ids alone, never what they mean.

Whoever writes tells within the same transaction, so nobody hears of what was not
committed, and what was committed is heard by every process that listens
(https://www.postgresql.org/docs/current/sql-notify.html). Any role of this database may
tell and listen: what is said here is that something changed, and no more.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import Connection, connect
from wardkeep.db.errors import DatabaseRefusedError, DatabaseUnavailableError

CHANNEL = "wardkeep_changes"
ASKED_EVERY_SECONDS = 1.0
"""A connection whose other end is gone without a word is found out by asking."""
ANSWERS_WITHIN_SECONDS = 2.0
LISTENS_AGAIN_AFTER_SECONDS = 0.25
_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
_KEY = re.compile(r"[A-Za-z0-9._-]{0,80}")
_SAID = re.compile(r"([0-9]{1,5}) ([a-z0-9-]+)/([A-Za-z0-9._-]*) ([0-9a-f]{16})")
_TELL = "select pg_catalog.pg_notify($1, said) from pg_catalog.unnest($2::text[]) said"


class Topic(msgspec.Struct, frozen=True, order=True):
    """Something that may change within an organisation, as in `clinic` and its id."""

    kind: str
    key: str = ""
    """An id of ours; nothing that says anything about a person."""

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind) or not _KEY.fullmatch(self.key):
            message = (
                f"the topic {self.kind!r} is lower-case letters, its key an id of ours"
            )
            raise ValueError(message)


class Changed(msgspec.Struct, frozen=True):
    """One change, as it is heard."""

    organisation: int
    topic: Topic
    mark: str
    """Tells this change from every other; all processes hear the same."""


async def tell(
    connection: Connection, organisation: OrganisationId, topics: Iterable[Topic]
) -> None:
    """Tell every listener of these, once the transaction under way is committed."""
    said = [
        f"{organisation} {one.kind}/{one.key} {secrets.token_hex(8)}"
        for one in dict.fromkeys(topics)
    ]
    if said:
        await connection.execute(_TELL, CHANNEL, said)


def read(said: str) -> Changed | None:
    """A change that was told; None for what no writer of ours says."""
    found = _SAID.fullmatch(said)
    if found is None:
        return None
    organisation, kind, key, mark = found.groups()
    try:
        return Changed(int(organisation), Topic(kind, key), mark)
    except ValueError:
        return None


class Ear:
    """Listens on a connection of its own, and again when it was lost."""

    def __init__(
        self,
        address: DatabaseAddress,
        *,
        heard: Callable[[Changed], None],
        listens: Callable[[bool], None],
    ) -> None:
        """`listens` is told when hearing begins, whatever was before, and ends."""
        self._address = address
        self._heard = heard
        self._listens = listens

    async def listen(self) -> None:
        """Listen until cancelled."""
        while True:
            with suppress(DatabaseUnavailableError, DatabaseRefusedError, TimeoutError):
                await self._listen_once()
            await asyncio.sleep(LISTENS_AGAIN_AFTER_SECONDS)

    async def _listen_once(self) -> None:
        connection = await connect(self._address)
        lost = asyncio.Event()
        try:
            await connection.hear(CHANNEL, self._hear, lost.set)
            self._listens(True)  # noqa: FBT003 - a callback's one argument
            await self._stay(connection, lost)
        finally:
            connection.hang_up()
            self._listens(False)  # noqa: FBT003 - the same

    async def _stay(self, connection: Connection, lost: asyncio.Event) -> None:
        while not lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(ASKED_EVERY_SECONDS):
                    await lost.wait()
            async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
                await connection.fetch_value("select true")

    def _hear(self, said: str) -> None:
        changed = read(said)
        if changed is not None:
            self._heard(changed)
