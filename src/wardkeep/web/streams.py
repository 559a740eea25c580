# SPDX-License-Identifier: Apache-2.0
"""`GET /live?of=PATH&seen=…`: one stream of events for all open pages of a browser.

Each PATH is a live part (live.py). Its own gate is asked for it here, and again
whenever the part itself is asked for. Below it, as `/live/screen`, are streams of
devices, each a page of its own. https://html.spec.whatwg.org/#server-sent-events
"""

import asyncio
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import CheckSession
from wardkeep.web.cookies import session_token
from wardkeep.web.exchange import PATTERN
from wardkeep.web.gates import PublicGate, SignedInGate
from wardkeep.web.hub import BEAT_SECONDS, Hub, Stream, event
from wardkeep.web.pages import Page
from wardkeep.web.rendering import Rendering, Surroundings
from wardkeep.web.routes import Found, Routes
from wardkeep.web.services import Services
from wardkeep.web.site import Site
from wardkeep.web.visit import PublicVisit, Visit
from wardkeep.web.watching import end_when_gone, piece, stream_begins

PATH = "/live"
MOST_PARTS = 16
_EVENTS = "text/event-stream; charset=utf-8"
NOT_SIGNED_IN = Response("Not signed in.\n", 401)
NOT_HERE = Response("There is no such live page.\n", 404)


class Wanted(msgspec.Struct, frozen=True):
    """A part that a browser shows, and what it has seen of it."""

    of: str
    seen: str


class Streams:
    """The streams as an ASGI application."""

    def __init__(
        self, routes: Routes, *, services: Services, rendering: Rendering, hub: Hub
    ) -> None:
        self._routes = routes
        self._services = services
        self._rendering = rendering
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[PATTERN] = PATH
        if scope["path"] != PATH:
            await self._answer_device(scope, receive, send)
            return
        token = session_token(Request(scope), self._services[Site])
        wanted = wanted_of(scope["query_string"])
        if scope["method"] != "GET" or not wanted:
            await NOT_HERE(scope, receive, send)
            return
        warden = self._services[WardenClient]
        session = await warden.ask(CheckSession(token, is_glance=True), SessionView)
        if isinstance(session, Refusal):
            await NOT_SIGNED_IN(scope, receive, send)
            return
        stream = self._hub.open(token)
        try:
            for one in wanted:
                self._add(stream, scope, session, one)
            await self._pump(stream, receive, send)
        finally:
            self._hub.close(stream)

    async def _answer_device(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page below `/live/`: of a device, which has no session (watching.py)."""
        found = self._routes.find(scope["path"], scope["method"])
        if not isinstance(found, Found) or not isinstance(found.page.gate, PublicGate):
            await NOT_HERE(scope, receive, send)
            return
        scope[PATTERN] = found.page.path
        visit = PublicVisit(
            Request(scope, receive),
            services=self._services,
            rendering=self._rendering,
            surroundings=Surroundings(path=found.page.path),
        )
        response = await found.page.handler(visit)
        await response(scope, receive, send)

    def _add(
        self, stream: Stream, scope: Scope, session: SessionView, wanted: Wanted
    ) -> None:
        """Hear of a part, if its page's own gate lets this session in."""
        parts = urlsplit(wanted.of)
        path = unquote(parts.path)
        found = self._routes.find(path, "GET")
        page = _live_page(found, session)
        if page is None or page.hears is None or not isinstance(found, Found):
            stream.put(wanted.of, event("refused", of=wanted.of))
            return
        inner = {
            **scope,
            "path": path,
            "path_params": found.parts,
            "query_string": parts.query.encode(),
        }
        visit = Visit(
            Request(inner),
            session=session,
            token="",
            services=self._services,
            rendering=self._rendering,
            surroundings=Surroundings(path=page.path),
        )
        hears = page.hears(visit)
        self._hub.add(stream, wanted.of, hears, ground=visit.ground, seen=wanted.seen)

    async def _pump(self, stream: Stream, receive: Receive, send: Send) -> None:
        await send(stream_begins(_EVENTS))
        first = event("begun", at=self._hub.time_words())
        await send(piece(b"retry: 3600000\n" + first))
        gone = asyncio.create_task(end_when_gone(receive, stream))
        try:
            while not stream.is_over:
                await send(piece(await self._next(stream)))
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, stream: Stream) -> bytes:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(stream.beats_at):
                return await stream.take()
        stream.beats_at = asyncio.get_running_loop().time() + BEAT_SECONDS
        return self._hub.beat(stream)


def wanted_of(query: bytes) -> list[Wanted]:
    """The parts that a query names, `of` and `seen` in turn; none where it is wrong."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    names = [name for name, _ in pairs]
    values = [value for _, value in pairs]
    if names != ["of", "seen"] * (len(pairs) // 2) or len(pairs) > 2 * MOST_PARTS:
        return []
    found = [Wanted(*pair) for pair in zip(values[::2], values[1::2], strict=True)]
    return list({one.of: one for one in found}.values())


def _live_page(found: object, session: SessionView) -> Page | None:
    if not isinstance(found, Found):
        return None
    page = found.page
    is_let_in = isinstance(page.gate, SignedInGate) and page.gate.admits(session.role)
    return page if is_let_in else None
