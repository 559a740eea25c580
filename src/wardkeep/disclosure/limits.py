# SPDX-License-Identifier: Apache-2.0
"""Messages about an organisation's budgets: read by those who decide, set by an act."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message

LEAST: Mapping[str, int] = MappingProxyType({"reach": 1})
"""How low a number goes that may not be 0: whoever gives a reason opens one."""
NO_MORE_THAN: Mapping[str, str] = MappingProxyType(
    {"soft": "hard", "own_work": "own_today"}
)
"""Of two numbers, the one that is never the larger, and the other."""
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "soft": "Somebody looks from",
        "hard": "Records close beyond",
        "reach": "The passkey is asked for beyond",
        "expected": "The work explains at most",
        "others_work": "Others’ work explains at most",
        "own_today": "Own work of the last day explains at most",
        "own_work": "Own older work explains at most",
        "prints": "Records printed at most",
        "sheets": "Sheets besides at most",
        "copies": "Copies of records at most",
        "sendings": "Referrals sent with more at most",
        "homes": "Ways into homes at most",
    }
)
"""Every number of a budget in words, in the order in which people read them."""


class SetBudget(Message, frozen=True, kw_only=True):
    """An act: from now on people of a role open so many, and no more.

    What it does not name stays as it is. One person tightens; where any number is to be
    larger than now, all of it takes a second. None is larger than the product's. Fields
    are only added, at the end: acts wait in the database for a second person.
    """

    role: str
    soft: int | None = None
    """Others in 24 hours, from which somebody looks at it."""
    hard: int | None = None
    """Others in 24 hours, at which records are closed."""
    expected: int | None = None
    """Patients in 24 hours whom the work explains, at the most."""
    reach: int | None = None
    """Others between two touches of the passkey."""
    prints: int | None = None
    """Patients in 24 hours whose record is printed."""
    copies: int | None = None
    """Patients in 24 hours of whose record a copy is made."""
    homes: int | None = None
    """Homes in 24 hours whose way in is given; as many people are on lists for a
    phone."""
    sendings: int | None = None
    """Patients in 24 hours of whom more goes along with a referral than it needs."""
    sheets: int | None = None
    """Patients beyond the prints of whom a sheet without a record is printed."""
    others_work: int | None = None
    """Of the expected, whom others' work explains."""
    own_work: int | None = None
    """Of the expected, whom only one's own work explains."""
    own_today: int | None = None
    """The same of work that began within the last day."""

    @property
    def named(self) -> dict[str, int]:
        """The numbers that it sets."""
        found = {name: getattr(self, name) for name in WORDS}
        return {name: number for name, number in found.items() if number is not None}


LimitAct: TypeAlias = SetBudget


class ReadBudgets(Message, frozen=True):
    """The budgets of the session's organisation, role by role."""

    session: str


LimitQuestion: TypeAlias = ReadBudgets


class BudgetView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One role: what holds here, and the product's beside it."""

    role: str
    title: str
    here: dict[str, int]
    """By the names in `WORDS`."""
    most: dict[str, int]
    """The same of the product."""
    set_by: str = ""
    """Who asked for it; empty where the product's holds."""
    confirmed_by: str = ""
    set_at: int = 0
    """UTC microseconds since 1970."""

    @property
    def is_own(self) -> bool:
        return self.set_at > 0

    @property
    def has(self) -> tuple[str, ...]:
        """Numbers that somebody of the role has at all, as the product has it."""
        return tuple(one for one in WORDS if self.most[one])

    @property
    def lacks(self) -> tuple[str, ...]:
        return tuple(one for one in WORDS if not self.most[one])


class BudgetsRead(Message, frozen=True):
    """The roles that open records."""

    budgets: tuple[BudgetView, ...]


LimitAnswer: TypeAlias = BudgetsRead
