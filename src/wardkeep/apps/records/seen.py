# SPDX-License-Identifier: Apache-2.0
"""Results that somebody has looked at, and those that nobody has.

FHIR has no mark for it. What says so is a ClinicalImpression, somebody's judgement with
what they looked at (https://hl7.org/fhir/R4/clinicalimpression.html), of that version
of the report, and named after it: pressed twice it is there once, and a report that was
amended has to be looked at again. Rejected: a word in the report, whose author is the
laboratory; a Task or a Provenance, which belong to no patient in FHIR R4, so that the
organisation's key would seal them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id
from wardkeep.care import reading
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import author_of, opener_of
from wardkeep.care.seen_results import seen_id
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change, Removal
from wardkeep.fhir.store.outcomes import Conflict, NotFound, OpenedResource, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.standings import REPORT_DAYS
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_FINAL = ("final", "amended", "corrected", "appended")
_LONGEST = 64
MARK = "ClinicalImpression"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report with who has looked at it."""

    id: str
    version: int
    words: str
    when: str
    conclusion: str
    is_amended: bool
    seen_by: str = ""
    """Empty: nobody has."""
    seen_at: str = ""


def reports_of(resources: Sequence[OpenedResource]) -> list[Report]:
    """Every final report among these, with who has looked at it."""
    read = {
        (one.type, one.id): reading.read(one.type, one.id, one.text)
        for one in resources
        if one.type in ("DiagnosticReport", MARK)
    }
    found = []
    for one in resources:
        report = read.get((one.type, one.id))
        if not isinstance(report, reading.DiagnosticReport):
            continue
        if report.status in _FINAL:
            mark = read.get((MARK, seen_id(one.id, one.version)))
            found.append(_report(report, one, mark))
    return found


def _report(
    report: reading.DiagnosticReport, of: OpenedResource, mark: object
) -> Report:
    seen = mark if isinstance(mark, reading.ClinicalImpression) else None
    return Report(
        id=of.id,
        version=of.version,
        words=report.code.words,
        when=report.effective_date_time or report.issued,
        conclusion=report.conclusion,
        is_amended=report.status != "final",
        seen_by="" if seen is None else seen.assessor.display or "Somebody",
        seen_at="" if seen is None else seen.date,
    )


def unseen_of(reports: Sequence[Report], now: datetime) -> list[Report]:
    """Those of the last month that nobody marked; older ones wait for nobody."""
    since = (now - timedelta(days=REPORT_DAYS)).date().isoformat()
    return [one for one in reports if not one.seen_by and one.when >= since]


@page("/patients/{id}/results/seen", gate=WRITERS, methods=("POST",))
async def mark_seen(visit: Visit) -> Response:
    """This version of a report was looked at, by whoever is signed in."""
    named = await _named(visit)
    if not isinstance(named, tuple):
        return named
    report, version = named
    opened = await visit.services[Reader].one(
        "DiagnosticReport", report, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    # The mark is named after the report: somebody else's would be taken for seen.
    if isinstance(opened, NotFound) or opened.resources[0].patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    patient, id_ = visit.path("id"), seen_id(report, version)
    now = visit.clock.now().astimezone(UTC).isoformat(timespec="seconds")
    author = await author_of(visit)
    mark: dict[str, object] = {
        "resourceType": MARK,
        "id": id_,
        "status": "completed",
        "description": "Result looked at",
        "subject": {"reference": f"Patient/{patient}"},
        "date": now,
        "assessor": author,
        "investigation": [
            {
                "code": {"text": "Result looked at"},
                "item": [{"reference": f"DiagnosticReport/{report}"}],
            }
        ],
    }
    change = Change(drafts=[drafted(mark)], expected=[MUST_NOT_EXIST])
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if isinstance(written, Conflict):
        # Somebody has: also this button, pressed twice; or it was taken back before.
        again = Change(drafts=[drafted(mark)], expected=[None])
        written = await visit.services[Writer].write(again, opener=opener_of(visit))
    if not isinstance(written, Written):
        return visit.tell(NOT_FOUND)
    return visit.go_to(f"/patients/{patient}/results?seen={report}&version={version}")


@page("/patients/{id}/results/unseen", gate=WRITERS, methods=("POST",))
async def take_back_seen(visit: Visit) -> Response:
    named = await _named(visit)
    if not isinstance(named, tuple):
        return named
    gone = Removal(type=MARK, id=seen_id(*named))
    written = await visit.services[Writer].write(
        Change(removals=[gone]), opener=opener_of(visit)
    )
    if isinstance(written, Refusal):
        return visit.refuse(written)
    return visit.go_to(f"/patients/{visit.path('id')}/results")


async def _named(visit: Visit) -> tuple[str, int] | Response:
    """The report and its version that a button was drawn beside."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    report = form.text("report", called="the report", at_most=_LONGEST)
    version = form.whole_number("version", called="version", least=1, most=1_000_000)
    if version is None or not is_fhir_id(report):
        return visit.tell(NOT_FOUND)
    return report, version
