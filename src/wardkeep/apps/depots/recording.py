# SPDX-License-Identifier: Apache-2.0
"""Recording that a dose was given: dose and schedule change together, or neither.

The form carries the version that it was drawn from. Of two who record the same dose the
second is shown what the first one wrote, with their own words still in the form; saved
once more it is a dose of the next day that is due, which lies outside the window, and
says why.
"""

from starlette.responses import Response

from wardkeep.apps.depots.opening import (
    GIVERS,
    Found,
    Opened,
    address_of,
    begun,
    find_depot,
    is_as_drawn,
    save,
    sent,
    unless_open,
    with_entry,
)
from wardkeep.apps.depots.showing import form_facts, other_side, shown_of
from wardkeep.apps.depots.typed import Given, read_given
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import new_uuid
from wardkeep.care.asked import options
from wardkeep.care.colleagues import colleagues
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken
from wardkeep.care.kept_forms import KEPT_FORMS
from wardkeep.care.opening import me
from wardkeep.care.typed import typed_moment
from wardkeep.fhir.depots.codes import SIDES, SITES, UNITS
from wardkeep.fhir.depots.dose import Dose
from wardkeep.fhir.depots.due import next_after
from wardkeep.fhir.depots.schedule import GIVEN, Entry
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_FORM = KEPT_FORMS["depot-given"]


@page("/patients/{id}/depots/{depot}/given", gate=GIVERS)
async def show_given_form(visit: Visit) -> Response:
    drawn = await begun(visit, _FORM)
    if isinstance(drawn, Response):
        return drawn
    opened, one, keeping = drawn
    mine = await me(visit)
    form = Form(
        {
            "which": new_uuid(),
            "at": typed_moment(visit.clock.now()),
            "dose": str(one.schedule.dose),
            "by": mine.reference,
        }
    )
    form.values |= keeping.values
    is_second = await overtaken(visit, keeping, one.version)
    return await _show(visit, opened, one, form, keeping, is_second=is_second)


async def _people(visit: Visit) -> list[Person]:
    """Who may have given it: oneself first."""
    mine = await me(visit)
    others = await colleagues(visit)
    return [mine, *(one for one in others if one.reference != mine.reference)]


@page("/patients/{id}/depots/{depot}/given", gate=GIVERS, methods=("POST",))
async def record_given(visit: Visit) -> Response:
    got = await sent(visit)
    return got if isinstance(got, Response) else await _take(visit, *got)


async def _take(visit: Visit, opened: Opened, one: Found, form: Form) -> Response:
    """The same form twice is one dose."""
    done = await unless_open(visit, one, form)
    if done is not None:
        return done
    if not is_as_drawn(one, form):
        return await _again(visit, opened, one, form, is_second=True)
    given = read_given(form, one.schedule, await _people(visit), now=visit.clock.now())
    if given is None:
        return await _again(visit, opened, one, form)
    return await _write(visit, one, form, given)


async def _write(visit: Visit, one: Found, form: Form, given: Given) -> Response:
    entry, dose = await _made(visit, one, form, given)
    written = await save(
        visit,
        with_entry(one.schedule, entry),
        over=one,
        form=form,
        dose=dose,
    )
    if isinstance(written, Conflict):
        return await _met(visit, form)
    if isinstance(written, Response):
        return written
    await finish(visit, form)
    return visit.go_to(f"{address_of(visit, one.schedule.id)}?said=given")


async def _met(visit: Visit, form: Form) -> Response:
    """Somebody was faster: oneself with the same form, or a colleague."""
    found = await find_depot(visit)
    if isinstance(found, Response):
        return found
    done = await unless_open(visit, found[1], form)
    return done or await _again(visit, *found, form, is_second=True)


async def _made(
    visit: Visit, one: Found, form: Form, given: Given
) -> tuple[Entry, Dose]:
    schedule, which = one.schedule, form.values["which"]
    entry = Entry(
        id=which,
        kind=GIVEN,
        at=given.at,
        recorded=visit.clock.now(),
        by=await me(visit),
        due=schedule.due,
        to=next_after(
            given=given.at.astimezone(LONDON).date(),
            due=schedule.due,
            every=schedule.every,
            counts=schedule.counts,
        ),
        side=given.side,
    )
    dose = Dose(
        entry=which,
        at=given.at,
        by=given.by,
        dose=given.dose,
        unit=schedule.unit,
        site=given.site,
        side=given.side,
        batch=given.batch,
        expires=given.expires,
        why=given.why,
        seen=given.seen,
    )
    return entry, dose


async def _again(
    visit: Visit, opened: Opened, one: Found, form: Form, *, is_second: bool = False
) -> Response:
    keeping = await go_on(
        visit, _FORM, form, note=visit.path("depot"), built_on=one.version
    )
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, opened, one, form, keeping, is_second=is_second)


async def _show(
    visit: Visit,
    opened: Opened,
    one: Found,
    form: Form,
    keeping: Keeping,
    *,
    is_second: bool,
) -> Response:
    shown = shown_of(one, visit.today)
    return visit.render(
        "depots/given.html",
        **form_facts(visit, opened, shown, form, keeping, is_second=is_second),
        unit=UNITS[one.schedule.unit],
        other_side=SIDES.get(other_side(one.schedule), ""),
        sites=[(code, it.words) for code, it in SITES.items()],
        sides=list(SIDES.items()),
        people=options(await _people(visit)),
    )
