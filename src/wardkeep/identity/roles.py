# SPDX-License-Identifier: Apache-2.0
"""Roles: what each kind of work may open, and for which purposes.

The list and its budgets follow the published rates of record opening
(docs/decisions/0007, 0011). A role that is not named here opens nothing.
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
        "support",
        "national-return",
    }
)
"""Held equal to wardkeep.disclosure.purpose.Purpose by a test."""

_CARE = frozenset({"direct-care", "safeguarding", "patient-request"})
_DESK = frozenset({"direct-care", "administration", "patient-request"})
_NOTHING: frozenset[str] = frozenset()
REACH = 25
"""Other patients opened or shown in lists between two touches (PRODUCT, P1)."""


class Budget(msgspec.Struct, frozen=True):
    """Different patients in 24 hours besides those whom the work itself explains."""

    soft: int = 0
    """From here on somebody looks at it."""
    hard: int = 0
    """Here it stops, until a second person releases it."""
    expected: int = 0
    """Different patients whom the work explains; beyond, it explains nobody."""
    reach: int = REACH
    """Others between two touches of the passkey."""
    prints: int = 0
    """Different patients in 24 hours whose record is printed, expected or not."""
    copies: int = 0
    """The same of copies of a record."""

    def within(self, other: "Budget") -> "Budget":
        """The tighter of both, number by number."""
        return Budget(
            soft=min(self.soft, other.soft),
            hard=min(self.hard, other.hard),
            expected=min(self.expected, other.expected),
            reach=min(self.reach, other.reach),
            prints=min(self.prints, other.prints),
            copies=min(self.copies, other.copies),
        )


class Rights(msgspec.Struct, frozen=True):
    """What a role reaches."""

    title: str
    tiers: frozenset[str]
    purposes: frozenset[str]
    budget: Budget = Budget()
    own_work: int = 0
    """Different patients in 24 hours, of those whom work explains, whom only work
    explains that the account wrote for itself. Beyond, they say why."""
    homes: int = 0
    """Different homes whose way in it may be given in 24 hours; 0: it visits none."""
    may_seal: bool = False
    """Whether it sets ways into homes, and other things that are sealed."""
    sheets: int = 0
    """Different patients in 24 hours, beyond `prints`, of whom a sheet without a record
    is printed: who they are, and their allergies. Only whom others' work explains."""
    sendings: int = 0
    """Different patients in 24 hours of whom more goes along with a referral by message
    than whom it is about; 0: nothing does."""
    own_today: int = 0
    """As `own_work`, with work that began within the last day; 0: no more than that."""


OWN_WORK = 5
"""Whom people of most roles take on by themselves; a call taker's calls and a desk's
bookings are all written by themselves."""
CALLS_A_DAY = 70
"""As many as a health advisor's hard budget has: whoever rings is a stranger until the
call is written, and counts as one. Each call has two records, for it begins in one that
is held for nobody. A call explains for two weeks, so those of other days are fewer:
whoever stole a session would have a fortnight's callers."""
SHEETS_A_SHIFT = 20
"""With ten prints, as many as an urgent care clinician meets on the longest published
shift, 20 to 30 (domain.md, F.4): each of them may leave with a prescription."""
SENT_BY_TAKER, SENT_BY_CLINICIAN = 45, 30
"""As many as a call taker has calls on a long shift, and as a clinician meets on the
longest published one (domain.md, F.4): each of them may be referred by message."""
HOMES_A_DAY = 14
"""As many homes as a carer's longest published day has (domain.md, F.4)."""


def _clinical(  # noqa: PLR0913 - a role has this many rights, the last ones named
    title: str,
    soft: int,
    hard: int,
    expected: int,
    own_work: int = OWN_WORK,
    *,
    prints: int,
    copies: int = 0,
    homes: int = 0,
    may_seal: bool = True,
    sheets: int = 0,
    sendings: int = 0,
    own_today: int = 0,
) -> Rights:
    return Rights(
        title,
        frozenset({BANNER, RECORD}),
        _CARE,
        Budget(soft, hard, expected, prints=prints, copies=copies),
        own_work,
        homes,
        may_seal,
        sheets,
        sendings,
        own_today,
    )


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
    EXTRACTOR = "extractor"
    SUPPORT = "support"
    PATIENT = "patient"
    OPERATOR = "operator"

    # There is one of each, so its identity will do: the usual hash is that of the name,
    # worked out in Python at each look into a dictionary.
    __hash__ = object.__hash__

    @property
    def title(self) -> str:
        return _RIGHTS[self].title

    @property
    def tiers(self) -> frozenset[str]:
        return _RIGHTS[self].tiers

    @property
    def budget(self) -> Budget:
        return _RIGHTS[self].budget

    @property
    def own_work(self) -> int:
        return _RIGHTS[self].own_work

    @property
    def own_today(self) -> int:
        return max(self.own_work, _RIGHTS[self].own_today)

    @property
    def homes(self) -> int:
        return _RIGHTS[self].homes

    @property
    def sheets(self) -> int:
        return _RIGHTS[self].sheets

    @property
    def sendings(self) -> int:
        return _RIGHTS[self].sendings

    @property
    def may_seal(self) -> bool:
        return _RIGHTS[self].may_seal

    @property
    def purposes(self) -> frozenset[str]:
        return _RIGHTS[self].purposes


