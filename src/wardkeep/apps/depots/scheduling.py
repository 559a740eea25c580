# SPDX-License-Identifier: Apache-2.0
"""Beginning a depot schedule, and changing what the prescriber changed.

Interval and window are asked and have no default: they are the prescriber's, and a
number that stands there already is a number that nobody thought of. Another medicine is
another schedule.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.depots.opening import (
    GIVERS,
    Found,
    Opened,
    address_of,
    begun,
    depots_of,
    find_depot,
    is_as_drawn,
    save,
    sent,
    unless_open,
    with_entry,
)
from wardkeep.apps.depots.showing import form_facts, shown_of
from wardkeep.apps.depots.typed import (
    LONGEST_NAME,
    LONGEST_WORDS,
    Terms,
    read_code,
    read_first,
    read_terms,
    terms_fields,
)
from wardkeep.base.ids import derived_uuid, is_fhir_id, new_uuid
from wardkeep.care.colleagues import mine_of, teams
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken, resume
from wardkeep.care.kept_forms import DEPOT, KEPT_FORMS
from wardkeep.care.opening import me
from wardkeep.fhir.depots.codes import COUNTS, ROUTES, UNITS
from wardkeep.fhir.depots.schedule import CHANGED, Entry, Schedule
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import Conflict, Written
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_CHANGE = KEPT_FORMS["depot-change"]


async def _places(visit: Visit) -> list[Person]:
    """Who may give it: one's own teams first."""
    own = (await mine_of(visit)).teams
    every = await teams(visit)
    return sorted(every, key=lambda one: one.reference not in own)


@page("/patients/{id}/depots/new", gate=GIVERS)
async def show_schedule_form(visit: Visit) -> Response:
    opened = await depots_of(visit)
    if isinstance(opened, Response):
        return opened
    keeping = await resume(visit, DEPOT)
    if isinstance(keeping, Response):
        return keeping
    form = Form({"which": new_uuid()})
    form.values |= keeping.values
    return await _show(visit, opened, None, form, keeping)


@page("/patients/{id}/depots/new", gate=GIVERS, methods=("POST",))
async def write_schedule(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    opened = await depots_of(visit)
    if isinstance(opened, Response):
        return opened
    id_ = derived_uuid("depot", visit.path("id"), which)
    if any(one.schedule.id == id_ for one in opened.depots):
        await finish(visit, form)
        return visit.go_to(f"{address_of(visit, id_)}?said=already")
    made = await _read_new(visit, form, id_)
    if made is None:
        return await _again_new(visit, opened, form, which)
    written = await save(visit, made, over=None, form=form)
    if isinstance(written, Conflict):
        await finish(visit, form)
        return visit.go_to(f"{address_of(visit, id_)}?said=already")
    return await _done(visit, form, written, id_, said="begun")


async def _again_new(visit: Visit, opened: Opened, form: Form, which: str) -> Response:
    keeping = await go_on(visit, DEPOT, form, note=which)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, opened, None, form, keeping)


async def _read_new(visit: Visit, form: Form, id_: str) -> Schedule | None:
    medicine = form.text("medicine", called="the medicine", at_most=LONGEST_NAME)
    code = read_code(form)
    first = read_first(
        form,
        "first",
        called="the day on which the next dose is due",
        today=visit.today,
    )
    terms = read_terms(form, await _places(visit))
    if form.problems or terms is None or first is None:
        return None
    return Schedule(
        id=id_,
        patient=visit.path("id"),
        medicine=medicine,
        code=code,
        first=first,
        began=visit.clock.now(),
        author=await me(visit),
        **msgspec.structs.asdict(terms),
    )


@page("/patients/{id}/depots/{depot}/change", gate=GIVERS)
async def show_change_form(visit: Visit) -> Response:
    drawn = await begun(visit, _CHANGE)
    if isinstance(drawn, Response):
        return drawn
    opened, one, keeping = drawn
    form = Form({"which": new_uuid()} | terms_fields(one.schedule))
    form.values |= keeping.values
    is_second = await overtaken(visit, keeping, one.version)
    return await _show(visit, opened, one, form, keeping, is_second=is_second)


