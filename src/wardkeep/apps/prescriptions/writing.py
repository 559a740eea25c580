# SPDX-License-Identifier: Apache-2.0
"""Writing a prescription, with allergies and medicines beside it; a request is closed.

A request for a medicine that waits in a queue ends with what answers it, in one change:
it is never prescribed and still waiting, nor closed and not prescribed. A controlled
drug leaves it open until it is printed or given: two people sign before.
"""

from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    PRESCRIBERS,
    Opened,
    address_of,
    open_here,
    save,
)
from wardkeep.apps.prescriptions.typed import (
    LONGEST,
    KnownAllergy,
    Typed,
    proposed,
    read_confirmed,
    read_typed,
    warnings_about,
)
from wardkeep.base.ids import derived_uuid, is_fhir_id, new_uuid
from wardkeep.care.case_closing import (
    Written,
    awaiting,
    closing,
    place_in_queue,
)
from wardkeep.care.formulary import formulary
from wardkeep.care.interactions import CHECKS, Interaction
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import PRESCRIPTION
from wardkeep.care.opening import me
from wardkeep.care.permission import permission_of
from wardkeep.care.stored import Json
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import ROUTES, SCHEDULES, Item
from wardkeep.fhir.prescriptions.moving import NOBODY, begun
from wardkeep.fhir.prescriptions.prescription import (
    FREQUENCIES,
    Prescription,
    prescription_content,
)
from wardkeep.fhir.urgent.moving import Cannot
from wardkeep.fhir.urgent.queueing import Entry
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

REQUESTS = "prescription-"
"""Begins the dispositions that ask for a medicine and nothing else."""
_NOMINATED = "NominatedPharmacy"
"""Ends the address of UK Core's extension of a Patient."""


def is_asking(visit: Visit) -> bool:
    """Whether the button was pressed that asks what dose and days come to."""
    return visit.query("reckon") == "yes"


async def _request(visit: Visit, entry: str) -> Entry | Response | None:
    """The place in a queue that the form answers; None where there is none."""
    if not entry:
        return None
    found = await place_in_queue(visit, entry, visit.path("id"))
    return found if isinstance(found, Response) else found[0]


@page("/patients/{id}/prescriptions/new", gate=PRESCRIBERS)
async def show_form(visit: Visit) -> Response:
    return await _begin(visit, "")


@page("/patients/{id}/prescriptions/for/{entry}", gate=PRESCRIBERS)
async def show_form_for(visit: Visit) -> Response:
    """The same from a case that waits in a queue."""
    return await _begin(visit, visit.path("entry"))


async def _begin(visit: Visit, of: str) -> Response:
    opened = await open_here(visit)
    if isinstance(opened, Response):
        return opened
    entry = await _request(visit, of)
    if isinstance(entry, Response):
        return entry
    # Of a case there is one form, which is gone on with at an address of its own.
    keeping = await resume(
        visit,
        PRESCRIPTION,
        note=entry.id if entry else "",
        based_on=1 if entry else 0,
    )
    if isinstance(keeping, Response):
        return keeping
    begin = {"which": new_uuid(), "pharmacy": nominated(opened.patient)}
    return await _show(visit, opened, entry, Form(begin | keeping.values), keeping)


def nominated(patient: Json) -> str:
    """The pharmacy that the record or the national index names; empty: none."""
    for one in patient.get("extension") or []:
        if isinstance(one, dict) and str(one.get("url", "")).endswith(_NOMINATED):
            said = one.get("valueReference")
            node = said if isinstance(said, dict) else {}
            number = node.get("identifier")
            code = number.get("value", "") if isinstance(number, dict) else ""
            return " ".join(filter(None, (str(node.get("display", "")), str(code))))
    return ""


async def _show(
    visit: Visit,
    opened: Opened,
    entry: Entry | None,
    form: Form,
    keeping: Keeping,
    warnings: list[Interaction] | None = None,
) -> Response:
    items, problems = await formulary(visit), tuple(form.problems.values())
    permission = await permission_of(visit, entry.case) if entry else None
    return visit.render(
        "prescriptions/write.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=opened.banner,
        chart=opened.chart,
        taken=[one for one in opened.chart.medicines if one.is_current],
        entry=entry,
        closes=entry is not None and entry.code.startswith(REQUESTS),
        permission=permission,
        items=items,
        medicines=[("", "Choose a medicine"), *((it.id, _named(it)) for it in items)],
        routes=[("", "Choose a route"), *((c, it.words) for c, it in ROUTES.items())],
        often=[("", "Choose"), *((c, it.words) for c, it in FREQUENCIES.items())],
        keeping=keeping,
        typed=form.values,
        problems=problems,
        warnings=warnings or [],
        is_checked=bool(CHECKS),
        proposal=proposed(form, items),
        asked_proposal=is_asking(visit),
        longest=LONGEST,
    )


