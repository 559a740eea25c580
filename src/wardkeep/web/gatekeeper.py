# SPDX-License-Identifier: Apache-2.0
"""Finds the page, asks its gate, and only then lets the handler see the request.

A gate for people asks the warden for every request and keeps nothing: a session that
was ended a moment ago is over now, in every process.
"""

import html
from collections.abc import Iterable
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.message import at_a_glance
from wardkeep.disclosure.questions import CheckSession
from wardkeep.web.cookies import forget_session, session_token
from wardkeep.web.exchange import PATTERN, REFERENCE
from wardkeep.web.forms import read_form
from wardkeep.web.gates import PublicGate, SignedInGate
from wardkeep.web.navigation import Link, links_for, navigation_at
from wardkeep.web.pages import Page
from wardkeep.web.pieces import WHOSE, in_pieces
from wardkeep.web.rendering import Rendering, Surroundings
from wardkeep.web.return_path import FIRST_PAGE, safe_return_path, sign_in_path
from wardkeep.web.routes import OtherMethods, Routes
from wardkeep.web.same_origin import SAFE_METHODS
from wardkeep.web.services import Services
from wardkeep.web.site import Site
from wardkeep.web.trouble import (
    NOT_FOUND,
    NOT_YOUR_WORK,
    SIGNED_OUT,
    Trouble,
    not_allowed,
    of_refusal,
)
from wardkeep.web.visit import SEE_OTHER, PublicVisit, Visit

NOT_SIGNED_IN, ASLEEP = "not-signed-in", "asleep"
WAKE_TEMPLATE = "web/wake.html"
_ELSEWHERE = frozenset({"cross-site", "same-site"})


class Gatekeeper:
    """The pages as an ASGI application."""

    def __init__(
        self,
        routes: Routes,
        *,
        services: Services,
        rendering: Rendering,
        navigation: Iterable[Link],
        clock: Clock,
    ) -> None:
        self._routes = routes
        self._services = services
        self._rendering = rendering
        self._navigation = tuple(navigation)
        self._site = services[Site]
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._routes.find(scope["path"], scope["method"])
        request = Request(scope, receive)
        if found is None:
            response = self._tell(NOT_FOUND, request)
        elif isinstance(found, OtherMethods):
            response = self._tell(not_allowed(found.methods), request)
        else:
            scope[PATTERN] = found.page.path
            scope["path_params"] = found.parts
            response = await self._answer(found.page, request)
        pieces = in_pieces(
            scope, send, warden=self._services[WardenClient], clock=self._clock
        )
        await response(scope, receive, pieces)

    async def _answer(self, page: Page, request: Request) -> Response:
        gate = page.gate
        if isinstance(gate, PublicGate):
            visit = PublicVisit(
                request,
                services=self._services,
                rendering=self._rendering,
                surroundings=Surroundings(path=page.path),
            )
            return await page.handler(visit)
        return await self._answer_signed_in(page, gate, request)

    async def _answer_signed_in(
        self, page: Page, gate: SignedInGate, request: Request
    ) -> Response:
        token = session_token(request, self._site)
        if not token:
            return self._ask_to_sign_in(request, has_ended=False)
        warden = self._services[WardenClient]
        session = await warden.ask(CheckSession(token, page.is_glance), SessionView)
        if isinstance(session, Refusal):
            return await self._turn_back(session, request)
        if not gate.admits(session.role):
            return self._tell(NOT_YOUR_WORK, request, session=session)
        request.scope[WHOSE] = token
        visit = Visit(
            request,
            session=session,
            token=at_a_glance(token) if page.is_glance else token,
            services=self._services,
            rendering=self._rendering,
            surroundings=self._surroundings(page.path, session),
        )
        return await page.handler(visit)

    async def _turn_back(self, refusal: Refusal, request: Request) -> Response:
        if refusal.code == ASLEEP:
            return await self._wake_first(refusal, request)
        if refusal.code != NOT_SIGNED_IN:
            return self._tell(of_refusal(refusal), request)
        response = self._ask_to_sign_in(request, has_ended=True)
        forget_session(response, self._site)
        return response

    async def _wake_first(self, refusal: Refusal, request: Request) -> Response:
        """The page that asks for the passkey; what was posted stays in it."""
        if request.method in SAFE_METHODS:
            path = f"/wake?next={quote(_address(request), safe='/')}"
            return RedirectResponse(path, status_code=SEE_OTHER)
        form = await read_form(request)
        if isinstance(form, Trouble):
            words = {"code": ASLEEP, "why": refusal.why, "mend": refusal.mend}
            return Response(
                msgspec.json.encode(words), 401, media_type="application/json"
            )
        return self._rendering.page(
            WAKE_TEMPLATE,
            Surroundings(path=""),
            status=401,
            context={
                "next": FIRST_PAGE,
                "kept": form.values,
                "path": _address(request),
            },
        )

    def _ask_to_sign_in(self, request: Request, *, has_ended: bool) -> Response:
        if request.method not in SAFE_METHODS:
            return self._tell(SIGNED_OUT, request)
        wanted = _address(request)
        if request.headers.get("sec-fetch-site") in _ELSEWHERE:
            return _come_again(wanted)
        return RedirectResponse(
            sign_in_path(wanted, has_ended=has_ended), status_code=SEE_OTHER
        )

    def _surroundings(self, path: str, session: SessionView) -> Surroundings:
        return Surroundings(
            path=path,
            session=session,
            navigation=navigation_at(path, links_for(session.role, self._navigation)),
        )

    def _tell(
        self, trouble: Trouble, request: Request, *, session: SessionView | None = None
    ) -> Response:
        around = (
            Surroundings(path="")
            if session is None
            else self._surroundings("", session)
        )
        return self._rendering.trouble(trouble, request.scope[REFERENCE], around)


def _address(request: Request) -> str:
    """Path and query, written so that they mean the same again."""
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.scope["path"], safe="/:@!$&'()*+,;=~-._")
    return safe_return_path(f"{path}?{query}" if query else path)


def _come_again(wanted: str) -> Response:
    """A page that loads itself anew at once, this time as a visit of our own.

    After a link on somebody else's page the browser withholds a SameSite=Strict
    cookie, so a person who is signed in would look as if they were not.
    """
    address = html.escape(wanted)
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><title>Opening Wardkeep</title>'
        f'<meta http-equiv="refresh" content="0;url={address}"></head>'
        f'<body><main><h1>Opening Wardkeep</h1><p><a href="{address}">Go on</a>'
        "</p></main></body></html>"
    )
