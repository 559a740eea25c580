# SPDX-License-Identifier: Apache-2.0
"""A patient's prescriptions, one of them with its history, and the formulary."""

from starlette.responses import Response

from wardkeep.apps.prescriptions.lifting import SAID as LIFTED, liftings
from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    PRESCRIBERS,
    Kept,
    Opened,
    find,
    open_here,
    stock_line,
)
from wardkeep.apps.prescriptions.returning import is_seen_back
from wardkeep.care.formulary import formulary
from wardkeep.care.of_patient import READERS
from wardkeep.care.opening import me
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import ROUTES, SCHEDULES
from wardkeep.fhir.prescriptions.moving import cannot
from wardkeep.fhir.prescriptions.prescription import (
    CANCELLED,
    CHECKED,
    GIVEN,
    KINDS,
    PRINTED,
    RETURNING,
    SIGNED,
    UNDONE,
    WRITTEN,
    Prescription,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

DID = {
    WRITTEN: "Written",
    SIGNED: "Signed for by its prescriber",
    CHECKED: "Checked by a second person",
    PRINTED: "Printed",
    GIVEN: "Given at base",
    CANCELLED: "Cancelled",
    UNDONE: "Taken back: what was done before",
    RETURNING: "Said to be not given after all: a second person looks",
}
SAID = {
    "written": ("The prescription is saved.", True),
    "already": ("It was saved already, and is there once.", True),
    SIGNED: ("Your signature is in the record. A second person checks it now.", True),
    CHECKED: ("The check is in the record. It can be printed or given now.", True),
    GIVEN: ("It is written down as given.", True),
    CANCELLED: ("It is cancelled. Destroy what was printed of it.", True),
    UNDONE: ("It is as it was before.", True),
    RETURNING: (
        (
            "It is written down. Until a colleague has opened this page, looked, and"
            " signed, record and register say that it was given."
        ),
        True,
    ),
    "not-signed": (
        "Nothing was done: sign first that the packet is back where it is kept.",
        False,
    ),
    "changed": (
        (
            "Somebody changed it just before you pressed, so nothing was done. This is"
            " how it stands now."
        ),
        False,
    ),
}


def state_of(one: Prescription) -> tuple[str, str]:
    """In words, and the colour of its tag."""
    if one.is_cancelled:
        return "Cancelled", "grey"
    if one.last(GIVEN):
        return "Given at base", "green"
    if one.is_ready:
        return ("Printed", "green") if one.prints else ("Not printed yet", "blue")
    if one.signs(SIGNED):
        return "Waits for a second person’s check", "orange"
    return "Waits for its prescriber’s signature", "orange"


def acts_of(one: Prescription, who: Person, visit: Visit) -> frozenset[str]:
    """What the visitor may do with it now."""
    if not CHECKERS.admits(visit.session.role):
        return frozenset()
    now = visit.clock.now()
    may = {kind for kind in KINDS if cannot(one, kind, who, now) is None}
    # Whoever may not prescribe signs for no prescription of their own.
    if not PRESCRIBERS.admits(visit.session.role):
        may -= {SIGNED}
    return frozenset(may - {WRITTEN})


@page("/patients/{id}/prescriptions", gate=READERS)
async def show_prescriptions(visit: Visit) -> Response:
    opened = await open_here(visit)
    if isinstance(opened, Response):
        return opened
    return visit.render(
        "prescriptions/of_patient.html",
        id=visit.path("id"),
        banner=opened.banner,
        lines=[(one.prescription, state_of(one.prescription)) for one in opened.kept],
        may_write=PRESCRIBERS.admits(visit.session.role),
    )


@page("/patients/{id}/prescriptions/{rx}", gate=READERS)
async def show_prescription(visit: Visit) -> Response:
    found = await find(visit)
    if isinstance(found, Response):
        return found
    return await show_one(visit, *found, Form({}))


async def show_one(visit: Visit, opened: Opened, kept: Kept, form: Form) -> Response:
    """It; with what was typed where something was wrong with it."""
    one, who = kept.prescription, await me(visit)
    problems = tuple(form.problems.values())
    given, acts = one.last(GIVEN), acts_of(one, who, visit)
    returning = one.steps[-1] if one.steps[-1].kind == RETURNING else None
    may_witness = returning is not None and UNDONE in acts
    return visit.render(
        "prescriptions/prescription.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=opened.banner,
        one=one,
        version=kept.version,
        state=state_of(one),
        schedule=SCHEDULES.get(one.schedule, "Controlled drug" if one.schedule else ""),
        acts=acts,
        returning=returning,
        may_witness=may_witness,
        is_seen_back=may_witness and await is_seen_back(visit, opened, kept),
        is_own=who.reference == one.written.by.reference,
        packet=opened.packets.get(given.about) if given else None,
        did=[(DID[it.kind], it) for it in reversed(one.steps)],
        word=form.values.get("word", ""),
        problems=problems,
        is_held=await stock_line(visit, one) is not None,
        is_signed=visit.query("said") == "passkey",
        said=SAID.get(visit.query("said")),
    )


@page("/formulary", gate=CHECKERS)
async def show_formulary(visit: Visit) -> Response:
    """What the organisation loaded, to be looked at."""
    return visit.render(
        "prescriptions/formulary.html",
        items=await formulary(visit),
        liftings=await liftings(visit),
        account=visit.session.account,
        is_signed=visit.query("said") == "passkey",
        schedules=SCHEDULES,
        routes=ROUTES,
        said=LIFTED.get(visit.query("said")),
    )
