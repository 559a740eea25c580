# SPDX-License-Identifier: Apache-2.0
"""The ceremony behind the page that asks whether it is still you."""

import msgspec
from starlette.responses import Response

from wardkeep.disclosure.answers import CeremonyOptions, Done, Refusal
from wardkeep.disclosure.containment import BeginProve, FinishProve
from wardkeep.web.ceremony import GoOn, answer_options, answer_refusal, answer_trouble
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.return_path import safe_return_path
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit


class FinishedProve(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to finish."""

    next: str = "/"
    response: msgspec.Raw


@page("/prove/begin", gate=Gate.SIGNED_IN, methods=("POST",))
async def begin_prove(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    given = await visit.warden.ask(BeginProve(visit.token), CeremonyOptions)
    return answer_options(visit, given)


@page("/prove/finish", gate=Gate.SIGNED_IN, methods=("POST",))
async def finish_prove(visit: Visit) -> Response:
    sent = await visit.json(FinishedProve)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    question = FinishProve(visit.token, bytes(sent.response))
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    return visit.answer_json(GoOn(next=safe_return_path(sent.next)))
