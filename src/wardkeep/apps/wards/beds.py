# SPDX-License-Identifier: Apache-2.0
"""The beds of a ward: cleaned, closed, opened; added and taken away by who leads it."""

from starlette.responses import Response

from wardkeep.apps.wards.opening import (
    DONE,
    LOCATION,
    STAFF,
    TAKEN,
    WHOLE,
    Changed,
    id_of,
    rows,
    stored,
    told,
    ward_here,
    write,
)
from wardkeep.base.ids import derived_uuid, is_fhir_id, is_uuid, new_uuid
from wardkeep.care.opening import opener_of
from wardkeep.fhir.store.ward_steps import bed_is_empty
from wardkeep.fhir.wards.bed import (
    CLEANING,
    CLOSED,
    FREE,
    GONE,
    LONGEST_NAME,
    STATES,
    become,
    in_order,
    new_bed,
    read_bed,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


@page("/wards/{ward}/beds", gate=STAFF)
async def show_beds(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    ward = await ward_here(visit)
    if isinstance(ward, Response):
        return ward
    beds = await rows(visit).beds(opener_of(visit).organisation, id_of(ward))
    problems = tuple(form.problems.values())
    return visit.render(
        "wards/beds.html",
        status=422 if problems else 200,
        ward=id_of(ward),
        name=ward.display,
        beds=[
            (one, STATES[one.state])
            for one in sorted(beds, key=lambda one: in_order(one.name))
        ],
        which=new_uuid(),
        typed=form.values,
        problems=problems,
        told=told(visit),
        may_add=WHOLE.admits(visit.session.role),
    )


@page("/wards/{ward}/beds", gate=WHOLE, methods=("POST",))
async def add_bed(visit: Visit) -> Response:
    """A new bed; the same form twice is one."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ward = await ward_here(visit)
    if isinstance(ward, Response):
        return ward
    which = form.values.get("which", "")
    if not is_uuid(which):
        return visit.tell(NOT_FOUND)
    name = form.text("name", called="the name of the bed", at_most=LONGEST_NAME)
    beds = await rows(visit).beds(opener_of(visit).organisation, id_of(ward))
    id_ = derived_uuid("ward-bed", id_of(ward), which)
    is_there = any(one.bed == id_ for one in beds)
    if not is_there and any(one.name.casefold() == name.casefold() for one in beds):
        form.reject(
            "name", wrong="there is a bed of that name", mend="Give another name."
        )
    if form.problems:
        return await _show(visit, form)
    if not is_there:
        content = new_bed(id_, ward=id_of(ward), name=name)
        done = await write(visit, [Changed(content=content, version=0)])
        if isinstance(done, Response):
            return done
    return visit.go_to(f"/wards/{id_of(ward)}/beds?said=added")


@page("/wards/{ward}/beds/{bed}", gate=STAFF, methods=("POST",))
async def set_bed(visit: Visit) -> Response:
    """Free, being cleaned, closed; nobody may lie in it."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ward = await ward_here(visit)
    if isinstance(ward, Response):
        return ward
    among = (FREE, CLEANING, CLOSED)
    is_lead = WHOLE.admits(visit.session.role)
    state = form.choice(
        "state", called="what the bed is", among=(*among, GONE) if is_lead else among
    )
    if form.problems or not is_fhir_id(visit.path("bed")):
        return visit.tell(NOT_FOUND)
    word = await _become(visit, id_of(ward), state)
    if isinstance(word, Response):
        return word
    below = "/beds" if form.values.get("from") else ""
    return visit.go_to(f"/wards/{id_of(ward)}{below}?said={word}")


async def _become(visit: Visit, ward: str, state: str) -> str | Response:
    """What became of it, as the board says it."""
    found = await stored(visit, LOCATION, visit.path("bed"))
    if isinstance(found, Response):
        return found
    said = read_bed(found.content)
    if said is None or said.ward != ward:
        return visit.tell(NOT_FOUND)
    if said.state == state:
        return "already"
    become(found.content, state)
    bed, now = visit.path("bed"), visit.clock.now()
    empty = bed_is_empty(opener_of(visit).organisation, bed, at=now)
    changed = Changed(content=found.content, version=found.version)
    done = await write(visit, [changed], [empty])
    if isinstance(done, Response):
        return done
    return {DONE: "bed", TAKEN: "not-empty"}.get(done, done)
