# SPDX-License-Identifier: Apache-2.0
"""Who hears what in this process: changes come in once and go to every open page.

What is kept for a page is the newest news of each of its parts, so a slow reader never
makes a queue. A signal makes its page ask the door, so signals are given out at a pace.
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.time_of_day import time_of_day
from wardkeep.db.changes import Changed, Topic
from wardkeep.disclosure.answers import GoingOn
from wardkeep.disclosure.client import (
    UnexpectedAnswerError,
    WardenBusyError,
    WardenClient,
    WardenUnavailableError,
)
from wardkeep.disclosure.message import MAX_SESSIONS
from wardkeep.disclosure.questions import WhichMayGoOn
from wardkeep.web.live import Ground, Hears, Shared
from wardkeep.web.parts import tree_of
from wardkeep.web.watching import Watches

BEAT_SECONDS = 2.0
SESSIONS_ASKED_EVERY_SECONDS = 0.4
"""So that a stream ends within the second in which a freeze takes effect."""
WARDEN_ANSWERS_WITHIN_SECONDS = 2.0
SIGNALS_AT_ONCE, SIGNALS_EVERY_SECONDS = 32, 0.25
"""A clinic's boards are told at once; a thousand ask the door over four seconds."""
MADE_EVERY_SECONDS, MADE_AGAIN_AFTER_SECONDS = 0.05, 1.0
"""A shared part: at most so often; and when it could not be made."""
MOST_MARKS = 65_536
MOST_OF_A_SESSION = 8
"""Streams; one browser has one, whatever the number of its pages."""

log = logging.getLogger("wardkeep.web")
Key = tuple[int, Topic]


def event(name: str, **told: object) -> bytes:
    """One server-sent event (https://html.spec.whatwg.org/#server-sent-events)."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(told))


class Stream:
    """One browser's stream: the newest news of each part, and when it is over."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.is_over = False
        self.beats_at = asyncio.get_running_loop().time() + BEAT_SECONDS
        self._news: dict[str, bytes] = {}
        self._wake = asyncio.Event()

    def put(self, of: str, news: bytes) -> None:
        """Have it sent; older news of the same part that nobody took is dropped."""
        self._news.pop(of, None)
        self._news[of] = news
        self._wake.set()

    def end(self) -> None:
        self.is_over = True
        self._wake.set()

    async def take(self) -> bytes:
        """What there is to send, once there is any; empty when it is over."""
        await self._wake.wait()
        self._wake.clear()
        news, self._news = self._news, {}
        return b"" if self.is_over else b"".join(news.values())


class Listener(msgspec.Struct, eq=False, kw_only=True):
    """A part on one stream, and what it hears of."""

    stream: Stream
    of: str
    keys: tuple[Key, ...]
    hears: Hears
    told_at: float
    board: "Board | None" = None


class Board:
    """A shared part: made once a change, sent to all who show it."""

    def __init__(self, hub: "Hub", ground: Ground, hears: Shared, of: str) -> None:
        self._hub = hub
        self._ground = ground
        self._hears = hears
        self._of = of
        self._keys = hub.keys(ground.organisation, hears)
        self._making: asyncio.Task[None] | None = None
        self._is_stale = True
        self._news, self._seen = b"", ""
        self._made_at = hub.now()
        self.listeners: set[Listener] = set()

    def is_due(self, now: float) -> bool:
        """Whether it is older than what depends on the time may be."""
        every = self._hears.every_seconds
        return bool(every) and now - self._made_at >= every

    def make(self) -> None:
        """Make it anew; what changes meanwhile has it made once more."""
        self._is_stale = True
        if self._making is None:
            self._making = asyncio.create_task(self._make())

    async def _make(self) -> None:
        try:
            while self._is_stale and self.listeners:
                self._is_stale = False
                await self._make_once()
        finally:
            self._making = None

    async def _make_once(self) -> None:
        seen = self._hub.seen(self._keys)
        self._made_at = self._hub.now()
        try:
            parts = tree_of(await self._hears.show(self._ground))
        except Exception:
            # Whatever broke, people must not take an old board for a new one.
            log.exception("a shared part could not be made")
            self._is_stale = True
            self._send(event("late", of=self._of))
            await asyncio.sleep(MADE_AGAIN_AFTER_SECONDS)
            return
        self._news = event("part", of=self._of, seen=seen, parts=parts)
        self._seen = seen
        self._send(self._news)
        await asyncio.sleep(MADE_EVERY_SECONDS)

    def give(self, listener: Listener) -> None:
        """Have one who comes later see it, made already or not."""
        if self._news and self._hub.is_current(self._keys, self._seen):
            listener.stream.put(self._of, self._news)
        else:
            self.make()

    def _send(self, news: bytes) -> None:
        for one in self.listeners:
            one.stream.put(self._of, news)

    def close(self) -> None:
        if self._making is not None:
            self._making.cancel()


