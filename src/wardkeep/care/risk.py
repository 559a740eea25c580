# SPDX-License-Identifier: Apache-2.0
"""Whether somebody's risk was written down, and whether it is to be looked at again.

There is no level of risk to show: scales meant to predict suicide or self-harm do not
decide on care (NICE NG225, record 36), so lists say when it was written, and the words
are one press away. The day of review lies in the open as a ServiceRequest with a fixed
id (`due.py` says why), written with each version of the risk assessment.
"""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.care.due import SYSTEM, due_id
from wardkeep.fhir.plans.kinds import RISK
from wardkeep.fhir.plans.plan import Plan, id_of
from wardkeep.fhir.store.standings import Marks

REVIEW = "risk-review"
WORDS = "Risk to be looked at again"


class RiskMark(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of it; days as FHIR dates."""

    written: str = ""
    """Empty: nobody has written one."""
    review: str = ""
    """Empty: not known, as of one that was written before days of review were kept."""
    is_late: bool = False


def review_request(patient: str, plan: Plan, *, now: datetime) -> dict[str, object]:
    """The resource that says when; over where the assessment was entered in error."""
    return {
        "resourceType": "ServiceRequest",
        "id": due_id(patient, REVIEW),
        "status": "revoked" if plan.is_withdrawn else "active",
        "intent": "plan",
        "code": {
            "coding": [{"system": SYSTEM, "code": REVIEW, "display": WORDS}],
            "text": WORDS,
        },
        "subject": {"reference": f"Patient/{patient}"},
        "occurrenceDateTime": plan.review.isoformat(),
        "authoredOn": now.isoformat(timespec="seconds"),
        # Named by words alone: an order of somebody's would explain their openings.
        "requester": {"display": plan.author.words},
    }


def risks_wanted(patients: Iterable[str]) -> list[tuple[str, str]]:
    """Patient and id of what says so."""
    return [
        (one, id_)
        for one in patients
        for id_ in (due_id(one, REVIEW), id_of(RISK, one))
    ]


def risk_of(patient: str, marks: Marks, today: date) -> RiskMark:
    """Told by rows' times alone."""
    written = marks.at.get(id_of(RISK, patient))
    asked, review = due_id(patient, REVIEW), None
    if asked in marks.there:
        review = marks.due.get(asked)
        written = written if review is not None else None
    if written is None:
        return RiskMark()
    return RiskMark(
        written=written.astimezone(LONDON).date().isoformat(),
        review="" if review is None else review.date().isoformat(),
        is_late=review is not None and review.date() < today,
    )
