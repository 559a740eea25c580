# SPDX-License-Identifier: Apache-2.0
"""An organisation's budgets: shown, put into words, and set.

Tightening is one person's; whatever becomes larger than it is now waits for a second
one (`rights.py`), as anything that widens what somebody reaches.
"""

from collections.abc import Callable

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.limits import BudgetsRead, BudgetView, ReadBudgets, SetBudget
from wardkeep.identity.roles import GUARDED, PEOPLE, Budget, Role, role_named
from wardkeep.warden import limits
from wardkeep.warden.directory import Directory
from wardkeep.warden.limits import Limits, SetBy
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.rights_words import (
    SECOND_PERSON,
    MeanwhileError,
    bad,
    may_manage,
)
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

SET_BUDGET = "set-budget"
_LINES = (
    ("soft", "Somebody looks from"),
    ("hard", "Records close beyond"),
    ("expected", "The work explains at most"),
    ("reach", "The passkey is asked for beyond"),
    ("prints", "Records printed at most"),
    ("copies", "Copies of records at most"),
)
_AS_IT_IS = bad("That is the budget that holds already.")
_MEANWHILE = bad("Somebody set that budget a moment ago. Look at it anew.")


class LimitsOffice:
    """Shows budgets and sets them."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        limits: Limits,
        directory: Directory,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._limits = limits
        self._directory = directory
        self._trace = trace
        self._clock = clock
        self.desk = Desk(at_once={ReadBudgets: self._read})

    # The act, which `Rights` has confirmed by one or two people

    async def describe(
        self, session: Session, act: SetBudget
    ) -> ActDescription | Refusal:
        role = role_named(act.role)
        refused = may_manage(session)
        if refused is not None:
            return refused
        if role is None or not role.budget.hard:
            return bad("That role opens nobody, so there is nothing to set.")
        refused = _fault_in(act, role)
        if refused is not None:
            return refused
        now = self._limits.of(session.organisation, role)
        if now == budget_of(act):
            return _AS_IT_IS
        wider = self.needs_second(session, act)
        return ActDescription(
            title=f"Set what the role {role.title} may open",
            lines=_lines(now, budget_of(act)),
            warning=SECOND_PERSON if wider else "It holds from the next opening on.",
        )

    def lines(self, act: SetBudget) -> tuple[tuple[str, str], ...]:
        budget = budget_of(act)
        return (
            ("Role", Role(act.role).title),
            *((words, str(getattr(budget, name))) for name, words in _LINES),
        )

    def needs_second(self, session: Session, act: SetBudget) -> bool:
        """Whether any number would be larger than it is now."""
        now = self._limits.of(session.organisation, Role(act.role))
        return budget_of(act).within(now) != budget_of(act)

    async def grant(
        self, connection: Connection, by: str, session: Session, act: SetBudget
    ) -> Callable[[], None]:
        """Write it down; what is returned makes it hold, once that is committed."""
        role, budget = Role(act.role), budget_of(act)
        set_by = SetBy(by, session.account, self._clock.now())
        await limits.keep(connection, session.organisation, role, budget, set_by)
        if by == session.account and self.needs_second(session, act):
            # It was tighter when it was asked for; a colleague tightened since.
            raise MeanwhileError(_MEANWHILE)

        def begin() -> None:
            self._limits.remember(session.organisation, role, budget, set_by)
            told = " ".join(str(getattr(budget, name)) for name, _ in _LINES)
            self._trace.of_session(
                session, SET_BUDGET, reason=role.title, request=f"{role.value} {told}"
            )

        return begin

    # The question

    def _read(self, asked: ReadBudgets) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.scopes is not None or session.role not in GUARDED:
            return NOT_YOUR_WORK
        shown = [one for one in PEOPLE if one.budget.hard]
        return BudgetsRead(
            tuple(self._view(session.organisation, one) for one in shown)
        )

    def _view(self, organisation: int, role: Role) -> BudgetView:
        here, most = self._limits.of(organisation, role), role.budget
        set_by = self._limits.set_by(organisation, role)
        name = self._directory.display_name
        return BudgetView(
            role=role.value,
            title=role.title,
            soft=here.soft,
            hard=here.hard,
            expected=here.expected,
            reach=here.reach,
            most_soft=most.soft,
            most_hard=most.hard,
            most_expected=most.expected,
            most_reach=most.reach,
            prints=here.prints,
            copies=here.copies,
            most_prints=most.prints,
            most_copies=most.copies,
            set_by="" if set_by is None else name(set_by.asked),
            confirmed_by="" if set_by is None else name(set_by.confirmed),
            set_at=0 if set_by is None else microseconds_since_epoch(set_by.at),
        )


def budget_of(act: SetBudget) -> Budget:
    return Budget(
        soft=act.soft,
        hard=act.hard,
        expected=act.expected,
        reach=act.reach,
        prints=act.prints,
        copies=act.copies,
    )


def _fault_in(act: SetBudget, role: Role) -> Refusal | None:
    budget = budget_of(act)
    for name, words in _LINES:
        least, most = int(name == "reach"), getattr(role.budget, name)
        if not least <= getattr(budget, name) <= most:
            return bad(f"{words}: between {least} and {most} for this role.")
    if budget.soft > budget.hard:
        return bad("Somebody looks before records close: the first is not the larger.")
    return None


def _lines(now: Budget, then: Budget) -> tuple[tuple[str, str], ...]:
    found = []
    for name, words in _LINES:
        old, new = getattr(now, name), getattr(then, name)
        found.append((words, str(new) if old == new else f"{new} in place of {old}"))
    return tuple(found)
