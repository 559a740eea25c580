# SPDX-License-Identifier: Apache-2.0
"""Puts the web application together: what comes in, and who gets it.

`/fhir` goes to a bare ASGI application before anything that pages need; both stand
behind a guard with the same host allow-list and limits.
"""

from collections.abc import Iterable, Mapping
from functools import partial

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from wardkeep.base.clock import Clock
from wardkeep.web.apps import FoundApp
from wardkeep.web.errors import tell_plainly, telling_by_page
from wardkeep.web.exchange import PATTERN
from wardkeep.web.gatekeeper import Gatekeeper
from wardkeep.web.guard import (
    Guard,
    Tell,
    host_check,
    length_check,
    origin_check,
)
from wardkeep.web.headers import for_every_answer, for_pages
from wardkeep.web.health import HEALTH_PAGES
from wardkeep.web.hub import Hub
from wardkeep.web.look import (
    STATIC_PREFIX,
    look_of,
)
from wardkeep.web.metrics import Metrics
from wardkeep.web.pace import Pace, WaitingPace
from wardkeep.web.rendering import Rendering
from wardkeep.web.routes import Routes
from wardkeep.web.services import Services
from wardkeep.web.site import MOST_STREAMS, Limits, Site
from wardkeep.web.static import StaticFiles
from wardkeep.web.streams import PATH as STREAMS, Streams

_TRIES_A_SECOND = 5.0
_TRIES_AT_ONCE = 60


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A bare ASGI application below a prefix, as in `/fhir`.

    It has no cookies and no pages, so the check of where a request comes from does
    not apply to it: its callers prove themselves in each request.
    """

    prefix: str
    application: ASGIApp
    limits: Limits
    tell: Tell = tell_plainly
    """How its errors are told: OperationOutcome for FHIR."""


def application(
    apps: Iterable[FoundApp],
    services: Services,
    site: Site,
    *,
    clock: Clock,
    metrics: Metrics,
    mounts: Iterable[Mount] = (),
) -> ASGIApp:
    """The whole web application, ready for a server."""
    guarded = {
        mount.prefix: _guard_mount(mount, site, clock=clock, metrics=metrics)
        for mount in mounts
    }
    if not services.has(Hub):
        # One that never listens: nothing is live then, and pages say so.
        services = services.with_these(Hub(clock))
    pages = _pages(tuple(apps), services, site, clock=clock, metrics=metrics)
    return _by_prefix(guarded, pages)


def _by_prefix(guarded: Mapping[str, ASGIApp], pages: ASGIApp) -> ASGIApp:
    prefixes = tuple(guarded.items())

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        for prefix, inside in prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                await inside(scope, receive, send)
                return
        await pages(scope, receive, send)

    return dispatch


def _guard_mount(
    mount: Mount, site: Site, *, clock: Clock, metrics: Metrics
) -> ASGIApp:
    limited = msgspec.structs.replace(site, limits=mount.limits)
    return Guard(
        mount.application,
        site=limited,
        checks=(host_check(site.hosts_for_programs), length_check(limited)),
        headers=for_every_answer(site),
        tell=mount.tell,
        metrics=metrics,
        clock=clock,
    )


def _pages(
    apps: tuple[FoundApp, ...],
    services: Services,
    site: Site,
    *,
    clock: Clock,
    metrics: Metrics,
) -> ASGIApp:
    look = look_of(apps)
    rendering = Rendering(look.environment, site=site, clock=clock)
    pace = Pace(clock, a_second=_TRIES_A_SECOND, at_once=_TRIES_AT_ONCE)
    routes = Routes(
        [page for one in apps for page in one.app.pages] + list(HEALTH_PAGES)
    )
    # A room of a hundred phones that each look every twenty seconds.
    waiting = WaitingPace(clock, a_second=_TRIES_A_SECOND, at_once=_TRIES_AT_ONCE)
    services = services.with_these(site, pace, waiting)
    gatekeeper = Gatekeeper(
        routes,
        services=services,
        rendering=rendering,
        navigation=[link for one in apps for link in one.app.navigation],
        clock=clock,
    )
    streams = Streams(routes, services=services, rendering=rendering, hub=services[Hub])
    # Streams stay open: they have places of their own.
    many = Limits(at_once=MOST_STREAMS)
    guard = partial(
        Guard,
        checks=(host_check(site.hosts), origin_check(site), length_check(site)),
        headers=for_pages(site),
        tell=telling_by_page(rendering),
        metrics=metrics,
        clock=clock,
    )
    return _by_prefix(
        {STREAMS: guard(streams, site=msgspec.structs.replace(site, limits=many))},
        guard(_with_static(StaticFiles(look.files), gatekeeper), site=site),
    )


def _with_static(files: StaticFiles, pages: ASGIApp) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if not path.startswith(STATIC_PREFIX):
            await pages(scope, receive, send)
            return
        scope[PATTERN] = STATIC_PREFIX
        response = files.answer(path, Headers(scope=scope))
        await response(scope, receive, send)

    return serve
