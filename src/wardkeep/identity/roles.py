# SPDX-License-Identifier: Apache-2.0
"""Roles: what each kind of work may open, and for which purposes.

The list follows the published rates of record opening (docs/decisions/0007); budgets
by role come with containment. A role that is not named here opens nothing.
"""

import enum
from collections.abc import Mapping

import msgspec

BANNER, RECORD, SEALED = "banner", "record", "sealed"
PURPOSES = frozenset(
    {
        "direct-care",
        "administration",
        "safeguarding",
        "patient-request",
        "audit",
        "import",
    }
)
"""Held equal to wardkeep.disclosure.purpose.Purpose by a test."""

_CARE = frozenset({"direct-care", "safeguarding", "patient-request"})
_DESK = frozenset({"direct-care", "administration", "patient-request"})
_NOTHING: frozenset[str] = frozenset()


class Rights(msgspec.Struct, frozen=True):
    """What a role reaches."""

    title: str
    tiers: frozenset[str]
    purposes: frozenset[str]


def _clinical(title: str, *, is_sealed_open: bool = False) -> Rights:
    tiers = {BANNER, RECORD, SEALED} if is_sealed_open else {BANNER, RECORD}
    return Rights(title, frozenset(tiers), _CARE)


class Role(enum.Enum):
    """The kinds of work."""

    HEALTH_ADVISOR = "health_advisor"
    URGENT_CARE_CLINICIAN = "urgent_care_clinician"
    SHIFT_LEAD = "shift_lead"
    RECEPTIONIST = "receptionist"
    COMMUNITY_COORDINATOR = "community_coordinator"
    CRISIS_WORKER = "crisis_worker"
    WARD_NURSE = "ward_nurse"
    DOCTOR = "doctor"
    CARER = "carer"
    CARE_COORDINATOR = "care_coordinator"
    HOSPICE_NURSE = "hospice_nurse"
    FINANCE_CLERK = "finance_clerk"
    PRIVACY_OFFICER = "privacy_officer"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"
    IMPORTER = "importer"
    OPERATOR = "operator"

    @property
    def title(self) -> str:
        return _RIGHTS[self].title

    @property
    def tiers(self) -> frozenset[str]:
        return _RIGHTS[self].tiers

    @property
    def purposes(self) -> frozenset[str]:
        return _RIGHTS[self].purposes


_RIGHTS: Mapping[Role, Rights] = {
    Role.HEALTH_ADVISOR: _clinical("Health advisor"),
    Role.URGENT_CARE_CLINICIAN: _clinical("Urgent care clinician"),
    Role.SHIFT_LEAD: _clinical("Shift lead"),
    Role.RECEPTIONIST: Rights("Receptionist", frozenset({BANNER}), _DESK),
    Role.COMMUNITY_COORDINATOR: _clinical("Community care coordinator"),
    Role.CRISIS_WORKER: _clinical("Crisis worker"),
    Role.WARD_NURSE: _clinical("Ward nurse"),
    Role.DOCTOR: _clinical("Doctor"),
    Role.CARER: _clinical("Carer"),
    Role.CARE_COORDINATOR: _clinical("Care coordinator"),
    Role.HOSPICE_NURSE: _clinical("Hospice nurse"),
    Role.FINANCE_CLERK: Rights("Finance clerk", _NOTHING, _NOTHING),
    Role.PRIVACY_OFFICER: Rights(
        "Privacy officer", frozenset({BANNER}), frozenset({"audit", "patient-request"})
    ),
    Role.ADMINISTRATOR: Rights(
        "Administrator", _NOTHING, frozenset({"administration"})
    ),
    Role.SERVICE: Rights("Service", frozenset({BANNER, RECORD}), _CARE),
    Role.IMPORTER: Rights("Importer", _NOTHING, frozenset({"import"})),
    Role.OPERATOR: Rights("Operator", _NOTHING, _NOTHING),
}

PEOPLE = tuple(
    role for role in Role if role not in (Role.SERVICE, Role.IMPORTER, Role.OPERATOR)
)
"""Roles that a person can be invited to."""


def role_named(word: str) -> Role | None:
    """The role that a person may be given; None for any other word."""
    return next((role for role in PEOPLE if role.value == word), None)
