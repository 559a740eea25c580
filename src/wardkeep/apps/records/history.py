# SPDX-License-Identifier: Apache-2.0
"""Who opened this record: every entry of the ledger about one patient."""

from starlette.responses import Response

from wardkeep.disclosure.answers import AccessHistory, Refusal
from wardkeep.disclosure.questions import ReadAccessHistory
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_MOST_LINES = 200
_MAY_ASK_ERASURE = ("privacy_officer", "administrator")
"""Who finds a link to it here; the page behind the link has its own gate."""


@page("/patients/{id}/history", gate=Gate.SIGNED_IN)
async def show_history(visit: Visit) -> Response:
    question = ReadAccessHistory(visit.token, visit.path("id"), _MOST_LINES)
    given = await visit.warden.ask(question, AccessHistory)
    if isinstance(given, Refusal):
        if given.needs_reason:
            return visit.go_to(f"/patients/{visit.path('id')}")
        return visit.refuse(given)
    return visit.render(
        "records/history.html",
        id=visit.path("id"),
        lines=given.lines,
        total=given.total,
        entry=given.entry,
        may_ask_erasure=visit.session.role in _MAY_ASK_ERASURE,
    )
