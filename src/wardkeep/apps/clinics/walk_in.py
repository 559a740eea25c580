# SPDX-License-Identifier: Apache-2.0
"""Whoever walks in: found by two facts, booked for now, and in the queue at once.

Done means, to a receptionist: two facts, the one person, one press. Rejected: a walk-in
without a record, because a second record of somebody is the worst that a desk can make.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.clinics.acting import doer_of
from wardkeep.apps.clinics.gates import CLINIC
from wardkeep.apps.clinics.slots import free_slot
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.finding import facts_in
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.changing import Arriving
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.diary import Wanted
from wardkeep.fhir.clinics.outcomes import AlreadyIn, Booked, CheckedIn
from wardkeep.fhir.clinics.words import Note
from wardkeep.fhir.store.finding import Finder
from wardkeep.fhir.store.outcomes import TooMany
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


class Found(msgspec.Struct, frozen=True):
    """A person who may be the one at the desk."""

    id: str
    banner: Banner
    booking: str
    """The id that the appointment will have: pressed twice, it is made once."""


@page("/clinics/{place}/walk-in", gate=CLINIC)
async def show_walk_in(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(
    visit: Visit,
    form: Form,
    found: list[Found] | None = None,
    *,
    is_too_many: bool = False,
) -> Response:
    names = await visit.services[Clinic].places.names(opener=opener_of(visit))
    if isinstance(names, Refusal):
        return visit.refuse(names)
    if visit.path("place") not in names:
        return visit.tell(NOT_FOUND)
    problems = tuple(form.problems.values())
    slot = await free_slot(visit, visit.query("slot"))
    return visit.render(
        "clinics/walk_in.html",
        status=422 if problems else 200,
        place=visit.path("place"),
        name=names[visit.path("place")],
        typed=form.values,
        problems=problems,
        found=found,
        is_too_many=is_too_many,
        slot=visit.query("slot"),
        starts=slot.starts_at.isoformat() if slot is not None else "",
    )


@page("/clinics/{place}/walk-in", gate=CLINIC, methods=("POST",))
async def find_walk_in(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    facts = facts_in(form)
    if form.problems:
        return await _show(visit, form)
    given = await visit.services[Finder].find(facts, opener=opener_of(visit))
    if isinstance(given, Refusal):
        return visit.refuse(given, form)
    if isinstance(given, TooMany):
        return await _show(visit, form, is_too_many=True)
    today = visit.today
    found = [
        Found(one.id, who_is(one.id, one.text, today), new_uuid())
        for one in given.patients
    ]
    return await _show(visit, form, found)


@page("/clinics/{place}/walked-in", gate=CLINIC, methods=("POST",))
async def take_walk_in(visit: Visit) -> Response:
    """Book for now, and check in; sent again it finds both done."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    patient, booking = form.values.get("patient", ""), form.values.get("booking", "")
    reason = form.text("reason", called="why they came", at_most=120)
    if not (is_fhir_id(patient) and is_fhir_id(booking)):
        return visit.tell(NOT_FOUND)
    if form.problems:
        return await _show(visit, form)
    clinic, place, said = visit.services[Clinic], visit.path("place"), "off"
    opener = opener_of(visit, reason=reason)
    wanted = Wanted(id=booking, patient=patient, place=place, words="Walked in")
    booked = await clinic.diary.book(wanted, opener=opener)
    if isinstance(booked, Refusal):
        return visit.refuse(booked, form)
    if isinstance(booked, Booked):
        arrived = await clinic.desk.arrive(
            booking,
            by=doer_of(visit),
            opener=opener,
            arriving=Arriving(note=Note.WALKED_IN),
        )
        if isinstance(arrived, Refusal):
            return visit.refuse(arrived, form)
        # An old page sent again may name one that was cancelled since.
        said = "in" if isinstance(arrived, CheckedIn | AlreadyIn) else "off"
    return visit.go_to(f"/clinics/{place}?said={said}&of={booking}#a-{booking}")
