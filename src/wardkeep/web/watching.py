# SPDX-License-Identifier: Apache-2.0
"""What a device without a session shows, live: a line of JSON whenever it may differ.

A person's pages hear by `/live` (streams.py), which their session lets in. A waiting
room's screen has no session: it proves itself to its own page, and is looked up again
for each line, so one that was ended gets its last line at once.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Protocol

import msgspec
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from wardkeep.db.changes import Topic

LOOKS_AGAIN_SECONDS = 1.0
"""Also where nothing was heard: the sign of life, and the longest that a device may go
on by the old state if a change was not heard."""
LOOKS_AT_MOST_EVERY_SECONDS = 0.05
MOST_OF_A_DEVICE = 4
"""Streams; the oldest of more is ended, so who stole a secret takes no places."""
_LINES = "application/x-ndjson"
Key = tuple[int, Topic]


class Watch:
    """One device's waiting for a change."""

    def __init__(self, whose: str, keys: Iterable[Key]) -> None:
        self.whose = whose
        self.keys = tuple(keys)
        self.is_over = False
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    def end(self) -> None:
        self.is_over = True
        self._wake.set()

    def rest(self) -> None:
        """What changes from now on wakes: called before anything is read."""
        if not self.is_over:
            self._wake.clear()

    async def changed(self, *, within_seconds: float) -> None:
        """Return once something changed, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._wake.wait()


class Watches:
    """Every device that waits in this process, by what it waits for."""

    def __init__(self) -> None:
        self._by_key: dict[Key, set[Watch]] = {}
        self._by_device: dict[str, OrderedDict[Watch, None]] = {}

    def open(self, whose: str, keys: Iterable[Key]) -> Watch:
        """Wait for changes of these; the oldest of too many of a device is ended."""
        watch = Watch(whose, keys)
        mine = self._by_device.setdefault(whose, OrderedDict())
        mine[watch] = None
        for key in watch.keys:
            self._by_key.setdefault(key, set()).add(watch)
        if len(mine) > MOST_OF_A_DEVICE:
            self.close(next(iter(mine)))
        return watch

    def hear(self, key: Key) -> None:
        for watch in self._by_key.get(key, ()):
            watch.wake()

    def wake_all(self) -> None:
        """Anything may have changed."""
        for watch in self._everybody():
            watch.wake()

    def close(self, watch: Watch) -> None:
        """End it and forget it."""
        watch.end()
        mine = self._by_device.get(watch.whose, OrderedDict())
        mine.pop(watch, None)
        if not mine:
            self._by_device.pop(watch.whose, None)
        for key in watch.keys:
            there = self._by_key.get(key, set())
            there.discard(watch)
            if not there:
                self._by_key.pop(key, None)

    def close_all(self) -> None:
        for watch in self._everybody():
            self.close(watch)

    def _everybody(self) -> list[Watch]:
        return [one for mine in self._by_device.values() for one in mine]

    def __len__(self) -> int:
        return len(self._everybody())


class Line(msgspec.Struct, frozen=True):
    """How it stands, as one line; and whether the device hears no more after it."""

    text: bytes
    is_last: bool = False


class DeviceStream(Response):
    """The lines as an answer, until the device goes, or is let in no more."""

    def __init__(
        self,
        watches: Watches,
        *,
        whose: str,
        keys: Iterable[Key],
        look: Callable[[], Awaitable[Line]],
    ) -> None:
        super().__init__(media_type=_LINES)
        self._watches = watches
        self._whose = whose
        self._keys = tuple(keys)
        self._look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        watch = self._watches.open(self._whose, self._keys)
        gone = asyncio.create_task(end_when_gone(receive, watch))
        try:
            await send(stream_begins(_LINES))
            while not watch.is_over:
                watch.rest()
                line = await self._look()
                await send(piece(line.text + b"\n"))
                if line.is_last:
                    break
                await asyncio.sleep(LOOKS_AT_MOST_EVERY_SECONDS)
                await watch.changed(within_seconds=LOOKS_AGAIN_SECONDS)
        finally:
            gone.cancel()
            self._watches.close(watch)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Ends(Protocol):
    """What is over once its reader has gone."""

    def end(self) -> None: ...


def stream_begins(media_type: str) -> Message:
    """The start of an answer that comes piece by piece."""
    headers = [
        (b"content-type", media_type.encode()),
        # A proxy that gathers an answer before it passes it on would stop every board.
        (b"x-accel-buffering", b"no"),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def piece(some: bytes) -> Message:
    return {"type": "http.response.body", "body": some, "more_body": True}


async def end_when_gone(receive: Receive, stream: Ends) -> None:
    """End a stream when its reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