@page("/patients/{id}/depots/{depot}/change", gate=GIVERS, methods=("POST",))
async def change_schedule(visit: Visit) -> Response:
    got = await sent(visit)
    return got if isinstance(got, Response) else await _take(visit, *got)


async def _take(visit: Visit, opened: Opened, one: Found, form: Form) -> Response:
    done = await unless_open(visit, one, form)
    if done is not None:
        return done
    if not is_as_drawn(one, form):
        return await _again(visit, opened, one, form, is_second=True)
    made = await _read_change(visit, one.schedule, form)
    if made is None:
        return await _again(visit, opened, one, form)
    written = await save(visit, made, over=one, form=form)
    if isinstance(written, Conflict):
        found = await find_depot(visit)
        # What is stored has moved on, so this ends with both shown.
        return (
            found if isinstance(found, Response) else await _take(visit, *found, form)
        )
    return await _done(visit, form, written, made.id, said="change")


async def _done(
    visit: Visit, form: Form, written: Written | Response, id_: str, *, said: str
) -> Response:
    if isinstance(written, Response):
        return written
    await finish(visit, form)
    return visit.go_to(f"{address_of(visit, id_)}?said={said}")


async def _read_change(visit: Visit, one: Schedule, form: Form) -> Schedule | None:
    terms = read_terms(form, await _places(visit))
    words = form.text("words", called="why it is changed", at_most=LONGEST_WORDS)
    if form.problems or terms is None:
        return None
    changes = _changes(one, terms)
    if not changes:
        form.reject("dose", wrong="Nothing is changed", mend="Change something.")
        return None
    now = visit.clock.now()
    entry = Entry(
        id=form.values["which"],
        kind=CHANGED,
        at=now,
        recorded=now,
        by=await me(visit),
        due=one.due,
        words=f"{'; '.join(changes)}. {words}",
        who=terms.prescriber,
    )
    changed = msgspec.structs.replace(one, **msgspec.structs.asdict(terms))
    return with_entry(changed, entry)


def _changes(one: Schedule, terms: Terms) -> list[str]:
    """What differs, as in "Dose: 100 mg, was 75 mg"."""
    pairs = (
        (
            "Dose",
            f"{one.dose} {UNITS[one.unit]}",
            f"{terms.dose} {UNITS[terms.unit]}",
        ),
        ("Route", ROUTES[one.route].words, ROUTES[terms.route].words),
        ("Days between doses", str(one.every), str(terms.every)),
        ("Days early", str(one.early), str(terms.early)),
        ("Days late", str(one.late), str(terms.late)),
        ("Counted", COUNTS[one.counts], COUNTS[terms.counts]),
        ("Team", one.place.display, terms.place.display),
        ("Prescribed by", one.prescriber, terms.prescriber),
    )
    return [f"{what}: {now}, was {was}" for what, was, now in pairs if now != was]


async def _again(
    visit: Visit, opened: Opened, one: Found, form: Form, *, is_second: bool = False
) -> Response:
    keeping = await go_on(
        visit, _CHANGE, form, note=visit.path("depot"), built_on=one.version
    )
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, opened, one, form, keeping, is_second=is_second)


async def _show(
    visit: Visit,
    opened: Opened,
    one: Found | None,
    form: Form,
    keeping: Keeping,
    *,
    is_second: bool = False,
) -> Response:
    shown = None if one is None else shown_of(one, visit.today)
    places = await _places(visit)
    return visit.render(
        "depots/schedule.html",
        **form_facts(visit, opened, shown, form, keeping, is_second=is_second),
        others=[it.schedule for it in opened.depots if it.schedule.ended is None],
        units=[("", "Choose a unit"), *UNITS.items()],
        routes=[(code, it.words) for code, it in ROUTES.items()],
        counts=list(COUNTS.items()),
        places=[
            ("", "Choose a team"),
            *((it.reference, it.display) for it in places),
        ],
    )
