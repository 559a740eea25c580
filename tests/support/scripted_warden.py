# SPDX-License-Identifier: Apache-2.0
"""A warden that says what a test tells it to, over a real socket in the real wire.

It is for pages alone: what a page does with an answer. What the warden answers is
tested with the warden itself.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from wardkeep.disclosure.answers import Answer, Refusal, SessionView, Welcome
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.federation import AskProviders, Providers
from wardkeep.disclosure.message import PROTOCOL
from wardkeep.disclosure.questions import CheckSession, Hello, Question
from wardkeep.disclosure.wire import FrameReader, door_decoder, frame

Q = TypeVar("Q", bound=Question)

NOBODY = Refusal(
    code="not-signed-in",
    why="You are not signed in, or your session has ended.",
    mend="Sign in again with your passkey.",
)
ROWAN = SessionView(
    session="s-1",
    account="a-1",
    display_name="Rowan Ash",
    organisation=1,
    organisation_name="Fernhill Hospital",
    organisation_slug="fernhill",
    role="doctor",
    role_title="Doctor",
    factor="passkey",
    started_at=1_790_000_000_000_000,
    last_used_at=1_790_000_060_000_000,
    expires_at=1_790_040_000_000_000,
    device="Chrome on Linux",
    may_change_passkeys=True,
)


class ScriptedWarden:
    """Answers by the kind of question; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.talks: list[asyncio.Task[None] | None] = []
        self.sessions: dict[str, SessionView] = {"rowan-token": ROWAN}
        self._answers: dict[type, Callable[..., Answer]] = {
            Hello: lambda _: Welcome(PROTOCOL, "scripted"),
            AskProviders: lambda _: Providers(()),
            CheckSession: lambda asked: self.sessions.get(asked.session, NOBODY),
        }

    def when(self, kind: type[Q], answer: Answer | Callable[[Q], Answer]) -> None:
        self._answers[kind] = answer if callable(answer) else lambda _: answer

    def questions(self, kind: type[Q]) -> list[Q]:
        """What was asked of one kind, in order."""
        return [asked for asked in self.asked if isinstance(asked, kind)]

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.talks.append(asyncio.current_task())
        frames = FrameReader()
        while chunk := await reader.read(65536):
            for number, body in frames.feed(chunk):
                question = door_decoder.decode(body)
                self.asked.append(question)
                writer.write(frame(number, self._answers[type(question)](question)))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def scripted_warden(
    folder: Path,
) -> AsyncIterator[tuple[ScriptedWarden, WardenClient]]:
    """The warden and a client of it, while the block lasts."""
    warden = ScriptedWarden()
    socket = folder / "door.sock"
    server = await asyncio.start_unix_server(warden.serve, socket)
    client = WardenClient(socket, asker="test")
    try:
        yield warden, client
    finally:
        await client.close()
        await asyncio.gather(*[talk for talk in warden.talks if talk])
        server.close()
        await server.wait_closed()
