# SPDX-License-Identifier: Apache-2.0
"""The print page: a record, or a part of it, laid out for A4.

Done means: one tap from the chart, at 4 a.m. too, and out of the printer come sheets
that each say whose they are, who printed them when, and under which entry. Rejected: a
PDF made by us (a browser prints as well, and a PDF is a file that stays), and a page to
choose parts first (a tap more for everybody: the parts are one tap away on the sheet).
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.copies.paper import paper_of
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.plans.kinds import KINDS as PLANS
from wardkeep.fhir.plans.plan import id_of
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.taking_out import RecordTaker, TakenOut, TakeOut
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

_ALWAYS = ("alerts", "allergies")
_MEDICINES = ("MedicationRequest", "MedicationStatement")
_BESIDE = ("AllergyIntolerance", "Flag")
"""On every sheet of a record: who reads a part must not miss them."""
PLAN = "plan"
_NO_MORE_PAPER = ("prints-spent", "too-heavy")


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """What may be printed by itself."""

    title: str
    sections: tuple[str, ...]
    types: tuple[str, ...]
    is_latest_only: bool = False


PARTS = {
    "summary": Printed(
        title="Summary",
        sections=(*_ALWAYS, "problems", "depots", "medicines", "results"),
        types=(*_BESIDE, "Condition", *_MEDICINES, "Observation"),
        is_latest_only=True,
    ),
    "medicines": Printed(
        title="Medicines",
        sections=(*_ALWAYS, "depots", "medicines", "doses"),
        types=(*_BESIDE, *_MEDICINES),
    ),
    "results": Printed(
        title="Results",
        sections=(*_ALWAYS, "results", "reports"),
        types=(*_BESIDE, "Condition", "Observation", "DiagnosticReport"),
    ),
    "assessments": Printed(
        title="Assessments",
        sections=(*_ALWAYS, "assessments"),
        types=(*_BESIDE, "QuestionnaireResponse"),
    ),
    "whole": Printed(
        title="Whole record",
        sections=(
            *(*_ALWAYS, "problems", "depots", "medicines", "doses", "results"),
            *("reports", "visits", "plans", "assessments", "documents"),
        ),
        types=(
            *(*_BESIDE, "Condition", *_MEDICINES, "Observation", "DiagnosticReport"),
            *("Encounter", "Procedure", "Immunization", "Appointment"),
            *("CarePlan", "Goal", "RiskAssessment", "QuestionnaireResponse"),
            "DocumentReference",
        ),
    ),
}
ALONE = {
    "document": Printed(title="Document", sections=(), types=("DocumentReference",)),
    "assessment": Printed(
        title="Assessment", sections=("assessments",), types=("QuestionnaireResponse",)
    ),
    "talk": Printed(title="Agreement", sections=(), types=("Goal",)),
}
"""What is printed by itself, by the name of the query that names it."""


@page("/patients/{id}/print", gate=WRITERS)
async def print_record(visit: Visit) -> Response:
    part = visit.query("part") or "summary"
    alone = _alone(visit)
    if part not in PARTS or (alone is not None and not is_fhir_id(alone[1])):
        return visit.tell(NOT_FOUND)
    printed, only = alone or (PARTS[part], "")
    asked = TakeOut(
        patient=visit.path("id"),
        action=Action.PRINT,
        types=frozenset(printed.types),
        only=only,
    )
    taken = await visit.services[RecordTaker].take(asked, opener=opener_of(visit))
    if isinstance(taken, Refusal):
        # Without a reason given for this patient, the record is where to give it.
        at_record = visit.go_to(f"/patients/{asked.patient}")
        return at_record if taken.needs_reason else _refuse(visit, taken)
    if isinstance(taken, NotFound) or not _has(taken, only):
        return visit.tell(NOT_FOUND)
    return _show(visit, taken, printed, chosen="" if only else part)


def _alone(visit: Visit) -> tuple[Printed, str] | None:
    """What is printed by itself, and its id: a document, an assessment, or a plan.

    A plan, or what was agreed, is handed to the person it is about, so nothing else
    stands on its sheet.
    """
    for name, printed in ALONE.items():
        if visit.query(name):
            return printed, visit.query(name)
    kind = PLANS.get(visit.query(PLAN))
    if kind is None:
        return None
    printed = Printed(title=kind.title, sections=(), types=(kind.type,))
    return printed, id_of(kind, visit.path("id"))


def _has(taken: TakenOut, only: str) -> bool:
    """Whether what was asked for by itself is there, and not the person alone."""
    return not only or any(one.id == only for one in taken.opened.resources)


def _refuse(visit: Visit, refused: Refusal) -> Response:
    if refused.code not in _NO_MORE_PAPER:
        return visit.refuse(refused)
    return visit.render(
        "copies/refused.html", status=403, id=visit.path("id"), refused=refused
    )


def _show(visit: Visit, taken: TakenOut, printed: Printed, *, chosen: str) -> Response:
    opened = taken.opened
    return visit.render(
        "copies/paper.html",
        id=visit.path("id"),
        paper=paper_of(
            opened.resources,
            sections=printed.sections,
            today=visit.today,
            is_latest_only=printed.is_latest_only,
            has_letters=not chosen,
        ),
        printed=printed,
        parts=PARTS,
        chosen=chosen,
        opened=opened,
        sealed=taken.stays.sealed,
    )
