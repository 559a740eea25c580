# SPDX-License-Identifier: Apache-2.0
"""Approving an erasure, which cannot be undone, or saying no to it."""

from starlette.responses import Response

from wardkeep.apps.erasures.overview import DECIDERS, GROUNDS, RULE_WORDS, erasures_of
from wardkeep.base.clock import from_microseconds
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Done, ErasureView, Refusal
from wardkeep.disclosure.erasing import DestroyRecord
from wardkeep.disclosure.questions import WithdrawErasure
from wardkeep.disclosure.retention import RULES
from wardkeep.fhir.store.retained import RetainedReader
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


async def _named(visit: Visit) -> ErasureView | Response:
    found = await erasures_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    id_ = visit.path("id")
    return next((one for one in found if one.id == id_), visit.tell(NOT_FOUND))


@page("/erasures/{id}", gate=DECIDERS)
async def confirm_approval(visit: Visit) -> Response:
    """Say what it destroys, and ask."""
    erasure = await _named(visit)
    if isinstance(erasure, Response):
        return erasure
    due = None
    if erasure.rule and not erasure.approved_at:
        due = await visit.services[RetainedReader].items(
            RULES[erasure.rule],
            organisation=OrganisationId(visit.session.organisation),
            before=from_microseconds(erasure.before),
        )
    return visit.render(
        "erasures/one.html", erasure=erasure, due=due, grounds=GROUNDS, rules=RULE_WORDS
    )


@page("/erasures/{id}/approve", gate=DECIDERS)
async def approve_erasure(visit: Visit) -> Response:
    here = f"/erasures/{visit.path('id')}"
    return await ask_to_confirm(
        visit,
        DestroyRecord(visit.path("id")),
        back=here,
        after=here,
        button="Destroy it with my passkey",
    )


@page("/erasures/{id}/withdraw", gate=DECIDERS, methods=("POST",))
async def withdraw_erasure(visit: Visit) -> Response:
    question = WithdrawErasure(visit.token, visit.path("id"))
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/erasures?said=withdrawn")
