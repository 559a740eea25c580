# SPDX-License-Identifier: Apache-2.0
"""Into another bed, here or on another ward; when somebody is thought to leave."""

from starlette.responses import Response

from wardkeep.apps.wards.admitting import (
    Wanted,
    free_beds,
    leaving_day,
    wanted_bed,
)
from wardkeep.apps.wards.opening import (
    DONE,
    LOCATION,
    NO_STAY,
    STAFF,
    WARNED,
    Changed,
    Sent,
    at_door,
    back_to,
    board_of,
    carry_out,
    read_as,
    sent,
    stored,
    stored_or_none,
    who_stays,
)
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import opener_of
from wardkeep.fhir.store.ward_steps import use_bed
from wardkeep.fhir.wards.bed import CLEANING, become
from wardkeep.fhir.wards.rows import StayRow
from wardkeep.fhir.wards.stay import TYPE, expect, move, read_stay
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit


@page("/patients/{id}/ward/move", gate=STAFF)
async def show_move(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    who = await who_stays(visit)
    if isinstance(who, Response):
        return who
    banner, stay = who
    found = await read_as(visit, TYPE, stay.stay, read_stay)
    if isinstance(found, Response):
        return found
    problems = tuple(form.problems.values())
    return visit.render(
        "wards/move.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        stay=stay,
        version=found[1],
        beds=await free_beds(visit, stay.ward),
        ward=board_of(visit, form),
        typed=form.values,
        problems=problems,
    )


@page("/patients/{id}/ward/move", gate=STAFF, methods=("POST",))
async def move_patient(visit: Visit) -> Response:
    got = await sent(visit)
    if isinstance(got, Response):
        return got
    form, stay = got.form, got.stay
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    if stay.bed and stay.bed == form.values.get("bed"):
        return await at_door(visit, back_to(visit, got.ward, "already"))
    wanted = await wanted_bed(visit, form)
    if form.problems or wanted is None:
        return await _show(visit, form)
    changed = await _change(visit, stay, wanted, form)
    if isinstance(changed, Response):
        return changed
    return await _write(visit, got, wanted, changed)


async def _change(
    visit: Visit, stay: StayRow, wanted: Wanted, form: Form
) -> list[Changed] | Response:
    found = await stored(visit, TYPE, stay.stay)
    if isinstance(found, Response):
        return found
    move(found.content, ward=wanted.ward, bed=wanted.bed, at=visit.clock.now())
    seen = whole_number(form.values.get("version", ""))
    left = await bed_to_clean(visit, stay)
    if isinstance(left, Response):
        return left
    return [Changed(content=found.content, version=seen), *left]


async def _write(
    visit: Visit, got: Sent, wanted: Wanted, changed: list[Changed]
) -> Response:
    taken = use_bed(opener_of(visit).organisation, wanted.id, at=visit.clock.now())
    done = await carry_out(visit, "moved", changed, [taken])
    if isinstance(done, Response):
        return done
    if done != DONE:
        got.form.reject("bed", wrong=WARNED[done], mend="Look again, and choose a bed.")
        return await _show(visit, got.form)
    return back_to(visit, got.ward, "moved")


async def bed_to_clean(visit: Visit, stay: StayRow) -> list[Changed] | Response:
    """The bed that somebody leaves; nothing where they lie in none that is known."""
    if not stay.bed:
        return []
    found = await stored_or_none(visit, LOCATION, stay.bed)
    if found is None or isinstance(found, Response):
        return [] if found is None else found
    become(found.content, CLEANING)
    return [Changed(content=found.content, version=found.version)]


@page("/patients/{id}/ward/expected", gate=STAFF, methods=("POST",))
async def change_expected(visit: Visit) -> Response:
    """When somebody is thought to leave; empty: nobody knows."""
    got = await sent(visit)
    if isinstance(got, Response):
        return got
    form, stay = got.form, got.stay
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    day = leaving_day(visit, form)
    if form.problems:
        return visit.tell(_WRONG_DAY)
    found = await stored(visit, TYPE, stay.stay)
    if isinstance(found, Response):
        return found
    expect(found.content, day)
    seen = whole_number(form.values.get("version", ""))
    changed = Changed(content=found.content, version=seen)
    done = await carry_out(visit, "expected", [changed])
    if isinstance(done, Response):
        return done
    return back_to(visit, "", done or "expected")


_WRONG_DAY = Trouble(
    status=422,
    title="That day cannot be taken",
    why="It does not exist, or is over, so nothing was done.",
    mend="Go back and give today or a later day, or leave all three fields empty.",
)
