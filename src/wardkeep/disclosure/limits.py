# SPDX-License-Identifier: Apache-2.0
"""Messages about an organisation's budgets: read by those who decide, set by an act."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message


class SetBudget(Message, frozen=True, kw_only=True):
    """An act: from now on people of a role open so many, and no more.

    One person tightens; whatever number is to be larger than now takes a second.
    None is larger than the product's.
    """

    role: str
    soft: int
    """Others in 24 hours, from which somebody looks at it."""
    hard: int
    """Others in 24 hours, at which records are closed."""
    expected: int
    """Patients in 24 hours whom the work explains, at the most."""
    reach: int
    """Others between two touches of the passkey."""
    prints: int = 0
    """Patients in 24 hours whose record is printed."""
    copies: int = 0
    """Patients in 24 hours of whose record a copy is made."""


LimitAct: TypeAlias = SetBudget


class ReadBudgets(Message, frozen=True):
    """The budgets of the session's organisation, role by role."""

    session: str


LimitQuestion: TypeAlias = ReadBudgets


class BudgetView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One role: what holds here, and the product's beside it."""

    role: str
    title: str
    soft: int
    hard: int
    expected: int
    reach: int
    most_soft: int
    most_hard: int
    most_expected: int
    most_reach: int
    prints: int = 0
    copies: int = 0
    most_prints: int = 0
    most_copies: int = 0
    set_by: str = ""
    """Who asked for it; empty where the product's holds."""
    confirmed_by: str = ""
    set_at: int = 0
    """UTC microseconds since 1970."""

    @property
    def is_own(self) -> bool:
        return self.set_at > 0


class BudgetsRead(Message, frozen=True):
    """The roles that open records."""

    budgets: tuple[BudgetView, ...]


LimitAnswer: TypeAlias = BudgetsRead
