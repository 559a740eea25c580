# SPDX-License-Identifier: Apache-2.0
"""How long records are kept at least, by kind.

Source: NHS England, Records Management Code of Practice, retention schedule (adult
health records; children's records; clinical diaries; financial records). An
organisation may keep longer, or hold everything for an inquiry; never less long.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

MOST_YEARS = 200
CHILDREN_UNTIL_YEARS = 25
"""A child's record is kept until this birthday, whatever its last contact was."""
_LEAP_DAY = (2, 29)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept for how long, and from when."""

    name: str
    least_years: int
    types: Mapping[int, str] = {}
    """FHIR types by the numbers that rows carry; none: a person's whole record."""


HEALTH_RECORD = Rule(name="health-record", least_years=8)
"""From the last thing that was written or happened in it."""
DIARIES = Rule(
    name="diaries",
    least_years=2,
    types={
        5: "Appointment",
        6: "AppointmentResponse",
        122: "Schedule",
        125: "Slot",
    },
)
MONEY = Rule(
    name="money",
    least_years=6,
    types={
        1: "Account",
        17: "ChargeItem",
        19: "Claim",
        20: "ClaimResponse",
        32: "CoverageEligibilityRequest",
        33: "CoverageEligibilityResponse",
        46: "EnrollmentRequest",
        47: "EnrollmentResponse",
        53: "ExplanationOfBenefit",
        67: "Invoice",
        104: "PaymentNotice",
        105: "PaymentReconciliation",
    },
)
RULES = {one.name: one for one in (HEALTH_RECORD, DIARIES, MONEY)}


def years_before(moment: datetime, years: int) -> datetime:
    """The same day so many years earlier; 28 February for a leap day."""
    day = 28 if (moment.month, moment.day) == _LEAP_DAY else moment.day
    return moment.replace(year=moment.year - years, day=day)
