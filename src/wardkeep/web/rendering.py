# SPDX-License-Identifier: Apache-2.0
"""Turns templates into pages, each within the same surroundings."""

from collections.abc import Mapping

import jinja2
import msgspec
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import SessionView
from wardkeep.web.navigation import Navigation
from wardkeep.web.site import Site
from wardkeep.web.trouble import Trouble

TROUBLE_TEMPLATE = "web/trouble.html"


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around every page: who is signed in and where they can go."""

    path: str
    session: SessionView | None = None
    navigation: Navigation = Navigation()


class Rendering:
    """The templates of the house, ready to be filled."""

    def __init__(
        self, environment: jinja2.Environment, *, site: Site, clock: Clock
    ) -> None:
        self._environment = environment
        self._site = site
        self.clock = clock

    def page(
        self,
        template: str,
        surroundings: Surroundings,
        *,
        status: int,
        context: Mapping[str, object],
    ) -> Response:
        text = self._environment.get_template(template).render(
            context,
            surroundings=surroundings,
            site=self._site,
            shown_at=self.clock.now().isoformat(timespec="seconds"),
        )
        return HTMLResponse(text, status_code=status)

    def part(self, template: str, context: Mapping[str, object]) -> Markup:
        """A part of a page, with nothing around it."""
        text = self._environment.get_template(template).render(context, site=self._site)
        return Markup(text)  # noqa: S704 - it was escaped while it was rendered

    def trouble(
        self, trouble: Trouble, reference: str, surroundings: Surroundings
    ) -> Response:
        """An error page: plain words, and the reference that the log has too."""
        context = {"trouble": trouble, "reference": reference}
        response = self.page(
            TROUBLE_TEMPLATE, surroundings, status=trouble.status, context=context
        )
        if trouble.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(trouble.retry_after_seconds)
        for name, value in trouble.headers:
            response.headers[name] = value
        return response
