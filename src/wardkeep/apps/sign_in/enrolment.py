# SPDX-License-Identifier: Apache-2.0
"""The first passkey: an invitation link opens these pages, once, for one person.

The link's secret stands in one address only. That page sends no Referer, and what its
script posts carries the secret in the body, so that it lies in no other log.
"""

import msgspec
from starlette.responses import Response

from wardkeep.disclosure.answers import CeremonyOptions, Invitation, Refusal, SignedIn
from wardkeep.disclosure.questions import (
    BeginEnrolment,
    FinishEnrolment,
    LookAtInvitation,
)
from wardkeep.web.ceremony import (
    GoOn,
    answer_options,
    answer_refusal,
    answer_too_many,
    answer_trouble,
)
from wardkeep.web.cookies import remember_session
from wardkeep.web.device import device_and_place
from wardkeep.web.gates import Gate
from wardkeep.web.pace import Pace
from wardkeep.web.pages import page
from wardkeep.web.passkey_names import passkey_name
from wardkeep.web.trouble import TOO_MANY, Trouble, of_refusal
from wardkeep.web.visit import PublicVisit

LONGEST_SECRET = 128


class BegunEnrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to begin."""

    secret: str


class FinishedEnrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to finish."""

    secret: str
    label: str
    response: msgspec.Raw


@page("/enrol/{secret}", gate=Gate.INVITATION)
async def enrol(visit: PublicVisit) -> Response:
    """Whom the invitation is for, and the button that makes the passkey."""
    response = await _enrolment_page(visit)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


async def _enrolment_page(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return visit.tell(TOO_MANY)
    secret = visit.path("secret")[:LONGEST_SECRET]
    invitation = await visit.warden.ask(LookAtInvitation(secret), Invitation)
    if isinstance(invitation, Refusal):
        trouble = of_refusal(invitation)
        if trouble.retry_after_seconds is not None:
            return visit.tell(trouble)
        return visit.render(
            "sign_in/invitation_over.html", status=404, refusal=invitation
        )
    device = device_and_place(
        visit.request.headers.get("user-agent", ""), visit.address
    )
    return visit.render(
        "sign_in/enrol.html", invitation=invitation, secret=secret, device=device
    )


@page("/enrol/begin", gate=Gate.INVITATION, methods=("POST",))
async def begin_enrolment(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(BegunEnrolment)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    question = BeginEnrolment(sent.secret[:LONGEST_SECRET])
    return answer_options(visit, await visit.warden.ask(question, CeremonyOptions))


@page("/enrol/finish", gate=Gate.INVITATION, methods=("POST",))
async def finish_enrolment(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(FinishedEnrolment)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    device = device_and_place(
        visit.request.headers.get("user-agent", ""), visit.address
    )
    question = FinishEnrolment(
        secret=sent.secret[:LONGEST_SECRET],
        response=bytes(sent.response),
        label=passkey_name(sent.label, device=device),
        device=device,
    )
    given = await visit.warden.ask(question, SignedIn)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    response = visit.answer_json(GoOn(next="/account?enrolled=yes"))
    remember_session(response, given.token, visit.site)
    return response
