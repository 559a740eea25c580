# SPDX-License-Identifier: Apache-2.0
"""What was refused here: who asked, whom about, and the rule in plain words.

Done means: a privacy officer reads of each refusal which rule decided, why, and what
would have allowed it, without knowing a code.
"""

from starlette.responses import Response

from wardkeep.apps.security.account import OFFICERS, numbered
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.containment import ReadRefusals, RefusalsRead
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/security/refusals", gate=OFFICERS)
async def show_refusals(visit: Visit) -> Response:
    before = visit.query("before")
    question = ReadRefusals(visit.token, int(before) if before.isdecimal() else -1)
    found = await visit.warden.ask(question, RefusalsRead)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "security/refusals.html",
        found=found,
        numbers=numbered(one.patient for one in found.lines),
        is_first=not before,
    )
