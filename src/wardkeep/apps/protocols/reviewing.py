# SPDX-License-Identifier: Apache-2.0
"""A second person reviews a version: by name, with what was read, and no author of it.

Done means, to whoever answers for it later: two accounts, each with its own passkey,
stood behind this version before anybody was triaged by it. Rejected: a check box of the
author's own; one session that writes and reviews under two names.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.protocols.shelf import STAGE_WORDS, protocol_of, stored
from wardkeep.apps.protocols.trying import stands_for
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.fhir.triage.comparing import compared
from wardkeep.fhir.triage.held import counted
from wardkeep.fhir.triage.judging import judged
from wardkeep.fhir.triage.protocol import (
    IN_REVIEW,
    REVIEWED,
    SENT_BACK,
    Protocol,
    Review,
)
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_DECISIONS = (REVIEWED, SENT_BACK)
_SHORTEST_WORDS = 10
NOT_YOURS = Trouble(
    status=403,
    title="You wrote this",
    why="A version is reviewed by somebody who changed no word of it.",
    mend="Ask another clinical lead.",
)
NOT_WAITING = Trouble(
    status=409,
    title="This version does not wait for review",
    why="It was reviewed already, or was not sent to review.",
    mend="Look at its page.",
)


@page("/protocols/{id}/review", gate=LEADS)
async def show_review(visit: Visit) -> Response:
    found = await _waiting(visit)
    return found if isinstance(found, Response) else await _show(visit, found, Form({}))


async def _waiting(visit: Visit) -> Protocol | Response:
    found = await protocol_of(visit)
    if isinstance(found, Response):
        return found
    if found.stage != IN_REVIEW:
        return visit.tell(NOT_WAITING)
    if found.is_by(visit.session.account):
        return visit.tell(NOT_YOURS)
    return found


async def _show(visit: Visit, protocol: Protocol, form: Form) -> Response:
    content = judged(*protocol.pair).content
    if content is None:
        return visit.tell(NOT_WAITING)
    stands = await stands_for(visit, content)
    if isinstance(stands, Response):
        return stands
    problems = tuple(form.problems.values())
    return visit.render(
        "protocols/review.html",
        status=422 if problems else 200,
        one=protocol,
        content=content,
        stage=STAGE_WORDS[protocol.stage],
        marks=stands.marks,
        held=counted(content, stands.marks),
        found=compared(stands.content, content),
        before=stands.content,
        is_in_use=stands.is_on,
        dispositions=DISPOSITIONS,
        decisions=[
            (REVIEWED, "It can be taken into use"),
            (SENT_BACK, "It goes back to its author"),
        ],
        typed=form.values,
        problems=problems,
    )


@page("/protocols/{id}/review", gate=LEADS, methods=("POST",))
async def review(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _waiting(visit)
    if isinstance(found, Response):
        return found
    if form.values.get("which", "") != found.digest:
        return visit.tell(CHANGED)
    name = form.text("name", called="your name and registration", at_most=200)
    words = form.text("words", called="what you read and found", at_most=2_000)
    decision = form.choice("decision", called="what you decide", among=_DECISIONS)
    if words and len(words) < _SHORTEST_WORDS:
        wrong = "what you read and found is too short"
        form.reject("words", wrong=wrong, mend="Say which rules, against what.")
    if form.problems:
        return await _show(visit, found, form)
    said = Review(
        name=name,
        day=visit.today.isoformat(),
        words=words,
        account=visit.session.account,
    )
    decided = msgspec.structs.replace(found, stage=decision, review=said)
    kept = await stored(visit, decided, whole_number(form.values.get("version", "")))
    if isinstance(kept, Response):
        return kept
    return visit.go_to(f"/protocols/{found.id}?said=decided")
