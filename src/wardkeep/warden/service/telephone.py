# SPDX-License-Identifier: Apache-2.0
"""The desk of the telephone: holds who rang for whoever answered, and for nobody else.

A caller's number finds a person, and belongs to no patient yet. So it lies in memory
alone, is given to one account, and each time it is, there is an entry. A telephone
system's key puts numbers in and reads none.
"""

from collections import OrderedDict

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.telephone import (
    HELD_SECONDS,
    AskNumber,
    CallerNumber,
    CheckTelephone,
    HeldNumber,
    HoldNumbers,
    TelephoneSystem,
)
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import TELEPHONE
from wardkeep.warden.directory import Directory
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Session, Sessions

MOST_HELD = 4_096
MOST_AT_ONCE = 1_000
_LONGEST_NUMBER = 17
ANSWERERS = frozenset(
    {Role.HEALTH_ADVISOR, Role.URGENT_CARE_CLINICIAN, Role.SHIFT_LEAD}
)
"""Who answers calls."""


class _Held(msgspec.Struct, frozen=True):
    """A number, and until when it is held by the clock that nobody sets."""

    told: HeldNumber
    until: float


class TelephoneDesk:
    """Answers telephone systems, and whoever answered a call."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        names: Directory,
        watch: Watch,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._names = names
        self._watch = watch
        self._trace = trace
        self._clock = clock
        self._held: OrderedDict[tuple[int, str], _Held] = OrderedDict()
        self.desk = Desk(
            at_once={
                CheckTelephone: self._check,
                HoldNumbers: self._hold,
                AskNumber: self._ask,
            }
        )

    def _system(self, token: str) -> Session | Refusal:
        session = self._sessions.use_only(token, TELEPHONE)
        if session is not None:
            return session
        is_somebody = self._sessions.use(token) is not None
        return NOT_YOUR_WORK if is_somebody else NOT_SIGNED_IN

    def _check(self, asked: CheckTelephone) -> Answer:
        session = self._system(asked.session)
        if isinstance(session, Refusal):
            return session
        return TelephoneSystem(session.organisation, session.account)

    def _hold(self, asked: HoldNumbers) -> Answer:
        session = self._system(asked.session)
        if isinstance(session, Refusal):
            return session
        until = self._clock.monotonic_seconds() + HELD_SECONDS
        for one in asked.numbers[:MOST_AT_ONCE]:
            if self._is_held(session.organisation, one):
                key = (session.organisation, one.account)
                self._held.pop(key, None)
                self._held[key] = _Held(one, until)
        while len(self._held) > MOST_HELD:
            self._held.popitem(last=False)
        return Done()

    def _is_held(self, organisation: int, told: HeldNumber) -> bool:
        """For somebody of its own organisation, and newer than what is held."""
        is_number = told.number.isascii() and told.number.lstrip("+").isdigit()
        known = self._held.get((organisation, told.account))
        return (
            is_number
            and len(told.number) <= _LONGEST_NUMBER
            and self._names.is_at_home(told.account, organisation)
            and (known is None or known.told.answered_at <= told.answered_at)
        )

    def _ask(self, asked: AskNumber) -> Answer:
        session = self._sessions.use_any(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.role not in ANSWERERS:
            return NOT_YOUR_WORK
        if self._watch.is_closed(session):
            # To whom no record opens no number is given either: it is typed.
            return CallerNumber()
        key = (session.organisation, session.account)
        held = self._held.get(key)
        if held is None or held.until < self._clock.monotonic_seconds():
            self._held.pop(key, None)
            return CallerNumber()
        told = held.told
        self._trace.of_session(session, "caller-number", reason=f"Call {told.call}")
        return CallerNumber(told.number, told.call, told.answered_at)