class Hub:
    """Everything that is heard, and everybody who listens, in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._epoch = ""
        self._marks: dict[Key, str] = {}
        self._listeners: dict[Key, set[Listener]] = {}
        self._streams: dict[str, OrderedDict[Stream, tuple[Listener, ...]]] = {}
        self._boards: dict[tuple[object, int, str], Board] = {}
        self._turns: dict[Listener, None] = {}
        self._left = SIGNALS_AT_ONCE
        self._turn: asyncio.TimerHandle | None = None
        self.watches = Watches()
        """Devices, which have no session."""

    # -- what is known -----------------------------------------------------------------

    def keys(self, organisation: int, hears: Hears) -> tuple[Key, ...]:
        return tuple([(organisation, one) for one in hears.topics])

    def seen(self, keys: Iterable[Key]) -> str:
        """What is known of these now: taken before their rows are read."""
        marks = ",".join([self._marks.get(one, "") for one in keys])
        return f"{self._epoch}:{marks}"

    def is_current(self, keys: tuple[Key, ...], seen: str) -> bool:
        """Whether nothing of these changed since; false where that is not known.

        Processes that heard the same change know the same mark. Where one heard of
        none, only this very listening can tell.
        """
        if not self._epoch:
            return False
        epoch, _, marks = seen.partition(":")
        known = self.seen(keys).partition(":")[2]
        return marks == known and (epoch == self._epoch or all(known.split(",")))

    def now(self) -> float:
        """Seconds by a clock that never steps."""
        return self._clock.monotonic_seconds()

    def time_words(self) -> str:
        """The time of day as people read it, by our clock: 12:20:31."""
        return time_of_day(self._clock.now(), seconds=True)

    # -- what comes in -----------------------------------------------------------------

    def hear(self, changed: Changed) -> None:
        """Something changed: whoever shows it is told."""
        key = (changed.organisation, changed.topic)
        if len(self._marks) >= MOST_MARKS:
            # Forgotten marks could look like ones never heard: begin anew.
            self.listen(True)  # noqa: FBT003 - as the ear calls it
        self._marks[key] = changed.mark
        for listener in self._listeners.get(key, ()):
            self._tell(listener)
        self.watches.hear(key)

    def listen(self, is_listening: bool) -> None:  # noqa: FBT001 - the ear's callback
        """Listening began: everything may have changed. Or ended: nothing is known."""
        self._marks.clear()
        self._epoch = secrets.token_hex(8) if is_listening else ""
        for listener in self._everybody():
            if is_listening:
                self._tell(listener)
            else:
                listener.stream.put(listener.of, event("late", of=listener.of))
        self.watches.wake_all()

    @property
    def is_listening(self) -> bool:
        return bool(self._epoch)

    def _everybody(self) -> list[Listener]:
        streams = [
            mine for of_one in self._streams.values() for mine in of_one.values()
        ]
        return [listener for listeners in streams for listener in listeners]

    def _tell(self, listener: Listener) -> None:
        if listener.board is not None:
            listener.board.make()
        elif self._left > 0 and not self._turns:
            self._signal(listener)
        else:
            self._turns[listener] = None

    def _signal(self, listener: Listener) -> None:
        self._left -= 1
        listener.told_at = self.now()
        listener.stream.put(listener.of, event("changed", of=listener.of))
        if self._turn is None:
            self._turn = asyncio.get_running_loop().call_later(
                SIGNALS_EVERY_SECONDS, self._give_turns
            )

    def _give_turns(self) -> None:
        """A new portion, and who waits for it first in the order of waiting."""
        self._turn = None
        self._left = SIGNALS_AT_ONCE
        for listener in list(self._turns)[:SIGNALS_AT_ONCE]:
            del self._turns[listener]
            self._signal(listener)

    # -- who listens -------------------------------------------------------------------

    def open(self, token: str) -> Stream:
        """A new stream of a session; the oldest of too many is ended."""
        stream = Stream(token)
        mine = self._streams.setdefault(token, OrderedDict())
        mine[stream] = ()
        if len(mine) > MOST_OF_A_SESSION:
            self.close(next(iter(mine)))
        return stream

    def add(
        self, stream: Stream, of: str, hears: Hears, *, ground: Ground, seen: str
    ) -> None:
        """Have a stream hear of a part, from what its page has seen on."""
        listener = Listener(
            stream=stream,
            of=of,
            keys=self.keys(ground.organisation, hears),
            hears=hears,
            told_at=self.now(),
        )
        if isinstance(hears, Shared):
            place = (hears.show, ground.organisation, of)
            board = self._boards.setdefault(place, Board(self, ground, hears, of))
            board.listeners.add(listener)
            listener.board = board
        self._streams[stream.token][stream] += (listener,)
        for key in listener.keys:
            self._listeners.setdefault(key, set()).add(listener)
        self._greet(listener, seen)

    def _greet(self, listener: Listener, seen: str) -> None:
        if not self.is_listening:
            listener.stream.put(listener.of, event("late", of=listener.of))
        elif self.is_current(listener.keys, seen):
            listener.stream.put(listener.of, event("current", of=listener.of))
        elif listener.board is not None:
            listener.board.give(listener)
        else:
            self._tell(listener)

    def beat(self, stream: Stream) -> bytes:
        """The sign of life, and what is due by the time alone; nothing while deaf."""
        if not self.is_listening:
            return b": waiting\n\n"
        now = self.now()
        mine = self._streams.get(stream.token, OrderedDict())
        for one in mine.get(stream, ()):
            if one.board is not None:
                # Due once for all who show it, whoever's beat comes first.
                if one.board.is_due(now):
                    one.board.make()
                continue
            every = one.hears.every_seconds
            if every and now - one.told_at >= every:
                one.told_at = now
                stream.put(one.of, event("changed", of=one.of))
        return event("beat", at=self.time_words())

    def close(self, stream: Stream) -> None:
        """End a stream and forget what it heard of."""
        stream.end()
        mine = self._streams.get(stream.token, OrderedDict())
        for listener in mine.pop(stream, ()):
            self._forget(listener)
        if not mine:
            self._streams.pop(stream.token, None)

    def _forget(self, listener: Listener) -> None:
        self._turns.pop(listener, None)
        for key in listener.keys:
            there = self._listeners.get(key, set())
            there.discard(listener)
            if not there:
                self._listeners.pop(key, None)
        if listener.board is None:
            return
        listener.board.listeners.discard(listener)
        if not listener.board.listeners:
            listener.board.close()
            self._boards = {
                place: one
                for place, one in self._boards.items()
                if one is not listener.board
            }

    @property
    def streams(self) -> int:
        """How many are open."""
        return sum([len(mine) for mine in self._streams.values()])

    def close_all(self) -> None:
        """End every stream, as this process does before it stops."""
        for stream in [one for mine in self._streams.values() for one in mine]:
            self.close(stream)
        self.watches.close_all()

    # -- whose session is over ---------------------------------------------------------

    async def watch_sessions(self, warden: WardenClient) -> None:
        """End the streams of sessions that ended, sleep or are frozen; until cancelled.

        Where the warden does not say, nobody may go on.
        """
        while True:
            await asyncio.sleep(SESSIONS_ASKED_EVERY_SECONDS)
            tokens = list(self._streams)
            for start in range(0, len(tokens), MAX_SESSIONS):
                some = tokens[start : start + MAX_SESSIONS]
                may = await _may_go_on(warden, some)
                self._end(
                    [one for one, is_well in zip(some, may, strict=True) if not is_well]
                )

    def _end(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            for stream in list(self._streams.get(token, ())):
                self.close(stream)


async def _may_go_on(warden: WardenClient, tokens: list[str]) -> tuple[bool, ...]:
    nobody = (False,) * len(tokens)
    try:
        async with asyncio.timeout(WARDEN_ANSWERS_WITHIN_SECONDS):
            answer = await warden.ask(WhichMayGoOn(tuple(tokens)), GoingOn)
    except (
        TimeoutError,
        UnexpectedAnswerError,
        WardenBusyError,
        WardenUnavailableError,
    ):
        return nobody
    return answer.may if isinstance(answer, GoingOn) else nobody
