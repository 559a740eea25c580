# SPDX-License-Identifier: Apache-2.0
"""Asking the repeat caller service, beside the page: what it says comes when it comes.

What it said stays with the case, and with whom it was asked about: of somebody else it
says nothing.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.opening import ANSWERERS, here, keep_beside, open_case
from wardkeep.apps.calls.showing import ground_of
from wardkeep.fhir.post.repeat_calls import is_enough, words_of
from wardkeep.fhir.post.repeat_service import TOO_LITTLE, WORDS, RepeatCalling
from wardkeep.fhir.urgent.caller import facts_of
from wardkeep.fhir.urgent.case import Case, RangBefore
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit


def _noted(case: Case, said: RangBefore) -> Case:
    """With what was said; the same once more is nothing new."""
    was = case.rang
    if was is not None and (was.status, was.who) == (said.status, said.who):
        return case
    return msgspec.structs.replace(case, rang=said)


@page("/patients/{id}/calls/{case}/rang-before", gate=ANSWERERS, methods=("POST",))
async def ask_who_rang(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    stored = await open_case(visit)
    if isinstance(stored, Response):
        return stored
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    facts, status = facts_of(ground.patient), TOO_LITTLE
    if is_enough(facts):
        heard = await visit.services[RepeatCalling].ask(
            stored.case.id, facts, began=stored.case.began
        )
        status = heard.status
        said = RangBefore(status=status, at=visit.clock.now(), who=words_of(facts))
        wrong = await keep_beside(visit, stored, lambda case: _noted(case, said))
        if wrong is not None:
            return wrong
    if form.values.get("then") == "page":
        return visit.go_to(here(visit))
    return visit.answer_json({"status": status, "words": WORDS[status]})
