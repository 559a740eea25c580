# SPDX-License-Identifier: Apache-2.0
"""Striking out a triage that was never so: another patient's, or ticked by mistake.

Done means: whoever did it, or a clinical lead, takes it out with why; it stays readable
and says so on top; for a quarter of an hour it is put back by whoever struck it out.
What the call came to does not change by it: a case is ended or moved where it waits.
Rejected: changing its answers (somebody acted on them as they were); deleting it.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.triage.opening import ASSESSORS
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import refused, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.stored import Stored, stored
from wardkeep.care.writing import drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person, person_in
from wardkeep.fhir.questionnaires.response import TYPE
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.triage.engine import SHORTEST_REASON
from wardkeep.fhir.triage.record import LOG
from wardkeep.fhir.triage.struck import MISTAKE, Struck, struck_in, struck_out
from wardkeep.fhir.work.expects import listed
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_WHY = 600
SAID = {
    "saved": ("The triage is in the record.", True),
    "struck": ("It is struck out, and stays readable.", True),
    "put-back": ("It holds again.", True),
    "why": (
        f"Say why in {SHORTEST_REASON} letters or more. Nothing was changed.",
        False,
    ),
    "changed": (
        "Somebody changed it just before you pressed, so nothing was done.",
        False,
    ),
    "not-yours": (
        (
            "Whoever did a triage, or a clinical lead, strikes it out. Nothing was"
            " changed."
        ),
        False,
    ),
    "too-late": (
        "It is put back for 15 minutes, by whoever struck it out.",
        False,
    ),
}


def may_strike(visit: Visit, content: dict[str, object], who: Person) -> bool:
    """Whether the visitor did it, or is a clinical lead; it must hold."""
    author = person_in(content.get("author"))
    is_mine = bool(who.reference) and author.reference == who.reference
    is_theirs = ASSESSORS.admits(visit.session.role) and is_mine
    holds = content.get("status") != MISTAKE
    return holds and (is_theirs or LEADS.admits(visit.session.role))


class _Pressed(msgspec.Struct, frozen=True, kw_only=True):
    found: Stored
    who: Person
    why: str


@page("/patients/{id}/triage/{triage}/strike-out", gate=ASSESSORS, methods=("POST",))
async def strike_out(visit: Visit) -> Response:
    pressed = await _pressed(visit)
    if isinstance(pressed, Response):
        return pressed
    content = pressed.found.content
    if not may_strike(visit, content, pressed.who):
        return _tell(visit, "not-yours")
    if len(pressed.why) < SHORTEST_REASON:
        return _tell(visit, "why")
    struck = Struck(by=pressed.who, at=visit.clock.now(), why=pressed.why)
    return await _write(visit, pressed, struck_out(content, struck), "struck")


@page("/patients/{id}/triage/{triage}/put-back", gate=ASSESSORS, methods=("POST",))
async def put_back(visit: Visit) -> Response:
    pressed = await _pressed(visit)
    if isinstance(pressed, Response):
        return pressed
    struck = struck_in(pressed.found.content)
    now = visit.clock.now()
    if struck is None or not struck.may_be_put_back(pressed.who, now):
        return _tell(visit, "too-late")
    before = await stored(
        visit,
        TYPE,
        visit.path("triage"),
        patient=visit.path("id"),
        version=pressed.found.version - 1,
    )
    if isinstance(before, Response):
        return before
    return await _write(visit, pressed, before.content, "put-back")


async def _pressed(visit: Visit) -> _Pressed | Response:
    """The triage at the version that was shown."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    why = form.optional_text("why", called="why", at_most=LONGEST_WHY)
    if form.problems:
        return _tell(visit, "why")
    found = await stored(visit, TYPE, visit.path("triage"), patient=visit.path("id"))
    if isinstance(found, Response):
        return found
    if not any(one.get("url") == LOG for one in listed(found.content, "extension")):
        return visit.tell(NOT_FOUND)  # an assessment, and no triage
    if whole_number(form.values.get("version", "")) != found.version:
        return _tell(visit, "changed")
    return _Pressed(found=found, who=await me(visit), why=why)


async def _write(
    visit: Visit, pressed: _Pressed, content: dict[str, object], said: str
) -> Response:
    written = await visit.services[Writer].write(
        Change(drafts=[drafted_anew(content)], expected=[pressed.found.version]),
        opener=opener_of(visit),
    )
    if isinstance(written, Refusal):
        return refused(visit, written)
    return _tell(visit, said if isinstance(written, Written) else "changed")


def _tell(visit: Visit, said: str) -> Response:
    at = f"/patients/{visit.path('id')}/triage/{visit.path('triage')}"
    return visit.go_to(f"{at}?said={said}")
