# SPDX-License-Identifier: Apache-2.0
"""The page of one's own account: passkeys, sessions, and what was just done."""

from starlette.responses import Response

from wardkeep.apps.my_account.own_passkeys import OwnPasskey, own_passkeys
from wardkeep.apps.my_account.work import own_organisations
from wardkeep.disclosure.answers import Refusal, Sessions
from wardkeep.disclosure.questions import ListSessions
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

NOTICES = {
    "enrolled": "Your passkey is ready and you are signed in.",
    "added": "Your new passkey is kept. It rests for 24 hours before it works.",
    "revoked": "The passkey is revoked. Sessions that it started have ended.",
    "session-ended": "That session has ended.",
    "others-ended": "All your other sessions have ended.",
    "work": "You work there too now. Go there from this page.",
}


@page("/account", gate=Gate.ANYBODY_SIGNED_IN)
async def account(visit: Visit) -> Response:
    passkeys = await own_passkeys(visit)
    if isinstance(passkeys, Refusal):
        return visit.refuse(passkeys)
    sessions = await visit.warden.ask(ListSessions(visit.token), Sessions)
    if isinstance(sessions, Refusal):
        return visit.refuse(sessions)
    is_patient = visit.session.role == "patient"
    organisations = () if is_patient else await own_organisations(visit)
    if isinstance(organisations, Refusal):
        return visit.refuse(organisations)
    return visit.render(
        "my_account/account.html",
        organisations=organisations,
        notice=_notice(visit),
        has_new_passkey=visit.query("new") == "yes",
        is_patient=is_patient,
        passkeys=passkeys,
        can_revoke=can_revoke(passkeys),
        sessions=sessions.sessions,
        this=visit.session,
    )


def can_revoke(passkeys: tuple[OwnPasskey, ...]) -> bool:
    """Whether another passkey would be left to sign in with."""
    return len(passkeys) > 1


def _notice(visit: Visit) -> str:
    """Words about what was just done, from a fixed list."""
    given = [words for name, words in NOTICES.items() if visit.query(name) == "yes"]
    return given[0] if given else ""
