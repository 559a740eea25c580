# SPDX-License-Identifier: Apache-2.0
"""Asking the national index, beside the page: what it says comes when it comes.

The page is there before it is asked, and is never held up by it. What it said stays
with the case.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.opening import ANSWERERS, keep_beside, open_case
from wardkeep.apps.calls.typed import read_typed
from wardkeep.fhir.urgent.case import Case, Trace
from wardkeep.fhir.urgent.tracing import (
    NOT_TRACED,
    WORDS,
    Asked,
    Traced,
    Tracing,
)
from wardkeep.ui.format import show_date, show_nhs_number
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_TOO_LITTLE = "Too little to trace by: the NHS number, or surname and date of birth."


@page("/patients/{id}/calls/{case}/trace", gate=ANSWERERS, methods=("POST",))
async def trace(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    stored = await open_case(visit)
    if isinstance(stored, Response):
        return stored
    typed = read_typed(form)
    if typed is None:
        return visit.answer_json({"status": NOT_TRACED, "words": _TOO_LITTLE})
    who = typed.identity
    asked = Asked(
        number=who.number,
        family=who.family,
        given=who.given,
        born=who.born,
        gender=who.gender,
        postcode=who.postcode,
    )
    if not asked.is_enough:
        return visit.answer_json({"status": NOT_TRACED, "words": _TOO_LITTLE})
    traced = await visit.services[Tracing].trace(asked)
    said = Trace(
        status=traced.status,
        at=visit.clock.now(),
        number=traced.number,
        family=who.family,
        born=who.born,
    )
    wrong = await keep_beside(visit, stored, lambda case: _noted(case, said))
    return wrong or visit.answer_json(_told(traced))


def _told(traced: Traced) -> dict[str, str]:
    """What the page shows of it."""
    facts = [
        traced.name,
        f"born {show_date(traced.born)}" if traced.born else "",
        f"NHS No. {show_nhs_number(traced.number)}" if traced.name else "",
        traced.postcode,
        f"surgery {traced.surgery}" if traced.surgery else "",
    ]
    return {
        "status": traced.status,
        "words": WORDS[traced.status],
        "facts": ", ".join(filter(None, facts)),
        "number": traced.number,
    }


def _noted(case: Case, said: Trace) -> Case:
    """With what was said; the same once more is nothing new."""
    if case.trace and _is_same(case.trace, said):
        return case
    return msgspec.structs.replace(case, trace=said)


def _is_same(one: Trace, other: Trace) -> bool:
    return msgspec.structs.replace(one, at=other.at) == other
