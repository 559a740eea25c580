# SPDX-License-Identifier: Apache-2.0
"""The way in and the way out: one button, one passkey."""

import msgspec
from starlette.responses import Response

from wardkeep.disclosure.answers import CeremonyOptions, Done, Refusal, SignedIn
from wardkeep.disclosure.federation import AskProviders, Providers
from wardkeep.disclosure.questions import BeginSignIn, EndSession, FinishSignIn
from wardkeep.web.ceremony import (
    GoOn,
    answer_options,
    answer_refusal,
    answer_too_many,
    answer_trouble,
)
from wardkeep.web.cookies import forget_session, remember_session
from wardkeep.web.device import device_and_place
from wardkeep.web.gatekeeper import NOT_SIGNED_IN
from wardkeep.web.gates import Gate
from wardkeep.web.pace import Pace
from wardkeep.web.pages import page
from wardkeep.web.return_path import safe_return_path
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import PublicVisit, Visit


class FinishedSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts: the authenticator's answer, and where to go next."""

    response: msgspec.Raw
    next: str = "/"


@page("/", gate=Gate.ANYBODY_SIGNED_IN)
async def first_page(visit: Visit) -> Response:
    """Send people on to where their work starts."""
    return visit.go_to(visit.first_place)


@page("/sign-in", gate=Gate.SIGN_IN)
async def sign_in(visit: PublicVisit) -> Response:
    given = await visit.warden.ask(AskProviders(), Providers)
    known = () if isinstance(given, Refusal) else given.providers
    came_by = visit.query("by")
    return visit.render(
        "sign_in/sign_in.html",
        providers=known,
        came_by=next((one for one in known if one.id == came_by), None),
        next=safe_return_path(visit.query("next")),
        has_ended=visit.query("ended") == "yes",
        has_signed_out=visit.query("signed-out") == "yes",
    )


@page("/sign-in/begin", gate=Gate.SIGN_IN, methods=("POST",))
async def begin_sign_in(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    await visit.leave_nothing_unread()
    given = await visit.warden.ask(BeginSignIn(), CeremonyOptions)
    return answer_options(visit, given)


@page("/sign-in/finish", gate=Gate.SIGN_IN, methods=("POST",))
async def finish_sign_in(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(FinishedSignIn)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    device = device_and_place(
        visit.request.headers.get("user-agent", ""), visit.address
    )
    question = FinishSignIn(response=bytes(sent.response), device=device)
    given = await visit.warden.ask(question, SignedIn)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    after = safe_return_path(sent.next)
    if given.has_new_passkey:
        after = "/account?new=yes#passkeys"
    response = visit.answer_json(GoOn(next=after))
    remember_session(response, given.token, visit.site)
    return response


@page("/sign-out", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def sign_out(visit: Visit) -> Response:
    """End the session everywhere, then forget its cookie."""
    given = await visit.warden.ask(EndSession(session=visit.token), Done)
    # A session that ended meanwhile is as well signed out as one that we end.
    if isinstance(given, Refusal) and given.code != NOT_SIGNED_IN:
        return visit.refuse(given)
    by = visit.session.provider
    by = f"&by={by}" if by else ""
    response = visit.go_to(f"/sign-in?signed-out=yes{by}")
    forget_session(response, visit.site)
    return response
