# SPDX-License-Identifier: Apache-2.0
"""Not given, put off, stopped, taken back: each with a reason, nothing overwritten.

What was not given stays due on its day: only the prescriber moves a day, and then it is
put off, with who agreed to it.
"""

from collections.abc import Callable
from datetime import date

import msgspec
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
from wardkeep.apps.depots.showing import form_facts, shown_of
from wardkeep.apps.depots.typed import (
    LONGEST_NAME,
    LONGEST_WORDS,
    read_at,
    read_due,
    read_reason,
)
from wardkeep.base.ids import new_uuid
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken
from wardkeep.care.kept_forms import KEPT_FORMS, KeptForm
from wardkeep.care.opening import me
from wardkeep.care.typed import typed_moment
from wardkeep.fhir.depots.codes import NOT_GIVEN
from wardkeep.fhir.depots.dose import NOT_DONE as DOSE_NOT_DONE, Dose
from wardkeep.fhir.depots.schedule import (
    CAN_BE_STRUCK,
    MISTAKE,
    NOT_DONE,
    PUT_OFF,
    STOPPED,
    STRUCK,
    Entry,
    Schedule,
)
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be recorded besides a dose."""

    name: str
    """In the address."""
    kind: str
    title: str
    button: str
    words: str
    """What its text is called."""
    needs_words: bool = True

    @property
    def form(self) -> KeptForm:
        return KEPT_FORMS[f"depot-{self.name}"]


STEPS = {
    one.name: one
    for one in (
        Step(
            name="not-given",
            kind=NOT_DONE,
            title="The dose was not given",
            button="Record that it was not given",
            words="What happened, and what is done about it",
            needs_words=False,
        ),
        Step(
            name="put-off",
            kind=PUT_OFF,
            title="Give it on another day",
            button="Save the new day",
            words="Why on another day",
        ),
        Step(
            name="stop",
            kind=STOPPED,
            title="Stop this depot",
            button="Stop it",
            words="Why it is stopped",
        ),
    )
}


def _step_asked(visit: Visit) -> Step | Response:
    return STEPS.get(visit.path("step")) or visit.tell(NOT_FOUND)


@page("/patients/{id}/depots/{depot}/{step}", gate=GIVERS)
async def show_step_form(visit: Visit) -> Response:
    step = _step_asked(visit)
    if isinstance(step, Response):
        return step
    drawn = await begun(visit, step.form)
    if isinstance(drawn, Response):
        return drawn
    opened, one, keeping = drawn
    form = Form({"which": new_uuid(), "at": typed_moment(visit.clock.now())})
    form.values |= keeping.values
    is_second = await overtaken(visit, keeping, one.version)
    return _show(visit, step, opened, one, form, keeping, is_second=is_second)


@page("/patients/{id}/depots/{depot}/{step}", gate=GIVERS, methods=("POST",))
async def take_step(visit: Visit) -> Response:
    step = _step_asked(visit)
    if isinstance(step, Response):
        return step
    got = await sent(visit)
    return got if isinstance(got, Response) else await _take(visit, step, *got)


async def _take(
    visit: Visit, step: Step, opened: Opened, one: Found, form: Form
) -> Response:
    """The same form twice is one entry."""
    done = await unless_open(visit, one, form, is_last=step.kind == STOPPED)
    if done is not None:
        return done
    if not is_as_drawn(one, form):
        return await _again(visit, step, opened, one, form, is_second=True)
    made = await _read(visit, step, one.schedule, form)
    if made is None:
        return await _again(visit, step, opened, one, form)
    entry, dose = made
    written = await save(
        visit,
        with_entry(one.schedule, entry),
        over=one,
        form=form,
        dose=dose,
    )
    if isinstance(written, Conflict):
        return await _met(visit, step, form)
    if isinstance(written, Response):
        return written
    await finish(visit, form)
    return visit.go_to(f"{address_of(visit, one.schedule.id)}?said={step.name}")


async def _met(visit: Visit, step: Step, form: Form) -> Response:
    found = await find_depot(visit)
    if isinstance(found, Response):
        return found
    done = await unless_open(visit, found[1], form)
    return done or await _again(visit, step, *found, form, is_second=True)


async def _read(
    visit: Visit, step: Step, schedule: Schedule, form: Form
) -> tuple[Entry, Dose | None] | None:
    """What was typed; None where something is wrong with it."""
    now = visit.clock.now()
    at, reason, to = now, "", None
    if step.kind == NOT_DONE:
        at = read_at(form, called="When it was to be given", now=now) or now
        reason = read_reason(form)
    needs = step.needs_words or reason == "other"
    asked: Callable[..., str] = form.text if needs else form.optional_text
    words = asked("words", called=_lower(step.words), at_most=LONGEST_WORDS)
    who = ""
    if step.kind != NOT_DONE:
        who = form.text("who", called="who decided it", at_most=LONGEST_NAME)
    if step.kind == PUT_OFF:
        to = _later(form, schedule, visit.today)
    if form.problems:
        return None
    mine = await me(visit)
    which = form.values["which"]
    dose = None
    if step.kind == NOT_DONE:
        dose = Dose(
            entry=which,
            at=at,
            by=mine,
            status=DOSE_NOT_DONE,
            reason=reason,
            seen=words,
        )
    entry = Entry(
        id=which,
        kind=step.kind,
        at=at,
        recorded=now,
        by=mine,
        due=schedule.due,
        to=to,
        words="" if dose else words,
        who=who,
    )
    return entry, dose


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _later(form: Form, schedule: Schedule, today: date) -> date | None:
    to = read_due(form, "to", called="the new day", today=today)
    if to is not None and to == schedule.due:
        form.reject(
            "to-day",
            wrong="That is the day on which it is due already",
            mend="Give the new day.",
        )
    return to


async def _again(
    visit: Visit,
    step: Step,
    opened: Opened,
    one: Found,
    form: Form,
    *,
    is_second: bool = False,
) -> Response:
    keeping = await go_on(
        visit, step.form, form, note=visit.path("depot"), built_on=one.version
    )
    if isinstance(keeping, Response):
        return keeping
    return _show(visit, step, opened, one, form, keeping, is_second=is_second)


def _show(  # noqa: PLR0913 - as above
    visit: Visit,
    step: Step,
    opened: Opened,
    one: Found,
    form: Form,
    keeping: Keeping,
    *,
    is_second: bool,
) -> Response:
    shown = shown_of(one, visit.today)
    return visit.render(
        "depots/step.html",
        **form_facts(visit, opened, shown, form, keeping, is_second=is_second),
        step=step,
        reasons=list(NOT_GIVEN.items()),
    )


_WHY = Trouble(
    status=422,
    title="It says no reason",
    why="Nothing is taken back without a reason, so nothing was done.",
    mend="Go back and write why.",
)


@page("/patients/{id}/depots/{depot}/take-back", gate=GIVERS, methods=("POST",))
async def take_back(visit: Visit) -> Response:
    """One entry holds no longer; its dose is marked as entered in error."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find_depot(visit)
    if isinstance(found, Response):
        return found
    one, about = found[1], form.values.get("about", "")
    if about in one.schedule.struck:
        return visit.go_to(f"{address_of(visit, one.schedule.id)}?said=already")
    wanted = [it for it in one.schedule.holding if it.id == about]
    if not wanted or wanted[0].kind not in CAN_BE_STRUCK or about == "marked":
        return visit.tell(NOT_FOUND)
    return await _strike(visit, one, form, STRUCK, said="taken-back", about=about)