_RIGHTS: Mapping[Role, Rights] = {
    Role.HEALTH_ADVISOR: _clinical(
        "Health advisor",
        45,
        CALLS_A_DAY,
        2 * CALLS_A_DAY,
        CALLS_A_DAY // 2,
        prints=5,
        may_seal=False,
        sendings=SENT_BY_TAKER,
        own_today=2 * CALLS_A_DAY,
    ),
    Role.URGENT_CARE_CLINICIAN: _clinical(
        "Urgent care clinician",
        40,
        60,
        60,
        10,
        prints=10,
        homes=HOMES_A_DAY,
        sheets=SHEETS_A_SHIFT,
        sendings=SENT_BY_CLINICIAN,
    ),
    Role.SHIFT_LEAD: _clinical(
        "Shift lead", 40, 80, 120, prints=20, sendings=SENT_BY_TAKER
    ),
    Role.RECEPTIONIST: Rights(
        "Receptionist", frozenset({BANNER}), _DESK, Budget(150, 450, 900), 60
    ),
    Role.COMMUNITY_COORDINATOR: _clinical(
        "Community care coordinator", 25, 40, 60, prints=10, homes=HOMES_A_DAY
    ),
    Role.CRISIS_WORKER: _clinical(
        "Crisis worker", 45, 70, 60, 10, prints=10, homes=HOMES_A_DAY
    ),
    Role.WARD_NURSE: _clinical("Ward nurse", 30, 50, 60, prints=15),
    Role.DOCTOR: _clinical("Doctor", 80, 120, 150, 10, prints=20, copies=2),
    Role.CARER: _clinical(
        "Carer", 16, 20, 28, 2, prints=2, homes=HOMES_A_DAY, may_seal=False
    ),
    Role.CARE_COORDINATOR: _clinical(
        "Care coordinator", 150, 250, 200, 20, prints=20, copies=2
    ),
    Role.HOSPICE_NURSE: _clinical(
        "Hospice nurse", 25, 40, 60, prints=10, homes=HOMES_A_DAY
    ),
    Role.FINANCE_CLERK: Rights("Finance clerk", _NOTHING, _NOTHING),
    Role.PRIVACY_OFFICER: Rights(
        "Privacy officer",
        frozenset({BANNER}),
        frozenset({"audit", "patient-request"}),
        Budget(40, 80, copies=5),
    ),
    Role.ADMINISTRATOR: Rights(
        "Administrator", _NOTHING, frozenset({"administration"})
    ),
    Role.SERVICE: Rights("Service", frozenset({BANNER, RECORD}), _CARE, may_seal=True),
    Role.IMPORTER: Rights("Importer", _NOTHING, frozenset({"import"}), may_seal=True),
    Role.EXTRACTOR: Rights(
        "Data set extract", _NOTHING, frozenset({"national-return"})
    ),
    Role.SUPPORT: Rights(
        "Support", frozenset({BANNER, RECORD}), frozenset({"support"})
    ),
    Role.PATIENT: Rights(
        "Patient", frozenset({BANNER}), frozenset({"patient-request"})
    ),
    Role.OPERATOR: Rights("Operator", _NOTHING, _NOTHING),
}

GUARDED = frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})
"""Who may change rights, or decide on incidents and erasures: given by two people, and
used only with a passkey that stays on one device."""

NEED_DEVICE = GUARDED | {Role.SUPPORT}
"""Who signs in only with a passkey that stays on one device."""

SUPPORT = Role.SUPPORT
"""Compared with at each opening (as in wardkeep.disclosure.purpose)."""

BY_COMMAND = frozenset({Role.IMPORTER, Role.EXTRACTOR})
"""Of sessions that the operator's commands have: no account is theirs."""

READ_ONLY = frozenset({Role.SUPPORT, Role.PATIENT})
"""Who opens what they are named for, and neither searches nor writes."""


def needs_second_person(old: Role | None, new: Role) -> bool:
    """Whether one person alone may not give this role to somebody who has the other.

    A second one is needed where the role is guarded, its budget is larger, or it
    reaches a tier that the other does not. That a role visits homes opens none: a visit
    does, which somebody else plans.
    """
    if new in GUARDED:
        return old is not new
    had = Rights("", _NOTHING, _NOTHING) if old is None else _RIGHTS[old]
    is_larger = (
        new.budget.hard > had.budget.hard or new.budget.copies > had.budget.copies
    )
    return is_larger or not new.tiers <= had.tiers


PEOPLE = tuple(
    role
    for role in Role
    if role not in {Role.SERVICE, Role.OPERATOR, *BY_COMMAND, *READ_ONLY}
)
"""Roles that somebody who works here can be invited to."""


def role_named(word: str) -> Role | None:
    """The role that a person may be given; None for any other word."""
    return next((role for role in PEOPLE if role.value == word), None)
