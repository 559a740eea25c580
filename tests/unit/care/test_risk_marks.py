# SPDX-License-Identifier: Apache-2.0
"""What a list says of risk: whether it is written, and when to look at it again."""

from datetime import UTC, date, datetime

from wardkeep.care.due import due_id
from wardkeep.care.risk import (
    REVIEW,
    RiskMark,
    review_request,
    risk_of,
    risks_wanted,
)
from wardkeep.care.writing import drafted
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.plans.kinds import RISK
from wardkeep.fhir.plans.plan import Plan, id_of
from wardkeep.fhir.store.standings import Marks
from wardkeep.fhir.validation import check

WRITTEN = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
"""After midnight in London."""
DAY = date(2026, 12, 1)
PLAN, ASKED = id_of(RISK, "p"), due_id("p", REVIEW)
MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)


def marks(*there: str, is_open: bool = True) -> Marks:
    at = {PLAN: WRITTEN, ASKED: MIDNIGHT}
    return Marks(
        {ASKED: MIDNIGHT} if is_open and ASKED in there else {},
        frozenset(there),
        {one: at[one] for one in there},
    )


def test_nothing_is_written_and_nothing_is_late() -> None:
    assert risk_of("p", marks(), DAY) == RiskMark()
    assert risks_wanted(["p"]) == [("p", ASKED), ("p", PLAN)]


def test_it_is_late_from_the_day_after_the_one_of_review() -> None:
    both = marks(PLAN, ASKED)
    expected = RiskMark(written="2026-06-02", review="2026-12-01")
    assert risk_of("p", both, DAY) == expected
    assert risk_of("p", both, date(2026, 12, 2)).is_late


def test_one_of_before_days_of_review_were_kept_says_when_it_was_written() -> None:
    assert risk_of("p", marks(PLAN), DAY) == RiskMark(written="2026-06-02")


def test_one_that_was_entered_in_error_is_none() -> None:
    assert risk_of("p", marks(PLAN, ASKED, is_open=False), DAY) == RiskMark()


def test_the_request_is_over_where_the_assessment_was_wrong() -> None:
    for is_withdrawn, status in ((False, "active"), (True, "revoked")):
        plan = Plan(
            sections={},
            agreed="them",
            review=DAY,
            author=Person("Practitioner/x", "Ona Reed"),
            is_withdrawn=is_withdrawn,
        )
        made = drafted(review_request("p", plan, now=WRITTEN)).resource
        assert made.content["status"] == status
        assert made.content["occurrenceDateTime"] == "2026-12-01"
        assert made.content["requester"] == {"display": "Ona Reed"}
        assert check(made) == ()