@page("/patients/{id}/depots/{depot}/mistake", gate=GIVERS, methods=("POST",))
async def mark_mistake(visit: Visit) -> Response:
    """The whole schedule never was."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find_depot(visit)
    if isinstance(found, Response):
        return found
    one = found[1]
    if one.schedule.is_mistake:
        return visit.go_to(f"{address_of(visit, one.schedule.id)}?said=already")
    return await _strike(visit, one, form, MISTAKE, said="mistake")


async def _strike(
    visit: Visit, one: Found, form: Form, kind: str, *, said: str, about: str = ""
) -> Response:
    address = address_of(visit, one.schedule.id)
    words = form.text("words", called="why", at_most=LONGEST_WORDS)
    if form.problems:
        return visit.tell(_WHY)
    now = visit.clock.now()
    entry = Entry(
        id=new_uuid(),
        kind=kind,
        at=now,
        recorded=now,
        by=await me(visit),
        words=words,
        about=about,
    )
    written = await save(
        visit,
        with_entry(one.schedule, entry),
        over=one,
        form=form,
        struck=one.doses.get(about) if about else None,
    )
    if isinstance(written, Conflict):
        return visit.go_to(f"{address}?said=changed")
    if isinstance(written, Response):
        return written
    return visit.go_to(f"{address}?said={said}")
