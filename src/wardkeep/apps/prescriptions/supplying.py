# SPDX-License-Identifier: Apache-2.0
"""Printing a prescription to be signed by hand.

A print is a print at the door, with its weight (decision 29), and a step of the
prescription before anything is on the paper. It closes the request that it answers,
where whoever does it has that case.
"""

from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    Pressed,
    address_of,
    pressed,
    save,
    stepped,
)
from wardkeep.care.case_closing import Written, closing
from wardkeep.care.of_patient import OF_BANNER, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.prescriptions.formulary import IN_WORDS, SCHEDULES
from wardkeep.fhir.prescriptions.in_words import in_words
from wardkeep.fhir.prescriptions.prescription import (
    CHECKED,
    PRINTED,
    SIGNED,
    Prescription,
    Step,
)
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import PartReader
from wardkeep.fhir.urgent.moving import Cannot
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


async def closes(visit: Visit, got: Pressed, words: str) -> Written | Response:
    """The request with it, where it is open and the visitor's; else nothing.

    Whoever prints for a colleague ends no case of theirs.
    """
    one = got.kept.prescription
    if not (one.request and one.is_controlled):
        return []
    over = await closing(
        visit,
        one.request,
        one.patient,
        by=got.me,
        words=words,
        now=visit.clock.now(),
    )
    return [] if isinstance(over, Cannot) else over


@page("/patients/{id}/prescriptions/{rx}/print", gate=CHECKERS, methods=("POST",))
async def print_prescription(visit: Visit) -> Response:
    got = await pressed(visit, PRINTED)
    if isinstance(got, Response):
        return got
    one = got.kept.prescription
    opened = await visit.services[PartReader].of_patient(
        visit.path("id"), (OF_BANNER,), opener=opener_of(visit), action=Action.PRINT
    )
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(opened, Refusal):
        return refused(visit, opened, got.form)
    over = await closes(visit, got, f"Printed: {one.words}")
    if isinstance(over, Response):
        return over
    step = Step(kind=PRINTED, at=visit.clock.now(), by=got.me)
    done = await save(visit, [stepped(got, step), *over])
    if isinstance(done, Response):
        return done
    if not done:
        return visit.go_to(address_of(visit, one.id, "changed"))
    return visit.render(
        "prescriptions/paper.html",
        id=visit.path("id"),
        banner=got.opened.banner,
        one=one,
        schedule=SCHEDULES.get(one.schedule, "Controlled drug" if one.schedule else ""),
        quantity=quantity_on_paper(one),
        signed=one.last(SIGNED),
        checked=one.last(CHECKED),
        nth=one.prints + 1,
        at=step.at.isoformat(),
        entry=opened.opened.entry,
        granted_at=opened.opened.granted_at,
    )


def quantity_on_paper(one: Prescription) -> str:
    """In figures, and of schedules 2 and 3 in words too (regulation 15)."""
    figures = f"{one.quantity} {one.supplied}"
    if one.schedule not in IN_WORDS:
        return figures
    return f"{figures} ({in_words(one.quantity)} {one.supplied})"
