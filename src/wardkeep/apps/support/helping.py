# SPDX-License-Identifier: Apache-2.0
"""What a support person was granted, and the way there."""

from starlette.responses import Response

from wardkeep.apps.support.overview import SUPPORTERS
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.support import ListMyGrants, MyGrants
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/helping", gate=SUPPORTERS)
async def show_helping(visit: Visit) -> Response:
    found = await visit.warden.ask(ListMyGrants(visit.token), MyGrants)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render("support/helping.html", grants=found.grants)
