# SPDX-License-Identifier: Apache-2.0
"""Signing in by an identity provider: the browser's way there and back.

The pages carry what the browser brings. Codes are redeemed in the warden: whoever
could redeem them here could sign anybody in.
"""

import msgspec
from starlette.responses import RedirectResponse, Response

from wardkeep.disclosure.answers import CeremonyOptions, Refusal
from wardkeep.disclosure.federation import (
    BeginFederation,
    BeginStepUp,
    FederatedIn,
    FederationBegun,
    FinishFederation,
    FinishStepUp,
    IdentityLinked,
    StepUpNeeded,
)
from wardkeep.web.ceremony import (
    GoOn,
    answer_options,
    answer_refusal,
    answer_too_many,
    answer_trouble,
)
from wardkeep.web.cookies import (
    forget_way,
    remember_session,
    remember_way,
    way_secret,
)
from wardkeep.web.device import device_and_place
from wardkeep.web.gates import Gate
from wardkeep.web.pace import Pace
from wardkeep.web.pages import page
from wardkeep.web.return_path import safe_return_path
from wardkeep.web.trouble import MALFORMED, TOO_MANY, Trouble, of_refusal
from wardkeep.web.visit import SEE_OTHER, PublicVisit, Visit

_LONGEST_CODE = 4_096


class BegunStepUp(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to begin."""

    ticket: str


class FinishedStepUp(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to finish."""

    ticket: str
    response: msgspec.Raw


@page("/sign-in/with/{provider}", gate=Gate.SIGN_IN)
async def leave_for_provider(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return visit.tell(TOO_MANY)
    wanted = safe_return_path(visit.query("next"))
    begun = await visit.warden.ask(
        BeginFederation(visit.path("provider"), wanted), FederationBegun
    )
    return _leave(visit, begun)


@page("/account/identities/link/{provider}", gate=Gate.ANYBODY_SIGNED_IN)
async def leave_to_link(visit: Visit) -> Response:
    question = BeginFederation(
        visit.path("provider"), "/account/identities", visit.token
    )
    begun = await visit.warden.ask(question, FederationBegun)
    return _leave(visit, begun)


def _leave(visit: PublicVisit | Visit, begun: FederationBegun | Refusal) -> Response:
    if isinstance(begun, Refusal):
        return _refused(visit, begun)
    response = RedirectResponse(begun.url, SEE_OTHER)
    response.headers["Referrer-Policy"] = "no-referrer"
    remember_way(response, begun.browser, visit.site)
    return response


def _refused(visit: PublicVisit | Visit, refusal: Refusal) -> Response:
    trouble = of_refusal(refusal)
    return visit.render(
        "sign_in/provider_refused.html", status=trouble.status, refused=refusal
    )


@page("/sign-in/back", gate=Gate.SIGN_IN)
async def come_back(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return visit.tell(TOO_MANY)
    question = FinishFederation(
        state=visit.query("state")[:_LONGEST_CODE],
        browser=way_secret(visit.request, visit.site),
        code=visit.query("code")[:_LONGEST_CODE],
        issuer=visit.query("iss")[:_LONGEST_CODE],
        error=visit.query("error")[:_LONGEST_CODE],
        device=device_and_place(
            visit.request.headers.get("user-agent", ""), visit.address
        ),
    )
    response = _came_back(visit, await visit.warden.ask_any(question))
    forget_way(response, visit.site)
    return response


def _came_back(visit: PublicVisit, given: object) -> Response:
    if isinstance(given, FederatedIn):
        response = visit.go_to(safe_return_path(given.next))
        remember_session(response, given.token, visit.site)
        return response
    if isinstance(given, IdentityLinked):
        return visit.go_to("/account/identities?linked=yes")
    if isinstance(given, StepUpNeeded):
        return visit.render("sign_in/step_up.html", ticket=given.ticket)
    if isinstance(given, Refusal):
        return _refused(visit, given)
    return visit.tell(MALFORMED)


@page("/sign-in/step-up/begin", gate=Gate.SIGN_IN, methods=("POST",))
async def begin_step_up(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(BegunStepUp)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    options = await visit.warden.ask(BeginStepUp(sent.ticket), CeremonyOptions)
    return answer_options(visit, options)


@page("/sign-in/step-up/finish", gate=Gate.SIGN_IN, methods=("POST",))
async def finish_step_up(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(FinishedStepUp)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    device = device_and_place(
        visit.request.headers.get("user-agent", ""), visit.address
    )
    question = FinishStepUp(sent.ticket, bytes(sent.response), device)
    given = await visit.warden.ask(question, FederatedIn)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    response = visit.answer_json(GoOn(next=safe_return_path(given.next)))
    remember_session(response, given.token, visit.site)
    return response
