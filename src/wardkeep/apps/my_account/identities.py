# SPDX-License-Identifier: Apache-2.0
"""One's own identities at providers: seen, linked and unlinked."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.federation import Identities, ListIdentities, UnlinkIdentity
from wardkeep.disclosure.people import ChangePasskeys
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_HERE = "/account/identities"
_NOTICES = {
    "linked": "It is linked. You can sign in by it from now on.",
    "unlinked": "It is not linked any more, and sessions that it started have ended.",
}


@page(_HERE, gate=Gate.ANYBODY_SIGNED_IN)
async def show_identities(visit: Visit) -> Response:
    found = await visit.warden.ask(ListIdentities(visit.token), Identities)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    notice = next((words for name, words in _NOTICES.items() if visit.query(name)), "")
    return visit.render("my_account/identities.html", found=found, notice=notice)


@page(f"{_HERE}/begin", gate=Gate.ANYBODY_SIGNED_IN)
async def confirm_linking(visit: Visit) -> Response:
    """A way in is added only by somebody who has just used a passkey."""
    return await ask_to_confirm(
        visit, ChangePasskeys(), back=_HERE, after=_HERE, button="Go on"
    )


@page(f"{_HERE}/unlink", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def unlink_identity(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    identity = form.text("identity", called="the identity", at_most=64)
    given = await visit.warden.ask(UnlinkIdentity(visit.token, identity), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to(f"{_HERE}?unlinked=yes")
