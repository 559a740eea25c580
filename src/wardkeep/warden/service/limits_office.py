# SPDX-License-Identifier: Apache-2.0
"""An organisation's budgets: shown, put into words, and set.

Tightening is one person's; an act in which any number becomes larger than it is now
waits for a second one (`rights.py`), as anything that widens what somebody reaches.
"""

from collections.abc import Callable
from itertools import count

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.limits import (
    LEAST,
    NO_MORE_THAN,
    WORDS,
    BudgetsRead,
    BudgetView,
    ReadBudgets,
    SetBudget,
)
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
_AS_IT_IS = bad("That is the budget that holds already.")
_ALSO_LESS = (
    " That goes for what becomes less, too: set that by itself, and it holds at once."
)
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
        self._turns = count(1)
        self._turn: dict[tuple[int, Role], int] = {}
        """Of the budget that is remembered: what the database has later holds."""
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
        now = self._limits.of(session.organisation, role)
        then = budget_of(act, now)
        refused = _fault_in(then, role.budget)
        if refused is not None:
            return refused
        if now == then:
            return _AS_IT_IS
        return ActDescription(
            title=f"Set what the role {role.title} may open",
            lines=_lines(now, then, role.budget),
            warning=_warning(now, then),
        )

    def lines(self, act: SetBudget) -> tuple[tuple[str, str], ...]:
        """What was asked for; what it was then stands in nothing that waits."""
        named = act.named
        told = (
            (words, str(named[one])) for one, words in WORDS.items() if one in named
        )
        return (("Role", Role(act.role).title), *told)

    def needs_second(self, session: Session, act: SetBudget) -> bool:
        """Whether any number would be larger than it is now."""
        now = self._limits.of(session.organisation, Role(act.role))
        return not budget_of(act, now).is_within(now)

    async def grant(
        self, connection: Connection, by: str, session: Session, act: SetBudget
    ) -> Callable[[], None]:
        """Write it down; what is returned makes it hold, once that is committed."""
        home, role = session.organisation, Role(act.role)
        now = await limits.held_alone(connection, home, role)
        then, turn = budget_of(act, now), next(self._turns)
        is_ones_own = by == session.account
        if (is_ones_own and not then.is_within(now)) or _fault_in(then, role.budget):
            # It was tighter when it was asked for; a colleague tightened since.
            raise MeanwhileError(_MEANWHILE)
        set_by = SetBy(by, session.account, self._clock.now())
        await limits.keep(connection, home, role, then, set_by)

        def begin() -> None:
            if turn > self._turn.get((home, role), 0):
                self._turn[home, role] = turn
                self._limits.remember(home, role, then, set_by)
            self._trace.of_session(
                session, SET_BUDGET, reason=role.title, request=told(role, now, then)
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
            here=msgspec.structs.asdict(here),
            most=msgspec.structs.asdict(most),
            set_by="" if set_by is None else name(set_by.asked),
            confirmed_by="" if set_by is None else name(set_by.confirmed),
            set_at=0 if set_by is None else microseconds_since_epoch(set_by.at),
        )


def budget_of(act: SetBudget, now: Budget) -> Budget:
    """What would hold: what the act does not name stays as it is."""
    return msgspec.structs.replace(now, **act.named)


def _warning(now: Budget, then: Budget) -> str:
    if then.is_within(now):
        return (
            "It holds from the next opening on. Making it more again takes two people."
        )
    is_mixed = then.within(now) != now
    return f"{SECOND_PERSON}{_ALSO_LESS if is_mixed else ''}"


def told(role: Role, now: Budget, then: Budget) -> str:
    """The change as its entry has it: each number that changed, old and new."""
    old, new = msgspec.structs.asdict(now), msgspec.structs.asdict(then)
    changed = [f"{one} {old[one]}>{new[one]}" for one in WORDS if old[one] != new[one]]
    return " ".join((role.value, *changed))


def _fault_in(budget: Budget, product: Budget) -> Refusal | None:
    numbers, largest = map(msgspec.structs.asdict, (budget, product))
    for name, words in WORDS.items():
        least, most = LEAST.get(name, 0), largest[name]
        if not least <= numbers[name] <= most:
            return bad(f"{words}: between {least} and {most} for this role.")
    for low, high in NO_MORE_THAN.items():
        if numbers[low] > numbers[high]:
            return bad(f"{WORDS[low]}: not more than “{WORDS[high]}”.")
    return None


def _lines(now: Budget, then: Budget, product: Budget) -> tuple[tuple[str, str], ...]:
    """Every number that the role has."""
    old, new = msgspec.structs.asdict(now), msgspec.structs.asdict(then)
    most = msgspec.structs.asdict(product)
    return tuple(
        (
            words,
            str(new[one])
            if old[one] == new[one]
            else f"{new[one]} in place of {old[one]}",
        )
        for one, words in WORDS.items()
        if most[one]
    )
