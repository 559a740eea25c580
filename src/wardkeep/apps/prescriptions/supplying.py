# SPDX-License-Identifier: Apache-2.0
"""Printing a prescription to be signed by hand, and giving stock at a base.

A print is a print at the door, with its weight (decision 29), and a step of the
prescription before anything is on the paper. Either closes the request that it answers,
where whoever does it has that case.
"""

from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    Kept,
    Opened,
    Pressed,
    address_of,
    find,
    is_held,
    not_done,
    pressed,
    save,
    save_step,
    stepped,
)
from wardkeep.apps.prescriptions.typed import read_packet
from wardkeep.base.ids import derived_uuid
from wardkeep.care.case_closing import Written, closing
from wardkeep.care.of_patient import OF_BANNER, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.prescriptions.formulary import IN_WORDS, SCHEDULES
from wardkeep.fhir.prescriptions.handed_out import Packet, packet_content
from wardkeep.fhir.prescriptions.in_words import in_words
from wardkeep.fhir.prescriptions.moving import cannot
from wardkeep.fhir.prescriptions.prescription import (
    CHECKED,
    GIVEN,
    PRINTED,
    SIGNED,
    Prescription,
    Step,
)
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import PartReader
from wardkeep.fhir.urgent.moving import Cannot
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

NOT_HELD = not_done("The formulary does not say that a base holds this medicine.")


async def _closes(visit: Visit, got: Pressed, words: str) -> Written | Response:
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
    over = await _closes(visit, got, f"Printed: {one.words}")
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


@page("/patients/{id}/prescriptions/{rx}/give", gate=CHECKERS)
async def show_giving(visit: Visit) -> Response:
    found = await find(visit)
    if isinstance(found, Response):
        return found
    opened, kept = found
    why = cannot(kept.prescription, GIVEN, await me(visit), visit.clock.now())
    if why is not None:
        return visit.tell(not_done(why.why))
    if not await is_held(visit, kept.prescription):
        return visit.tell(NOT_HELD)
    return _show(visit, opened, kept, Form({}))


def _show(visit: Visit, opened: Opened, kept: Kept, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "prescriptions/give.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=opened.banner,
        one=kept.prescription,
        version=kept.version,
        typed=form.values,
        problems=problems,
    )


@page("/patients/{id}/prescriptions/{rx}/give", gate=CHECKERS, methods=("POST",))
async def give_stock(visit: Visit) -> Response:
    got = await pressed(visit, GIVEN)
    if isinstance(got, Response):
        return got
    if not await is_held(visit, got.kept.prescription):
        return visit.tell(NOT_HELD)
    typed = read_packet(got.form, visit.today)
    if typed is None:
        return _show(visit, got.opened, got.kept, got.form)
    one, now = got.kept.prescription, visit.clock.now()
    packet = Packet(
        # By the version too: what was taken back is another packet.
        id=derived_uuid("packet", one.id, str(got.kept.version)),
        at=now,
        by=got.me,
        quantity=one.quantity,
        batch=typed.batch,
        expires=typed.expires,
    )
    over = await _closes(visit, got, f"Given at base: {one.words}")
    if isinstance(over, Response):
        return over
    words = f"Batch {typed.batch}, expires {typed.expires}"
    step = Step(kind=GIVEN, at=now, by=got.me, words=words, about=packet.id)
    return await save_step(
        visit,
        got,
        step,
        beside=[(packet_content(packet, one), 0), *over],
        said=GIVEN,
    )
