# SPDX-License-Identifier: Apache-2.0
"""A visit: one request as a page sees it, with who asks and what the page may use."""

from datetime import date
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from wardkeep.base.clock import LONDON, Clock
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.web.exchange import REFERENCE
from wardkeep.web.forms import (
    MAX_FIELD_CHARACTERS,
    MAX_FIELDS,
    Form,
    read_form,
    read_json,
)
from wardkeep.web.hub import Hub
from wardkeep.web.live import Ground, LivePart, Region
from wardkeep.web.navigation import Place
from wardkeep.web.parts import tree_of
from wardkeep.web.rendering import Rendering, Surroundings
from wardkeep.web.return_path import safe_return_path
from wardkeep.web.services import Services
from wardkeep.web.site import Site
from wardkeep.web.trouble import Trouble, of_refusal

T = TypeVar("T")

SEE_OTHER = 303
_WITH_A_PAGE = {
    "prove-again": "web/prove.html",
    "passkey-due": "web/prove.html",
    "budget-spent": "web/closed.html",
    "frozen": "web/closed.html",
}
"""Refusals of the door, which have an entry, with pages of their own."""


class PublicVisit:
    """Anybody's visit: there is no session to ask about."""

    def __init__(
        self,
        request: Request,
        *,
        services: Services,
        rendering: Rendering,
        surroundings: Surroundings,
    ) -> None:
        self.request = request
        self.services = services
        self._rendering = rendering
        self._surroundings = surroundings

    @property
    def site(self) -> Site:
        return self.services[Site]

    @property
    def warden(self) -> WardenClient:
        return self.services[WardenClient]

    @property
    def clock(self) -> Clock:
        return self._rendering.clock

    @property
    def today(self) -> date:
        """The day in London, where everybody who uses this works."""
        return self.clock.now().astimezone(LONDON).date()

    @property
    def reference(self) -> str:
        """What the log calls this request."""
        reference: str = self.request.scope[REFERENCE]
        return reference

    @property
    def address(self) -> str | None:
        """The network address that asks, as far as we can see."""
        client = self.request.client
        return client.host if client else None

    def path(self, name: str) -> str:
        """A part of the address, as in `/patient/{id}`."""
        value: str = self.request.path_params[name]
        return value

    def query(self, name: str) -> str:
        """A query parameter; empty where it was not sent."""
        return self.request.query_params.get(name, "")

    async def leave_nothing_unread(self) -> None:
        """Read what was sent and is of no use: else the connection ends with it."""
        await self.request.body()

    async def form(
        self,
        *,
        longest: int = MAX_FIELD_CHARACTERS,
        most_fields: int = MAX_FIELDS,
    ) -> Form | Trouble:
        return await read_form(self.request, longest=longest, most_fields=most_fields)

    async def json(self, kind: type[T]) -> T | Trouble:
        return await read_json(self.request, kind)

    def render(
        self, template: str, *, status: int = 200, **context: object
    ) -> Response:
        """A page: `app_name/page.html` with what it shows."""
        return self._rendering.page(
            template, self._surroundings, status=status, context=context
        )

    def answer_json(self, value: object, *, status: int = 200) -> Response:
        return Response(
            msgspec.json.encode(value),
            status_code=status,
            media_type="application/json",
        )

    def go_to(self, path: str) -> Response:
        """Send the browser on, with GET."""
        return RedirectResponse(path, status_code=SEE_OTHER)

    def tell(self, trouble: Trouble) -> Response:
        """An error page."""
        return self._rendering.trouble(trouble, self.reference, self._surroundings)

    def refuse(self, refusal: Refusal, kept: Form | None = None) -> Response:
        """The warden's refusal as a page, in its own words.

        Where a passkey mends it, the page asks for it; `kept` is what was sent, and is
        sent again.
        """
        template = _WITH_A_PAGE.get(refusal.code)
        if template is None or refusal.entry < 0:
            return self.tell(of_refusal(refusal))
        request = self.request
        query = f"?{request.url.query}" if request.url.query else ""
        return self.render(
            template,
            status=403,
            refused=refusal,
            next=safe_return_path(f"{request.url.path}{query}"),
            kept=kept.values if kept is not None else {},
            patient=request.path_params.get("id", ""),
        )


class Visit(PublicVisit):
    """The visit of somebody who is signed in, as the warden says for this request."""

    def __init__(
        self,
        request: Request,
        *,
        session: SessionView,
        token: str,
        services: Services,
        rendering: Rendering,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(
            request,
            services=services,
            rendering=rendering,
            surroundings=surroundings,
        )
        self.session = session
        self.token = token
        self.reason = ""
        """Why this page opens what it does, where its work says so by itself; the door
        takes it as one that was typed, and counts it as one."""
        self._work: WhoIAm | None = None

    async def work(self) -> WhoIAm | None:
        """Who the visitor is in the record and where they work, just now.

        Asked once a request, whatever asks for it; None where the warden does not say.
        """
        if self._work is None:
            said = await self.warden.ask(AskWhoIAm(self.token), WhoIAm)
            self._work = said if isinstance(said, WhoIAm) else None
        return self._work

    @property
    def ground(self) -> Ground:
        """What shared parts are made from: this organisation, and nobody's session."""
        return Ground(
            organisation=self.session.organisation,
            path_parts=dict(self.request.path_params),
            query=dict(self.request.query_params),
            services=self.services,
            rendering=self._rendering,
        )

    def live(self, part: LivePart, **query: str) -> Region:
        """A live part at this page's address, as things stand before anything is read.

        Raises:
            TypeError: the page is no live part.
        """
        if part.hears is None:
            message = f"the page {part.path} is no live part: give it `hears`"
            raise TypeError(message)
        hub = self.services[Hub]
        keys = hub.keys(self.session.organisation, part.hears(self))
        names = self.request.path_params
        path = part.path.format(**{name: quote(names[name]) for name in names})
        return Region(
            path=f"{path}?{urlencode(query)}" if query else path,
            seen=hub.seen(keys),
            whose=self.session.session,
            at=hub.time_words(),
        )

    def answer_part(self, region: Region, part: Markup) -> Response:
        """A live part by itself, as its script takes it."""
        told = {
            "seen": region.seen,
            "whose": region.whose,
            "at": region.at,
            "parts": tree_of(part),
        }
        return self.answer_json(told)

    def part(self, region: Region, template: str, **context: object) -> Response:
        """The same from a template."""
        return self.answer_part(region, self._rendering.part(template, context))

    @property
    def places(self) -> tuple[Place, ...]:
        """Where this person may go by the navigation."""
        return self._surroundings.navigation.all

    @property
    def first_place(self) -> str:
        """Where this person's work starts: the first link of their navigation."""
        return self.places[0].path
