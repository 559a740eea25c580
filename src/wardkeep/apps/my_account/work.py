# SPDX-License-Identifier: Apache-2.0
"""Where I work: another organisation of mine, and taking on the work of a link."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Done, Invitation, Refusal, SignedIn
from wardkeep.disclosure.people import (
    AcceptInvitation,
    ListMyOrganisations,
    MyOrganisations,
    OrganisationView,
    SwitchOrganisation,
)
from wardkeep.disclosure.questions import LookAtInvitation
from wardkeep.web.cookies import remember_session
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_SECRET = 128


async def own_organisations(visit: Visit) -> tuple[OrganisationView, ...] | Refusal:
    given = await visit.warden.ask(ListMyOrganisations(visit.token), MyOrganisations)
    return given if isinstance(given, Refusal) else given.organisations


@page("/account/organisation", gate=Gate.SIGNED_IN, methods=("POST",))
async def switch_organisation(visit: Visit) -> Response:
    """A new session there; the one here ends."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    number = form.text("organisation", called="the organisation", at_most=9)
    wanted = int(number) if number.isascii() and number.isdigit() else 0
    given = await visit.warden.ask(SwitchOrganisation(visit.token, wanted), SignedIn)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    response = visit.go_to("/")
    remember_session(response, given.token, visit.site)
    return response


@page("/account/work/{secret}", gate=Gate.SIGNED_IN)
async def show_work(visit: Visit) -> Response:
    """Whose work the link is for, and whether to take it on with this account."""
    secret = visit.path("secret")[:LONGEST_SECRET]
    invitation = await visit.warden.ask(LookAtInvitation(secret), Invitation)
    if isinstance(invitation, Refusal):
        return visit.refuse(invitation)
    response = visit.render(
        "my_account/work.html",
        invitation=invitation,
        secret=secret,
        me=visit.session,
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@page("/account/work", gate=Gate.SIGNED_IN, methods=("POST",))
async def accept_work(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    secret = form.text("secret", called="the link", at_most=LONGEST_SECRET)
    given = await visit.warden.ask(AcceptInvitation(visit.token, secret), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/account?work=yes")
