# SPDX-License-Identifier: Apache-2.0
"""Roles: what each kind of work may open, and for which purposes.

The list and its budgets follow the published rates of record opening
(docs/decisions/0007, 0011). A role that is not named here opens nothing.
"""

import enum
from collections.abc import Callable, Mapping
from operator import attrgetter

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
    """How far somebody of a role gets in 24 hours; an organisation lowers any of it.

    Numbers of different patients, where nothing else is said. Each is a bound, so that
    more of any of them is more.
    """

    soft: int = 0
    """Others, besides those whom the work explains: from here on somebody looks."""
    hard: int = 0
    """Of others: here it stops, until a second person releases it."""
    expected: int = 0
    """Whom the work explains; beyond, it explains nobody."""
    reach: int = 0
    """Others between two touches of the passkey."""
    prints: int = 0
    """Whose record is printed, expected or not."""
    copies: int = 0
    """The same of copies of a record."""
    homes: int = 0
    """Homes whose way in is given, and again people on lists for a phone; 0: none."""
    sendings: int = 0
    """Of whom more goes along with a referral by message than whom it is about; 0: of
    nobody."""
    sheets: int = 0
    """Beyond `prints`, of whom a sheet without a record is printed: who they are, and
    their allergies. Only whom others' work explains."""
    others_work: int = 0
    """Of the expected, whom work explains that somebody else wrote."""
    own_work: int = 0
    """Of the expected, whom only work explains that the account wrote for itself.
    Beyond, they say why."""
    own_today: int = 0
    """As `own_work`, with work that began within the last day; never less than that."""

    def within(self, other: "Budget") -> "Budget":
        """The tighter of both, number by number."""
        return Budget(*map(min, _numbers(self), _numbers(other)))

    def is_within(self, other: "Budget") -> bool:
        """Whether none of the numbers is larger than the other's."""
        return self.within(other) == self


_numbers = attrgetter(*Budget.__struct_fields__)


class Rights(msgspec.Struct, frozen=True):
    """What a role reaches."""

    title: str
    tiers: frozenset[str]
    purposes: frozenset[str]
    budget: Budget = Budget()
    may_seal: bool = False
    """Whether it sets ways into homes, and other things that are sealed."""

    def is_within(self, other: "Rights") -> bool:
        """Whether it reaches nothing that the other does not, whatever it is called."""
        return (
            self.tiers <= other.tiers
            and self.purposes <= other.purposes
            and self.budget.is_within(other.budget)
            and self.may_seal <= other.may_seal
        )


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
    others_work: int | None = None,
    own_today: int | None = None,
) -> Rights:
    budget = Budget(
        soft,
        hard,
        expected,
        REACH,
        prints=prints,
        copies=copies,
        homes=homes,
        sendings=sendings,
        sheets=sheets,
        others_work=expected if others_work is None else others_work,
        own_work=own_work,
        own_today=own_work if own_today is None else own_today,
    )
    return Rights(title, frozenset({BANNER, RECORD}), _CARE, budget, may_seal)


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
        others_work=CALLS_A_DAY,
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
        "Receptionist",
        frozenset({BANNER}),
        _DESK,
        Budget(150, 450, 900, REACH, others_work=900, own_work=60, own_today=60),
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
        Budget(40, 80, reach=REACH, copies=5),
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


Held = Callable[[Role], Budget]
"""What holds of a role in an organisation: the product's budget, or a tighter one."""


def needs_second_person(old: Role | None, new: Role, held: Held) -> bool:
    """Whether one person alone may not give this role to somebody who has the other.

    A second one is needed where the role is guarded, or reaches anything that the other
    does not: a tier, a purpose, what is sealed, or one more of what a budget counts.
    Where an organisation tightened a role, its own numbers are compared: else whoever
    is kept to little there would be given another role, and with it much.
    """
    if new in GUARDED:
        return old is not new
    had = _NO_RIGHTS if old is None else _held_rights(old, held)
    return not _held_rights(new, held).is_within(had)


_NO_RIGHTS = Rights("", _NOTHING, _NOTHING)


def _held_rights(role: Role, held: Held) -> Rights:
    return msgspec.structs.replace(_RIGHTS[role], budget=held(role))


PEOPLE = tuple(
    role
    for role in Role
    if role not in {Role.SERVICE, Role.OPERATOR, *BY_COMMAND, *READ_ONLY}
)
"""Roles that somebody who works here can be invited to."""


def role_named(word: str) -> Role | None:
    """The role that a person may be given; None for any other word."""
    return next((role for role in PEOPLE if role.value == word), None)
