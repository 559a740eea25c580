# SPDX-License-Identifier: Apache-2.0
"""Writing a plan: the form has what it says now, and a change says why.

Two who change it at once lose nothing: the second is shown where theirs differs from
what the first one wrote, and decides.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from starlette.responses import Response

from wardkeep.apps.plans.opening import Found, find_plan, kind_asked, save
from wardkeep.base.differences import Piece, differing_lines
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken, resume
from wardkeep.care.kept_forms import KEPT_FORMS, KeptForm
from wardkeep.care.of_patient import WRITERS, banner_for, whole_number
from wardkeep.care.opening import instant, me
from wardkeep.fhir.plans.kinds import Kind, Section
from wardkeep.fhir.plans.plan import Plan, id_of
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_SECTION = 4000
_A_MONTH = timedelta(days=30)
_MOST_YEARS = timedelta(days=2 * 366)
_BORN = ("day", "month", "year")
Theirs = tuple[tuple[Section, tuple[Piece, ...]], ...]


@page("/patients/{id}/plans/{kind}/change", gate=WRITERS)
async def show_plan_form(visit: Visit) -> Response:
    kind = kind_asked(visit)
    if isinstance(kind, Response):
        return kind
    found = await find_plan(visit, kind)
    if isinstance(found, Response):
        return found
    keeping = await resume(
        visit,
        _form_of(kind),
        note=id_of(kind, visit.path("id")),
        based_on=found.version,
    )
    if isinstance(keeping, Response):
        return keeping
    form = _typed(visit, found)
    form.values |= keeping.values
    if not await overtaken(visit, keeping, found.version):
        return await _show(visit, found, form, keeping)
    # Unfinished words are shown beside what was stored since.
    theirs = _differing(found, form.values)
    return await _show(visit, found, form, keeping, theirs=theirs, stored=found.plan)


def _form_of(kind: Kind) -> KeptForm:
    return KEPT_FORMS[f"plan-{kind.code}"]


@page("/patients/{id}/plans/{kind}/change", gate=WRITERS, methods=("POST",))
async def write_plan(visit: Visit) -> Response:
    kind = kind_asked(visit)
    if isinstance(kind, Response):
        return kind
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    version = whole_number(form.values.get("version", ""))
    plan = await _read(visit, form, kind, is_new=version == 0)
    if plan is None:
        return await _again(visit, Found(kind=kind, version=version), form)
    written = await save(visit, kind, plan, version=version)
    if isinstance(written, Conflict):
        return await _both(visit, kind, form, plan)
    if isinstance(written, Response):
        return written
    await finish(visit, form)
    return visit.go_to(f"/patients/{visit.path('id')}/plans?saved={kind.code}")


async def _read(visit: Visit, form: Form, kind: Kind, *, is_new: bool) -> Plan | None:
    """What was typed; None where something is wrong with it."""
    said = {
        one.code: form.optional_text(
            one.code, called=one.title, at_most=LONGEST_SECTION
        )
        for one in kind.sections
    }
    agreed = form.text("agreed", called="with whom it was made")
    change = form.values.get("change", "")
    if not is_new:
        change = form.text("change", called="what was changed and why")
    review = _review(form, visit.today)
    if not any(said.values()) and not form.problems:
        first = kind.sections[0]
        form.reject(first.code, wrong="Nothing is written", mend="Write one section.")
    if form.problems or review is None:
        return None
    return Plan(
        sections={code: text for code, text in said.items() if text},
        agreed=agreed,
        review=review,
        change=change,
        author=await me(visit),
        written=instant(visit),
    )


def _review(form: Form, today: date) -> date | None:
    parts = {
        part: form.optional_text(f"review-{part}", called=f"the {part}", at_most=4)
        for part in _BORN
    }
    try:
        found = date(*(int(parts[part]) for part in reversed(_BORN)))
    except ValueError:
        found = None
    if found is None or not today < found <= today + _MOST_YEARS:
        form.reject(
            "review-day",
            wrong="That is no day on which it can be looked at again",
            mend="Give a day within the next two years, as in 17 4 2027.",
        )
        return None
    return found


async def _both(visit: Visit, kind: Kind, form: Form, mine: Plan) -> Response:
    """Somebody else wrote meanwhile: what differs, unless nothing does."""
    found = await find_plan(visit, kind)
    if isinstance(found, Response):
        return found
    if found.plan is not None and _says_the_same(found.plan, mine):
        await finish(visit, form)
        return visit.go_to(f"/patients/{visit.path('id')}/plans?saved={kind.code}")
    theirs = _differing(found, mine.sections)
    return await _again(visit, found, form, theirs=theirs, stored=found.plan)


def _differing(found: Found, mine: Mapping[str, str]) -> Theirs:
    """Sections that differ from what is stored, line by line."""
    theirs = found.plan.sections if found.plan is not None else {}
    return tuple(
        (one, lines)
        for one in found.kind.sections
        if (lines := differing_lines(theirs.get(one.code, ""), mine.get(one.code, "")))
    )


async def _again(
    visit: Visit,
    found: Found,
    form: Form,
    *,
    theirs: Theirs = (),
    stored: Plan | None = None,
) -> Response:
    """The form as it was sent, with what is wrong or what somebody else stored."""
    keeping = await go_on(
        visit,
        _form_of(found.kind),
        form,
        note=id_of(found.kind, visit.path("id")),
        built_on=found.version,
    )
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, found, form, keeping, theirs=theirs, stored=stored)


def _says_the_same(one: Plan, other: Plan) -> bool:
    """Whether it is one plan sent twice: all but who wrote it, and when."""
    return (one.sections, one.agreed, one.review, one.change) == (
        other.sections,
        other.agreed,
        other.review,
        other.change,
    )


def _typed(visit: Visit, found: Found) -> Form:
    """A form filled with what the plan says now."""
    plan = found.plan
    review = visit.today + _A_MONTH * found.kind.months
    values = {"agreed": "", "change": ""}
    if plan is not None:
        values |= plan.sections | {"agreed": plan.agreed}
    for part in _BORN:
        values[f"review-{part}"] = str(getattr(review, part))
    return Form(values)


async def _show(
    visit: Visit,
    found: Found,
    form: Form,
    keeping: Keeping,
    *,
    theirs: Theirs = (),
    stored: Plan | None = None,
) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    problems = tuple(form.problems.values())
    is_met = stored is not None and not keeping.is_resumed
    return visit.render(
        "plans/write.html",
        status=409 if is_met else 422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        kind=found.kind,
        version=found.version,
        typed=form.values,
        problems=problems,
        theirs=theirs,
        stored=stored,
        most=LONGEST_SECTION,
        keeping=keeping,
    )
