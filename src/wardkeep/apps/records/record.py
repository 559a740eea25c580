# SPDX-License-Identifier: Apache-2.0
"""The record: asked for at the door, and the reason where nothing explains it.

Done means: from a name to the chart in two steps, three where a reason is due, with the
entry of the opening on the page. Rejected: a reason for every opening (people type a
dot; Buenos Aires saw the quickest one picked), and a reason kept in the address (it
would be in histories and logs).
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.records.frame import Frame, open_parts, read_all, render_section
from wardkeep.apps.records.seen import MARK, reports_of, unseen_of
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.care.depots import beside, depots_in
from wardkeep.care.due import due_in
from wardkeep.care.observations import news2_chart, news2_latest, trends
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import opener_of
from wardkeep.care.unfinished import Unfinished, unfinished_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.ways_in import AskWayIn, WayInStanding
from wardkeep.fhir.referrals.clocks import NO_STANDARD, wait_of
from wardkeep.fhir.store.outcomes import NotFound, Opener
from wardkeep.fhir.store.parts import Part
from wardkeep.fhir.work.referral import read_referral
from wardkeep.fhir.work.referral_steps import OPEN, WAITING
from wardkeep.ui.charts.news2 import draw_news2
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

REASON_PURPOSES = (
    (Purpose.DIRECT_CARE.value, "Direct care"),
    (Purpose.SAFEGUARDING.value, "Safeguarding"),
    (Purpose.PATIENT_REQUEST.value, "The patient asked"),
)
LONGEST_REASON = 200
VISITORS = frozenset(
    {
        "carer",
        "community_coordinator",
        "crisis_worker",
        "hospice_nurse",
        "urgent_care_clinician",
    }
)
"""Roles that visit homes; held equal to the warden's by a test."""
_TIMELINE_LINES, _DOCUMENTS, _RESULTS = 15, 8, 12
SUMMARY = (
    Part(types=("Condition", "MedicationRequest", "MedicationStatement"), at_most=400),
    Part(types=("Observation",), at_most=200),
    Part(types=("DiagnosticReport",), at_most=80),
    Part(
        types=(
            *("Encounter", "Procedure", "Immunization", "Appointment"),
            *("Composition", "QuestionnaireResponse"),
        ),
        at_most=_TIMELINE_LINES,
    ),
    Part(types=("DocumentReference",), at_most=_DOCUMENTS),
    Part(types=(MARK,), at_most=160),
    Part(types=("ServiceRequest",), at_most=80),
)
"""What the summary shows of a record, however long it is.

Marks and orders are parts of their own: they are newer than reports, and many of them
would push out a report that nobody has looked at.
"""
_REPORTS, _MARKS, _ORDERS = 2, 5, 6
"""Places among these."""


class OpenReferral(msgspec.Struct, frozen=True):
    """A team that has the patient on its list, and how long they have waited."""

    id: str
    to: str
    waited: str
    """Empty: they were seen."""


@page("/patients/{id}", gate=Gate.SIGNED_IN)
async def open_record(visit: Visit) -> Response:
    return await _open(visit, opener_of(visit), form=None)


@page("/patients/{id}", gate=Gate.SIGNED_IN, methods=("POST",))
async def give_reason(visit: Visit) -> Response:
    """The reason as typed; the record follows, and the address stays clean."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    purpose = form.choice(
        "purpose", called="a purpose", among=tuple(p for p, _ in REASON_PURPOSES)
    )
    reason = form.text("reason", called="the reason", at_most=LONGEST_REASON)
    if form.problems:
        return _ask_reason(visit, form)
    opener = opener_of(visit, purpose=Purpose(purpose), reason=reason)
    return await _open(visit, opener, form=form)


async def _open(visit: Visit, opener: Opener, *, form: Form | None) -> Response:
    frame = await open_parts(visit, *SUMMARY, opener=opener)
    if isinstance(frame, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(frame, Refusal):
        return _refused(visit, frame, form)
    if form is not None:
        return visit.go_to(f"/patients/{visit.path('id')}")
    is_way_in_open = await _is_way_in_open(visit)
    unfinished = await _unfinished(visit)
    return _show(visit, frame, is_way_in_open=is_way_in_open, unfinished=unfinished)


async def _unfinished(visit: Visit) -> list[Unfinished]:
    """Who has begun something about this person, for those who write here too."""
    if not WRITERS.admits(visit.session.role):
        return []
    return await unfinished_of(visit, visit.path("id"))


async def _is_way_in_open(visit: Visit) -> bool:
    """Whether one's own visit opens the way into this home now."""
    if visit.session.role not in VISITORS:
        return False
    asked = AskWayIn(visit.token, visit.path("id"))
    standing = await visit.warden.ask(asked, WayInStanding)
    return isinstance(standing, WayInStanding) and standing.is_open


def _refused(visit: Visit, refusal: Refusal, form: Form | None) -> Response:
    if not refusal.needs_reason:
        return visit.refuse(refusal, form)
    asked = form or Form({})
    if form is not None:
        asked.reject("reason", wrong=refusal.why.rstrip("."), mend=refusal.mend)
    return _ask_reason(visit, asked)


def _ask_reason(visit: Visit, form: Form) -> Response:
    return visit.render(
        "records/reason.html",
        status=422 if form.problems else 200,
        id=visit.path("id"),
        purposes=REASON_PURPOSES,
        chosen=form.values.get("purpose", Purpose.DIRECT_CARE.value),
        reason=form.values.get("reason", ""),
        problems=tuple(form.problems.values()),
    )


def _show(
    visit: Visit,
    frame: Frame,
    *,
    is_way_in_open: bool,
    unfinished: Sequence[Unfinished],
) -> Response:
    chart = frame.chart
    depots = depots_in(frame.parts[0], visit.today)
    looked_at = [*frame.parts[_REPORTS], *frame.parts[_MARKS]]
    observations = news2_chart(chart)
    return render_section(
        visit,
        "records/record.html",
        frame,
        section="",
        is_way_in_open=is_way_in_open,
        unfinished=unfinished,
        news2=draw_news2(observations) if observations else None,
        news2_table=observations,
        news2_latest=news2_latest(chart),
        trends=trends(chart.series)[:_RESULTS],
        unseen=unseen_of(reports_of(looked_at), visit.clock.now()),
        due=due_in(read_all(frame.parts[_ORDERS])),
        referrals=_open_referrals(visit, frame),
        depots=depots,
        medicines=beside(chart.medicines, depots),
        now=microseconds_since_epoch(visit.clock.now()),
        documents=chart.documents[:_DOCUMENTS],
        timeline=chart.timeline[:_TIMELINE_LINES],
        is_more_problems=frame.is_more[0],
    )


def _open_referrals(visit: Visit, frame: Frame) -> list[OpenReferral]:
    """Open referrals among the orders, the oldest first."""
    today = visit.today
    found = []
    for one in frame.parts[_ORDERS]:
        said = read_referral(content_of(one.text))
        if said is None or said.state not in OPEN:
            continue
        days = None
        if said.state in WAITING and said.received is not None:
            days = wait_of(
                NO_STANDARD, received=said.received, stopped=None, today=today
            ).words
        found.append(OpenReferral(one.id, said.team.words, days or ""))
    return found[::-1]
