# SPDX-License-Identifier: Apache-2.0
"""All erasures of the organisation: those that wait for a decision, then the rest."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Erasures, ErasureView, Refusal
from wardkeep.disclosure.questions import ListErasures
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

DECIDERS = Gate.SIGNED_IN.only("privacy_officer", "administrator")
GROUNDS = {
    "person-asked": "The person asked for it",
    "court-order": "A court ordered it",
    "retention-ended": "It has been kept for as long as it must be",
    "registered-in-error": "The person was registered in error",
}
RULE_WORDS = {
    "health-record": "Whole records",
    "diaries": "Appointments and diaries",
    "money": "Claims, invoices and payments",
}


async def erasures_of(visit: Visit) -> tuple[ErasureView, ...] | Refusal:
    given = await visit.warden.ask(ListErasures(visit.token), Erasures)
    return given if isinstance(given, Refusal) else given.erasures


@page("/erasures", gate=DECIDERS)
async def show_erasures(visit: Visit) -> Response:
    found = await erasures_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    waiting = [one for one in found if not one.approved_at and not one.withdrawn_at]
    decided = [one for one in found if one.approved_at or one.withdrawn_at]
    return visit.render(
        "erasures/overview.html",
        waiting=waiting,
        decided=decided,
        grounds=GROUNDS,
        rules=RULE_WORDS,
        said=visit.query("said"),
    )
