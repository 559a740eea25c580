# SPDX-License-Identifier: Apache-2.0
"""The end of a stay: where to, and all that ends with it in one change.

The bed is to be cleaned, the observation level and its alert end, leave that is planned
or under way is over. A section of the Mental Health Act does not end by it: the page
says so.
"""

from starlette.responses import Response

from wardkeep.apps.wards.levels import ended_level
from wardkeep.apps.wards.moving import bed_to_clean
from wardkeep.apps.wards.opening import (
    DONE,
    STAFF,
    Changed,
    Sent,
    at_door,
    back_to,
    board_of,
    carry_out,
    read_as,
    rows,
    sent,
    stored,
    who_stays,
)
from wardkeep.base.ids import new_uuid
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import DISCHARGE
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.care.opening import opener_of
from wardkeep.fhir.wards import leave
from wardkeep.fhir.wards.rows import StayRow
from wardkeep.fhir.wards.stay import DESTINATIONS, TYPE, discharge, read_stay
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

LONGEST_WORDS = 300


@page("/patients/{id}/ward/discharge", gate=STAFF)
async def show_discharge(visit: Visit) -> Response:
    keeping = await resume(visit, DISCHARGE)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, Form({"which": new_uuid()} | keeping.values), keeping)


async def _show(visit: Visit, form: Form, keeping: Keeping) -> Response:
    who = await who_stays(visit)
    if isinstance(who, Response):
        return who
    banner, stay = who
    found = await read_as(visit, TYPE, stay.stay, read_stay)
    if isinstance(found, Response):
        return found
    problems = tuple(form.problems.values())
    return visit.render(
        "wards/discharge.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        stay=stay,
        version=found[1],
        destinations=DESTINATIONS,
        ward=board_of(visit, form),
        typed=form.values,
        problems=problems,
        keeping=keeping,
        most=LONGEST_WORDS,
    )


@page("/patients/{id}/ward/discharge", gate=STAFF, methods=("POST",))
async def discharge_patient(visit: Visit) -> Response:
    got = await sent(visit, is_new=True)
    if isinstance(got, Response):
        return got
    form, stay = got.form, got.stay
    if stay is None:
        await finish(visit, form)
        return await at_door(visit, back_to(visit, got.ward, "already"))
    among = tuple(code for code, _ in DESTINATIONS)
    destination = form.choice("destination", called="where to", among=among)
    words = form.optional_text("words", called="more", at_most=LONGEST_WORDS)
    if form.problems:
        keeping = await go_on(visit, DISCHARGE, form, note=got.which)
        if isinstance(keeping, Response):
            return keeping
        return await _show(visit, form, keeping)
    changed = await _change(visit, stay, form, (destination, words))
    return changed if isinstance(changed, Response) else await _end(visit, got, changed)


async def _end(visit: Visit, got: Sent, changed: list[Changed]) -> Response:
    done = await carry_out(visit, "discharged", changed)
    if isinstance(done, Response):
        return done
    if done != DONE:
        return visit.tell(CHANGED)
    await finish(visit, got.form)
    return back_to(visit, got.ward, "discharged")


async def _change(
    visit: Visit, stay: StayRow, form: Form, said: tuple[str, str]
) -> list[Changed] | Response:
    found = await stored(visit, TYPE, stay.stay)
    if isinstance(found, Response):
        return found
    now = visit.clock.now()
    discharge(found.content, at=now, destination=said[0], words=said[1])
    seen = whole_number(form.values.get("version", ""))
    changed = [Changed(content=found.content, version=seen)]
    for part in (
        await bed_to_clean(visit, stay),
        await ended_level(visit, stay.level),
        await _ended_leave(visit),
    ):
        if isinstance(part, Response):
            return part
        changed += part
    return changed


async def _ended_leave(visit: Visit) -> list[Changed] | Response:
    """Leave that is under way or planned: nobody waits for it any more."""
    patient, changed = visit.path("id"), []
    for id_ in await rows(visit).leaves_of(opener_of(visit).organisation, patient):
        found = await read_as(visit, leave.TYPE, id_, leave.read_leave)
        if isinstance(found, Response):
            return found
        one, version = found
        over = {
            leave.State.PLANNED: leave.State.CANCELLED,
            leave.State.OUT: leave.State.BACK,
        }.get(one.state)
        if over is None:
            break
        content = leave.leave_content(leave.ended(one, over))
        changed.append(Changed(content=content, version=version))
    return changed
