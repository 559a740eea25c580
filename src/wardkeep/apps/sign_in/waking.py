# SPDX-License-Identifier: Apache-2.0
"""Coming back to a session that sleeps, and locking it oneself."""

import msgspec
from starlette.responses import Response

from wardkeep.disclosure.answers import CeremonyOptions, Done, Refusal
from wardkeep.disclosure.waking import BeginWake, FallAsleep, FinishWake
from wardkeep.web.ceremony import (
    GoOn,
    answer_options,
    answer_refusal,
    answer_too_many,
    answer_trouble,
)
from wardkeep.web.cookies import session_token
from wardkeep.web.gatekeeper import WAKE_TEMPLATE
from wardkeep.web.gates import Gate
from wardkeep.web.pace import Pace
from wardkeep.web.pages import page
from wardkeep.web.return_path import safe_return_path
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import PublicVisit, Visit


class FinishedWake(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to finish."""

    next: str = ""
    response: msgspec.Raw


@page("/wake", gate=Gate.WAKE)
async def wake(visit: PublicVisit) -> Response:
    """The same page for everybody: it does not say whether there is a session."""
    return visit.render(
        WAKE_TEMPLATE, next=safe_return_path(visit.query("next")), kept={}, path=""
    )


@page("/wake/begin", gate=Gate.WAKE, methods=("POST",))
async def begin_wake(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    await visit.leave_nothing_unread()
    token = session_token(visit.request, visit.site)
    return answer_options(
        visit, await visit.warden.ask(BeginWake(token), CeremonyOptions)
    )


@page("/wake/finish", gate=Gate.WAKE, methods=("POST",))
async def finish_wake(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(FinishedWake)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    question = FinishWake(
        session_token(visit.request, visit.site), bytes(sent.response)
    )
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    return visit.answer_json(GoOn(next=safe_return_path(sent.next)))


@page("/still-here", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def still_here(_visit: Visit) -> Response:
    """Somebody pressed the button that says so: that counts as use."""
    return Response(status_code=204)


@page("/lock", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def lock(visit: Visit) -> Response:
    """Let the session sleep now; the page that was open is not shown any more."""
    given = await visit.warden.ask(FallAsleep(visit.token), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/wake")
