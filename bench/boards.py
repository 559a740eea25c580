# SPDX-License-Identifier: Apache-2.0
"""A thousand open boards: until the last has a change, and what it costs to keep them.

The client's thousand connections share the machine with the two web processes: at the
last board both have done their work.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

from bench._stack import Stack, processor_seconds, stack
from support.boards import put
from support.live_site import LiveSite, live_site
from wardkeep.assembly.database import WEB, address_for
from wardkeep.db.connection import Connection, connect
from wardkeep.web.hub import MOST_OF_A_SESSION

BOARDS = 1_000
CHANGES = 20
IDLE_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
ORGANISATION = 1
SCREEN, BOARD = "/screens/a/live", "/boards/a/live"


class Open:
    """One browser's stream, by what has come."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.text = b""
        self.came_at = 0.0
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while received := await self._reader.read(65_536):
            self.text = (self.text + received)[-4_096:]
            self.came_at = time.perf_counter()

    async def close(self) -> None:
        self.task.cancel()
        self._writer.close()
        with suppress(asyncio.CancelledError, ConnectionError):
            await self.task


async def open_board(port: int, token: str, of: str) -> Open:
    reader, writer = await asyncio.open_connection("localhost", port)
    asked = (
        f"GET /live?of={quote(of)}&seen= HTTP/1.1\r\nHost: localhost:{port}\r\n"
        f"Cookie: wardkeep={token}\r\nSec-Fetch-Site: same-origin\r\n\r\n"
    )
    writer.write(asked.encode())
    return Open(reader, writer)


async def until_all(boards: list[Open], holds: Callable[[Open], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not all(holds(one) for one in boards):  # noqa: ASYNC110 - many streams
            await asyncio.sleep(0.002)


async def change(boards: list[Open], connection: Connection, words: str) -> float:
    """Milliseconds from before the write until the last board has it."""
    for one in boards:
        one.text = b""
    begun = time.perf_counter()
    await put(connection, ORGANISATION, "a", "A42", words)
    await until_all(
        boards, lambda one: b"event: changed" in one.text or words.encode() in one.text
    )
    return (max(one.came_at for one in boards) - begun) * 1e3


async def measure(site: LiveSite, tokens: list[str]) -> dict[str, float]:
    server = site.server
    connection = await connect(address_for(server.settings, server.layout, WEB))
    figures = {}
    for name, of, changes in (("screens", SCREEN, CHANGES), ("boards", BOARD, 2)):
        opened = [
            await open_board(site.port, tokens[number % len(tokens)], of)
            for number in range(BOARDS)
        ]
        await until_all(
            opened, lambda one: b"event: " in one.text.partition(b"begun")[2]
        )
        await asyncio.sleep(6)
        before = processor_seconds(site.process.pid)
        await asyncio.sleep(IDLE_SECONDS)
        after = processor_seconds(site.process.pid)
        spent = sum(after.values()) - sum(before.values())
        figures[f"{name}: processor while nothing changes, %"] = (
            spent / IDLE_SECONDS * 100
        )
        before = processor_seconds(site.process.pid)
        took = [
            await change(opened, connection, f"to-room-{n}") for n in range(changes)
        ]
        figures[f"{name}: until the last of {BOARDS:,} has a change, ms, p50"] = (
            statistics.median(took)
        )
        figures[f"{name}: the same, slowest of {changes}"] = max(took)
        after = processor_seconds(site.process.pid)
        spent = sum(after.values()) - sum(before.values())
        figures[f"{name}: processor of both web processes a change, ms"] = (
            spent / changes * 1e3
        )
        await asyncio.gather(*[one.close() for one in opened])
        await asyncio.sleep(1)
    await connection.close()
    return figures


def run() -> dict[str, float]:
    """Milliseconds until the last board has a change; share of a core at rest."""
    with stack(WARDKEEP_WEB_WORKERS="1") as running:
        running.await_ready()
        return _on(running)


def _on(running: Stack) -> dict[str, float]:
    running.found("fernhill")
    with live_site(running) as site:
        # A session has a few streams; each browser's person is somebody else.
        people = BOARDS // MOST_OF_A_SESSION * 2
        tokens = [running.sign_in("fernhill", []) for _ in range(people)]
        return asyncio.run(measure(site, tokens))
