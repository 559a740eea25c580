# SPDX-License-Identifier: Apache-2.0
"""Ending one's own sessions: one, or all but this."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Done, Refusal, Sessions
from wardkeep.disclosure.questions import EndSession, ListSessions
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit


@page("/account/sessions/end", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def end_session(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.text("session", called="the session", at_most=64)
    if not which or which == visit.session.session:
        return visit.go_to("/account")
    given = await visit.warden.ask(EndSession(visit.token, which), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/account?session-ended=yes")


@page("/account/sessions/end-others", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def end_other_sessions(visit: Visit) -> Response:
    sessions = await visit.warden.ask(ListSessions(visit.token), Sessions)
    if isinstance(sessions, Refusal):
        return visit.refuse(sessions)
    for session in sessions.sessions:
        if session.session == visit.session.session:
            continue
        given = await visit.warden.ask(EndSession(visit.token, session.session), Done)
        if isinstance(given, Refusal):
            return visit.refuse(given)
    return visit.go_to("/account?others-ended=yes")
