# SPDX-License-Identifier: Apache-2.0
"""Who of support may see what, now and before."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.support import ListSupport, Support
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

KEEPERS = Gate.SIGNED_IN.only("administrator", "privacy_officer")
SUPPORTERS = Gate.SIGNED_IN.only("support")


@page("/support", gate=KEEPERS)
async def show_support(visit: Visit) -> Response:
    found = await visit.warden.ask(ListSupport(visit.token), Support)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "support/all.html",
        live=[one for one in found.grants if one.seconds_left],
        over=[one for one in found.grants if not one.seconds_left],
        has_supporters=bool(found.supporters),
    )
