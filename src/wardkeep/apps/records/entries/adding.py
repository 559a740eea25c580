# SPDX-License-Identifier: Apache-2.0
"""Adding an entry to a chart: one form, stored once however often it is sent."""

from starlette.responses import Response

from wardkeep.apps.records.entries.kind import Act, EntryKind, Field
from wardkeep.apps.records.entries.kinds import KINDS
from wardkeep.apps.records.frame import (
    Frame,
    open_section,
    render_section,
)
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.interactions import CHECKS, Interaction
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import KEPT_FORMS
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import author_of, opener_of
from wardkeep.care.sent_twice import unless_sent_twice
from wardkeep.care.typed import typed_day
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.outcomes import Conflict, Invalid, Written
from wardkeep.fhir.store.parts import Part
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_MEDICINES = Part(types=("MedicationRequest", "MedicationStatement"), at_most=400)
_ADDED = {
    KINDS["no-known-allergies"].name: "It is recorded that no allergies are known.",
}


@page("/patients/{id}/entries/{kind}/new", gate=WRITERS)
async def show_adding(visit: Visit) -> Response:
    kind = KINDS.get(visit.path("kind"))
    if kind is None:
        return visit.tell(NOT_FOUND)
    frame = await open_section(visit)
    if isinstance(frame, Response):
        return frame
    kept = KEPT_FORMS[kind.name]
    keeping = await resume(visit, kept)
    if isinstance(keeping, Response):
        return keeping
    form = Form({"entry": keeping.row.note, **keeping.values})
    return _form(visit, frame, kind, form, keeping)


async def _again(
    visit: Visit,
    frame: Frame,
    kind: EntryKind,
    form: Form,
    interactions: tuple[Interaction, ...],
) -> Response:
    """The form as it was sent, with what is wrong."""
    note = form.values["entry"]
    keeping = await go_on(visit, KEPT_FORMS[kind.name], form, note=note)
    if isinstance(keeping, Response):
        return keeping
    return _form(visit, frame, kind, form, keeping, interactions=interactions)


def _form(
    visit: Visit,
    frame: Frame,
    kind: EntryKind,
    form: Form,
    keeping: Keeping,
    *,
    interactions: tuple[Interaction, ...] = (),
) -> Response:
    problems = tuple(form.problems.values())
    return render_section(
        visit,
        "records/adding.html",
        frame,
        section=kind.section,
        status=422 if problems else 200,
        kind=kind,
        typed=form.values,
        problems=problems,
        interactions=interactions,
        is_checked=bool(CHECKS),
        has_allergies=bool(frame.chart.allergies),
        keeping=keeping,
    )


@page("/patients/{id}/entries/{kind}/new", gate=WRITERS, methods=("POST",))
async def add_entry(visit: Visit) -> Response:
    kind = KINDS.get(visit.path("kind"))
    if kind is None:
        return visit.tell(NOT_FOUND)
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    values = {one.name: _typed(form, one) for one in kind.fields}
    id_ = form.values.get("entry", "")
    if not is_fhir_id(id_):
        return visit.tell(NOT_FOUND)
    frame = await open_section(visit, _MEDICINES)
    if isinstance(frame, Response):
        return frame
    _check(form, kind, frame)
    found = _interactions(form, kind, frame)
    if form.problems:
        return await _again(visit, frame, kind, form, found)
    stored = await _store(visit, kind, values, id_)
    if stored is not None:
        return stored
    await finish(visit, form)
    at = f"/patients/{visit.path('id')}/entries/{kind.name}/{id_}"
    return visit.go_to(f"{at}?done=added")


def _typed(form: Form, field: Field) -> str:
    if field.is_day:
        day = typed_day(form, field.name)
        return "" if day is None else day.isoformat()
    if field.options:
        names = tuple(name for name, _ in field.options)
        return form.choice(field.name, called=field.called, among=names)
    if field.is_optional:
        return form.optional_text(field.name, called=field.called)
    return form.text(field.name, called=field.called)


def _check(form: Form, kind: EntryKind, frame: Frame) -> None:
    """That none are known is not said of somebody with a known allergy."""
    if kind.name == "no-known-allergies" and frame.chart.allergies:
        form.reject(
            "asked",
            wrong="Allergies are recorded, so it is not so that none are known",
            mend="Mark those that were a mistake as entered in error first.",
        )


def _interactions(form: Form, kind: EntryKind, frame: Frame) -> tuple[Interaction, ...]:
    """What a connected check finds: it is read, and said to be, before it is stored."""
    if kind.name != "medicine" or form.problems:
        return ()
    taken = [one.words for one in frame.chart.medicines if one.is_current]
    allergies = [one.words for one in frame.chart.allergies]
    words = form.values.get("words", "")
    found = tuple(one for check in CHECKS for one in check(words, taken, allergies))
    if found and form.values.get("confirm") != "yes":
        form.reject(
            "confirm",
            wrong="The connected check has warnings about this medicine",
            mend="Read them, and say that you have.",
        )
    return found


async def _store(
    visit: Visit, kind: EntryKind, values: dict[str, str], id_: str
) -> Response | None:
    """None once it is in the record, by this sending or the one before."""
    patient = visit.path("id")
    author = await author_of(visit)
    act = Act(patient=patient, id=id_, author=author, now=visit.clock.now())
    made = kind.make(values, act)
    written = await visit.services[Writer].write(
        Change(drafts=[drafted(made)], expected=[MUST_NOT_EXIST]),
        opener=opener_of(visit),
    )
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if isinstance(written, Invalid):
        [problem, *_] = written.problems
        return visit.tell(
            Trouble(
                status=422,
                title="It was not stored",
                why=problem.wrong,
                mend=problem.mend,
            )
        )
    if not isinstance(written, Written | Conflict):
        return visit.tell(NOT_FOUND)
    return (
        await unless_sent_twice(visit, [made])
        if isinstance(written, Conflict)
        else None
    )
