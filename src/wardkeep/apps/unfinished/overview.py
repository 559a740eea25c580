# SPDX-License-Identifier: Apache-2.0
"""What is unfinished: one's own about whomever, and everybody's about one patient.

Done means: nothing that I began is forgotten, and a colleague reads that I have begun
it. Rejected: showing a colleague the words (half a sentence would be acted on).
"""

from starlette.responses import Response

from wardkeep.care.of_patient import WRITERS, banner_for
from wardkeep.care.unfinished import own_unfinished, unfinished_of
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/unfinished", gate=WRITERS)
async def show_mine(visit: Visit) -> Response:
    return visit.render("unfinished/mine.html", drafts=await own_unfinished(visit))


@page("/patients/{id}/unfinished", gate=WRITERS)
async def show_of_patient(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    drafts = await unfinished_of(visit, visit.path("id"))
    return visit.render(
        "unfinished/of_patient.html", id=visit.path("id"), banner=banner, drafts=drafts
    )
