# SPDX-License-Identifier: Apache-2.0
"""The web application on a scripted warden, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.types import ASGIApp

from support.asgi import ORIGIN
from support.scripted_warden import ScriptedWarden, scripted_warden
from wardkeep.apps import check_in, my_account, sign_in
from wardkeep.base.clock import SystemClock
from wardkeep.web.application import application
from wardkeep.web.apps import App, FoundApp
from wardkeep.web.metrics import Metrics
from wardkeep.web.services import Services
from wardkeep.web.site import Site

COOKIE = {"cookie": "wardkeep=rowan-token"}


class Stage(msgspec.Struct, frozen=True):
    """The application and the warden behind it."""

    app: ASGIApp
    warden: ScriptedWarden


@asynccontextmanager
async def stage_of(folder: Path, *, is_demo: bool = False) -> AsyncIterator[Stage]:
    """The apps of those without a session, and for one's own account."""
    async with scripted_warden(folder) as (warden, client):
        app = application(
            [
                _found(sign_in.app, sign_in.__file__),
                _found(my_account.app, my_account.__file__),
                _found(check_in.app, check_in.__file__),
            ],
            Services(client),
            Site(origin=ORIGIN, is_demo=is_demo),
            clock=SystemClock(),
            metrics=Metrics(),
        )
        yield Stage(app, warden)


def _found(app: App, module_file: str) -> FoundApp:
    return FoundApp(app=app, folder=Path(module_file).parent)
