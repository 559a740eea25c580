# SPDX-License-Identifier: Apache-2.0
"""Admitting somebody to a bed: found by two facts, or from their record.

Done means: one page, one press, and the person is in the bed; of two who press for the
same bed one is told that it is taken, with all that they typed still there. Whoever is
on a ward already, by other software, is put into the bed and not admitted twice.
"""

from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.wards.opening import (
    DONE,
    LOCATION,
    STAFF,
    TAKEN,
    WARNED,
    Changed,
    at_door,
    back_to,
    board_of,
    carry_out,
    every_ward,
    id_of,
    person_path,
    rows,
    sent,
    stay_of,
    stored,
    stored_or_none,
    ward_here,
)
from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.care.finding import facts_in
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import ADMISSION
from wardkeep.care.of_patient import banner_for
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.care.typed import typed_day
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.finding import Finder
from wardkeep.fhir.store.outcomes import TooMany
from wardkeep.fhir.store.ward_steps import use_bed
from wardkeep.fhir.wards.bed import in_order
from wardkeep.fhir.wards.rows import BedRow, StayRow
from wardkeep.fhir.wards.stay import TYPE, admission, expect, move
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_REASON = 300


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A bed as it was chosen."""

    ward: Person
    bed: Person
    id: str


@page("/wards/{ward}/admit", gate=STAFF)
async def show_whom(visit: Visit) -> Response:
    return await _whom(visit, Form({}))


@page("/wards/{ward}/admit", gate=STAFF, methods=("POST",))
async def find_whom(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    facts = facts_in(form)
    if form.problems:
        return await _whom(visit, form)
    given = await visit.services[Finder].find(facts, opener=opener_of(visit))
    if isinstance(given, Refusal):
        return visit.refuse(given, form)
    if isinstance(given, TooMany):
        return await _whom(visit, form, is_too_many=True)
    found = [(one.id, who_is(one.id, one.text, visit.today)) for one in given.patients]
    return await _whom(visit, form, found)


async def _whom(
    visit: Visit,
    form: Form,
    found: list[tuple[str, Banner]] | None = None,
    *,
    is_too_many: bool = False,
) -> Response:
    ward = await ward_here(visit)
    if isinstance(ward, Response):
        return ward
    bed = await rows(visit).bed(opener_of(visit).organisation, visit.query("bed"))
    problems = tuple(form.problems.values())
    return visit.render(
        "wards/whom.html",
        status=422 if problems else 200,
        ward=id_of(ward),
        name=ward.display,
        bed=bed if bed is not None and bed.ward == id_of(ward) else None,
        typed=form.values,
        problems=problems,
        found=found,
        is_too_many=is_too_many,
    )


@page("/patients/{id}/ward/admit", gate=STAFF)
async def show_admission(visit: Visit) -> Response:
    stay = await stay_of(visit)
    if stay is not None and stay.bed:
        there = visit.go_to(f"{person_path(visit)}?said=already")
        return await at_door(visit, there)
    keeping = await resume(visit, ADMISSION)
    if isinstance(keeping, Response):
        return keeping
    form = Form({"which": new_uuid(), "bed": visit.query("bed")[:64]})
    form.values |= keeping.values
    return await _show(visit, form, keeping, stay)


@page("/patients/{id}/ward/admit", gate=STAFF, methods=("POST",))
async def admit(visit: Visit) -> Response:
    got = await sent(visit, is_new=True)
    if isinstance(got, Response):
        return got
    form, stay = got.form, got.stay
    if stay is not None and stay.bed:
        await finish(visit, form)
        there = visit.go_to(f"{person_path(visit)}?said=already")
        return await at_door(visit, there)
    reason = form.optional_text("reason", called="why", at_most=LONGEST_REASON)
    day = leaving_day(visit, form)
    wanted = await wanted_bed(visit, form)
    if form.problems or wanted is None:
        return await _again(visit, form, got.which, stay)
    changed = await _change(visit, stay, wanted, got.which, (reason, day))
    if isinstance(changed, Response):
        return changed
    return await _write(visit, form, wanted, changed, stay)


async def _write(
    visit: Visit, form: Form, wanted: Wanted, changed: Changed, stay: StayRow | None
) -> Response:
    did = "admitted" if stay is None else "bedded"
    taken = use_bed(opener_of(visit).organisation, wanted.id, at=visit.clock.now())
    done = await carry_out(visit, did, [changed], [taken])
    if isinstance(done, Response):
        return done
    if done != DONE:
        return await _second(visit, form, str(changed.content["id"]), done)
    await finish(visit, form)
    return back_to(visit, form.values.get("of-ward", ""), did)


async def _second(visit: Visit, form: Form, id_: str, done: str) -> Response:
    """The same form sent twice is one stay; else somebody else was first."""
    stay = await stay_of(visit)
    if stay is not None and stay.bed and stay.stay == id_:
        await finish(visit, form)
        return visit.go_to(f"{person_path(visit)}?said=already")
    form.reject("bed", wrong=WARNED[done], mend="Choose another bed.")
    return await _again(visit, form, form.values["which"], stay)


async def _change(
    visit: Visit,
    stay: StayRow | None,
    wanted: Wanted,
    which: str,
    said: tuple[str, date | None],
) -> Changed | Response:
    now, (reason, day) = visit.clock.now(), said
    if stay is None:
        id_ = derived_uuid("ward-stay", visit.path("id"), which)
        before = await stored_or_none(visit, TYPE, id_)
        if isinstance(before, Response):
            return before
        if before is not None:
            return visit.go_to(f"{person_path(visit)}?said=already")
        content = admission(
            id_,
            patient=visit.path("id"),
            ward=wanted.ward,
            bed=wanted.bed,
            at=now,
            reason=reason,
            expected=day,
        )
        return Changed(content=content, version=0)
    found = await stored(visit, TYPE, stay.stay)
    if isinstance(found, Response):
        return found
    move(found.content, ward=wanted.ward, bed=wanted.bed, at=now)
    if day is not None:
        expect(found.content, day)
    return Changed(content=found.content, version=found.version)


def leaving_day(visit: Visit, form: Form) -> date | None:
    """The day on which somebody is thought to leave; none: nobody knows."""
    day = typed_day(form, "leaving", called="expected day of discharge")
    if day is not None and day < visit.today:
        form.reject(
            "leaving-day",
            wrong="that day is over",
            mend="Give today or a later day, or leave it empty.",
        )
    return day


async def wanted_bed(visit: Visit, form: Form) -> Wanted | None:
    """The bed that the form names; a problem where it cannot be had."""
    wards = {id_of(one): one for one in await every_ward(visit)}
    free = await rows(visit).free(opener_of(visit).organisation)
    chosen = form.values.get("bed", "")
    bed = next((one for one in free if one.bed == chosen), None)
    if bed is None or bed.ward not in wards:
        is_named = bool(chosen)
        form.reject(
            "bed",
            wrong=WARNED[TAKEN] if is_named else "no bed is chosen",
            mend="Choose a bed that is free.",
        )
        return None
    place = Person(f"{LOCATION}/{bed.bed}", bed.name)
    return Wanted(ward=wards[bed.ward], bed=place, id=bed.bed)


async def free_beds(visit: Visit, ward: str = "") -> list[tuple[str, str]]:
    """Beds to choose from: those of a ward first."""
    names = {id_of(one): one.display for one in await every_ward(visit)}
    free = await rows(visit).free(opener_of(visit).organisation)

    def order(bed: BedRow) -> tuple[object, ...]:
        return bed.ward != ward, names[bed.ward], in_order(bed.name)

    known = sorted((one for one in free if one.ward in names), key=order)
    return [
        ("", "Choose a bed"),
        *((one.bed, f"{names[one.ward]}: {one.name}") for one in known),
    ]


async def _again(
    visit: Visit, form: Form, which: str, stay: StayRow | None
) -> Response:
    keeping = await go_on(visit, ADMISSION, form, note=which)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, form, keeping, stay)


async def _show(
    visit: Visit, form: Form, keeping: Keeping, stay: StayRow | None
) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    problems = tuple(form.problems.values())
    return visit.render(
        "wards/admit.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        beds=await free_beds(visit, visit.query("ward")),
        ward=board_of(visit, form),
        stay=stay,
        typed=form.values,
        problems=problems,
        keeping=keeping,
        most=LONGEST_REASON,
    )
