# SPDX-License-Identifier: Apache-2.0
"""Which apps may do what: one's own, and for administrators the organisation's."""

from starlette.responses import Response

from wardkeep.apps.connected_apps.wording import in_words
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.smart import (
    AppList,
    Consents,
    ListApps,
    ListConsents,
    WithdrawConsent,
)
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

ADMINISTRATORS = Gate.SIGNED_IN.only("administrator")


@page("/account/apps", gate=Gate.SIGNED_IN)
async def show_own_apps(visit: Visit) -> Response:
    found = await visit.warden.ask(ListConsents(visit.token), Consents)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "connected_apps/own.html",
        consents=found.consents,
        in_words=in_words,
        is_withdrawn=visit.query("withdrawn") == "yes",
    )


@page("/account/apps/withdraw", gate=Gate.SIGNED_IN, methods=("POST",))
async def withdraw_app(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    consent = form.text("consent", called="the app", at_most=64)
    given = await visit.warden.ask(WithdrawConsent(visit.token, consent), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/account/apps?withdrawn=yes")


@page("/apps", gate=ADMINISTRATORS)
async def show_apps(visit: Visit) -> Response:
    found = await visit.warden.ask(ListApps(visit.token), AppList)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render("connected_apps/all.html", apps=found.apps, in_words=in_words)