def _named(item: Item) -> str:
    """As it is chosen: name, in what a dose is counted, and that it is controlled."""
    said = f"{item.words} (dose in: {item.unit}; supplied in: {item.supplied})"
    if not item.schedule:
        return said
    return f"{said}. {SCHEDULES.get(item.schedule, 'Controlled drug')}"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A form, and what it is about."""

    form: Form
    which: str
    opened: Opened
    entry: Entry | None

    @property
    def id(self) -> str:
        return derived_uuid("prescription", self.opened.patient["id"], self.which)


async def _sent(visit: Visit, of: str) -> Sent | Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    opened = await open_here(visit)
    if isinstance(opened, Response):
        return opened
    entry = await _request(visit, of)
    if isinstance(entry, Response):
        return entry
    return Sent(form=form, which=which, opened=opened, entry=entry)


@page("/patients/{id}/prescriptions/new", gate=PRESCRIBERS, methods=("POST",))
async def write_prescription(visit: Visit) -> Response:
    return await _take(visit, "")


@page("/patients/{id}/prescriptions/for/{entry}", gate=PRESCRIBERS, methods=("POST",))
async def write_for(visit: Visit) -> Response:
    return await _take(visit, visit.path("entry"))


async def _take(visit: Visit, of: str) -> Response:
    sent = await _sent(visit, of)
    if isinstance(sent, Response):
        return sent
    if any(one.prescription.id == sent.id for one in sent.opened.kept):
        await finish(visit, sent.form)
        return visit.go_to(address_of(visit, sent.id, "already"))
    found: list[Interaction] = []
    # Whoever asks what it comes to has not said yet that they prescribe it.
    if not is_asking(visit):
        typed = read_typed(sent.form, await formulary(visit))
        found = _warned(sent, typed)
        if typed is not None and not sent.form.problems:
            done = await _write(visit, sent, typed)
            if done is not None:
                return done
    note = sent.entry.id if sent.entry else sent.which
    keeping = await go_on(
        visit, PRESCRIPTION, sent.form, note=note, built_on=1 if sent.entry else 0
    )
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, sent.opened, sent.entry, sent.form, keeping, found)


def _warned(sent: Sent, typed: Typed | None) -> list[Interaction]:
    """Warnings about what was typed, which have to be read."""
    if typed is None:
        return []
    codes = sent.opened.allergy_codes
    allergies = [
        KnownAllergy(one.words, codes.get(one.id, frozenset()))
        for one in sent.opened.chart.allergies
    ]
    found = warnings_about(typed.item, sent.opened.taken, allergies)
    read_confirmed(sent.form, found)
    return found


async def _write(visit: Visit, sent: Sent, typed: Typed) -> Response | None:
    """None where it cannot be, and the form says why."""
    form, entry = sent.form, sent.entry
    now, author = visit.clock.now(), await me(visit)
    if not author.reference:
        form.reject("medicine", wrong="You cannot prescribe yet", mend=NOBODY.why)
        return None
    one = begun(_prescription(visit, typed, sent.id, entry), now, author)
    changed: list[tuple[Json, int]] = [(prescription_content(one), 0)]
    if one.request:
        over = await _of_request(visit, one, author)
        if isinstance(over, Response):
            return over
        if isinstance(over, Cannot):
            form.reject("medicine", wrong="The request is not yours", mend=over.why)
            return None
        changed += over
    return await _done(visit, form, changed, one)


async def _done(
    visit: Visit, form: Form, changed: list[tuple[Json, int]], one: Prescription
) -> Response | None:
    done = await save(visit, changed, form)
    if isinstance(done, Response):
        return done
    if not done:
        form.reject(
            "medicine",
            wrong="Somebody changed the case just before, so nothing was saved",
            mend="Look at the case in the queue, then save this again.",
        )
        return None
    await finish(visit, form)
    return visit.go_to(address_of(visit, one.id, "written"))


async def _of_request(
    visit: Visit, one: Prescription, by: Person
) -> Written | Cannot | Response:
    """The request ends with it; a controlled drug's waits for the second person."""
    now = visit.clock.now()
    if one.is_controlled:
        words = f"Two people sign: {one.medicine}"
        return await awaiting(
            visit, one.request, one.patient, by=by, words=words, now=now
        )
    words = f"Prescribed: {one.words}"
    return await closing(visit, one.request, one.patient, by=by, words=words, now=now)


def _prescription(
    visit: Visit, typed: Typed, id_: str, entry: Entry | None
) -> Prescription:
    item = typed.item
    of_case: dict[str, Any] = {}
    if entry is not None:
        is_request = entry.code.startswith(REQUESTS)
        of_case = {"case": entry.case, "request": entry.id if is_request else ""}
    return Prescription(
        id=id_,
        patient=visit.path("id"),
        medicine=item.words,
        code=item.code,
        schedule=item.schedule,
        dose=typed.dose,
        unit=item.unit,
        route=typed.route,
        often=typed.often,
        days=typed.days,
        quantity=typed.quantity,
        supplied=item.supplied,
        why=typed.why,
        more=typed.more,
        pharmacy=typed.pharmacy,
        number=typed.number,
        **of_case,
    )
