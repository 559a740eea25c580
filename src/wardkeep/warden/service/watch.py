# SPDX-License-Identifier: Apache-2.0
"""What the door counts of people's openings, and what follows when it is too much.

Nothing here waits: the count, the freeze and their entries are made in the same turn as
the opening that they are about.
"""

import math
from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet

import msgspec

from wardkeep.base.clock import Clock, from_microseconds
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.purpose import COUNTED_OUT, FIND, Action
from wardkeep.disclosure.questions import Disclose
from wardkeep.identity.roles import Budget
from wardkeep.ledger.entry import Entry
from wardkeep.teams.relationships import Why
from wardkeep.warden import alarms, freezes
from wardkeep.warden.alarms import Alarm, Alarms
from wardkeep.warden.breaker import REACH_WHEN_TRIPPED, Breaker
from wardkeep.warden.budgets import RELEASED, Budgets, Standing, apps_of, is_bare
from wardkeep.warden.freezes import Freeze, Freezes
from wardkeep.warden.glass import BREAK_GLASS, HOUR_SECONDS, BrokenGlass, are_many
from wardkeep.warden.limits import Limits
from wardkeep.warden.rules.budget_holds import DAY_SPENT, PROVE_AGAIN
from wardkeep.warden.rules.carried_lists_are_signed import NOT_SIGNED as LIST_NOT_SIGNED
from wardkeep.warden.rules.copies_are_signed import CODE as NOT_SIGNED
from wardkeep.warden.rules.extracts_are_agreed import CODE as NOT_AGREED
from wardkeep.warden.rules.letters_are_approved import CODE as NOT_APPROVED
from wardkeep.warden.rules.prints_are_few import PRINTS_SPENT
from wardkeep.warden.rules.sendings_are_few import SPENT as SENDINGS_SPENT
from wardkeep.warden.rules.visit_is_now import CODE as NO_VISIT
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session

GLASS_SECONDS = 60 * 60
SHOWN_SECONDS = 4.0
"""A page asks twice for what it shows; what opened must not close before it is seen,
or whoever slipped knows which it was. It is of nobody."""
SIGN_COPY = "sign-copy"
"""The action of the entry that says: somebody signed for a copy of a record."""
LOOKED_AT = {BREAK_GLASS: alarms.GLASS_BROKEN, SIGN_COPY: alarms.COPY_MADE}
"""Acts of which each is looked at by somebody else, and the kind of its alarm."""
FREEZE = "freeze"
"""The action of a freeze's entry."""
MANY_LISTED, FEW_OPENED = 60, 0.1
_DAY_SECONDS = 24 * 3600
_FREEZE_WORDS = 5
_TRIPPED = (
    "More records that nothing explains were opened in an hour than the people at work"
    " open. For an hour each further one takes a passkey."
)
_SPENT = "More records were opened in a day than the role opens beyond its work."
_SENT = "As much went along with referrals in 24 hours as the role sends."
_PRINTED = "As many records were printed in 24 hours as the role prints, and another."
_HOMES = "The ways into many homes were asked for where no visit was."
_UNSIGNED = "Copies of many records were asked for that nobody signed for."
_UNSIGNED_LISTS = "Lists of homes were asked for that nobody signed for."
_UNAPPROVED = "Addresses for letters were asked for that no second person approved."
_UNAGREED = "Records were asked for as for a national data set, which no person takes."
_TRIED = {
    NO_VISIT: _HOMES,
    NOT_SIGNED: _UNSIGNED,
    LIST_NOT_SIGNED: _UNSIGNED_LISTS,
    NOT_APPROVED: _UNAPPROVED,
    NOT_AGREED: _UNAGREED,
}
"""What is tried ten times by nobody who does their work, and why it is frozen."""
_SCRAPED = "Many records were asked for after the passkey was due, and it was not used."
_LED_NOWHERE = "A record was opened that no work leads to."
"""To whoever releases: that it was a canary is told to those who decide alone."""
_CANARY = (
    "A record was opened that is of no real person, and that no work leads to. It may"
    " have been a slip, or somebody who goes through records."
)


class Watch:
    """Budgets, freezes and alarms, as the door needs them."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        budgets: Budgets,
        breaker: Breaker,
        glass: BrokenGlass,
        freezes: Freezes,
        alarms: Alarms,
        limits: Limits,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self.budgets = budgets
        self.limits = limits
        self.freezes = freezes
        self.alarms = alarms
        self._trace = trace
        self._clock = clock
        self._breaker = breaker
        self._glass = glass
        self._told: dict[tuple[str, int, str], float] = {}
        self._shown: dict[tuple[str, str], float] = {}
        """Until when a session reads on in a canary that it opened."""

    # Before an opening

    def still_explains(
        self, session: Session, patient: str, why: Why, now: float
    ) -> bool:
        """Whether a relationship counts, however many there are by now."""
        if not session.is_watched:
            return True
        return self.budgets.is_explained(
            session.whose,
            patient,
            why=why,
            budget=self.budget(session),
            now=now,
        )

    def budget(self, session: Session) -> Budget:
        """What the session's account may open, in its organisation."""
        return self.limits.of(session.organisation, session.role)

    def has_broken_glass(self, session: Session, patient: str, now: float) -> bool:
        holds, ends = session.glass.get(patient, (0.0, 0.0))
        return holds <= now < ends

    def break_glass(self, session: Session, patient: str) -> None:
        """Open it; who does so for one after the other is told of apart."""
        now = self._now()
        holds = self._glass.broken(session.whose, patient, now)
        session.glass[patient] = (holds, holds + GLASS_SECONDS)
        hour, day = self._glass.counts(session.whose, now)
        if are_many(hour, day):
            words = f"{hour} different people in an hour, {day} in 24 hours"
            # Each hour anew while it goes on: the number is what matters then.
            self._tell(session, alarms.GLASS_AGAIN, words, within=HOUR_SECONDS)

    def glass_opens_in(self, session: Session, patient: str) -> int:
        """Whole seconds until it would be open; 0 for whoever breaks it at a bed."""
        now = self._now()
        return math.ceil(self._glass.would_hold(session.whose, patient, now) - now)

    def is_closed(self, session: Session) -> bool:
        """Whether records are closed for the session's account."""
        return self.freezes.of(session) is not None

    def standing(
        self, session: Session, others: AbstractSet[str], action: Action
    ) -> Standing | None:
        """Where the account would stand; None where nobody counts."""
        if not session.is_watched:
            return None
        standing = self.budgets.after(
            session.whose,
            reach_of(session),
            others,
            budget=self.budget(session),
            action=action.value,
            now=self._now(),
        )
        is_list = action is FIND
        if self._breaker.is_tripped(session.organisation, self._now()) and not is_list:
            least = min(standing.reach_most, REACH_WHEN_TRIPPED)
            return msgspec.structs.replace(standing, reach_most=least)
        return standing

    def taken_out_left(
        self, session: Session, patients: AbstractSet[str], action: Action
    ) -> int:
        """How many more may be printed, copied, carried or sent today after these.

        Below 0 where it would be too many, and where nobody counts: nobody else does.
        """
        if not session.is_watched:
            return -1
        return self.budgets.left_after(
            session.whose,
            patients,
            action=action.value,
            budget=self.budget(session),
            now=self._now(),
        )

    def sheets(self, session: Session) -> int:
        """Sheets beyond its prints; none where nobody counts."""
        return self.budget(session).sheets if session.is_watched else 0

    def breaker_of(self, session: Session) -> tuple[int, int, int, bool]:
        """How the breaker stands (`Breaker.sum_of`), and whether it tripped."""
        where, now = session.organisation, self._now()
        is_tripped = self._breaker.is_tripped(where, now)
        return *self._breaker.sum_of(where, now), is_tripped

    # After it was judged

    def opened(
        self,
        session: Session,
        asked: Disclose,
        explained: Mapping[str, str],
        standing: Standing | None,
        now: float,
    ) -> None:
        """Count what was granted, and tell the privacy officer at the soft limit."""
        if not session.is_watched:
            return
        action = asked.action
        is_list, account = action is FIND, session.whose
        self._breaker.at_work(*account, self.budget(session).soft, now)
        if action in COUNTED_OUT and not _is_bare(asked):
            self.budgets.take_out(account, explained, action=action._value_, now=now)
        if standing is not None:
            others = [one for one, why in explained.items() if not why]
            where = reach_of(session)
            self.budgets.opened(account, where, others, is_list=is_list, now=now)
            if standing.is_soft:
                self._tell_softly(session, standing)
            if is_list:
                self._look_at_searching(session)
            elif self._breaker.opened(session.organisation, others, now):
                self._tell(session, alarms.BREAKER, _TRIPPED)
        if not is_list:
            known = [one for one in explained.items() if one[1]]
            self.budgets.expected(account, known, now=now)

    def refused(self, session: Session, asked: Disclose, code: str) -> None:
        """Freeze where the day is spent, or somebody goes on without a passkey."""
        if code == DAY_SPENT:
            self.freeze_account(session, freezes.BUDGET, _SPENT)
        elif code == PRINTS_SPENT:
            self._tell(session, alarms.PRINTS, _PRINTED)
        elif code == SENDINGS_SPENT:
            self._tell(session, alarms.SENDINGS, _SENT)
        elif code in _TRIED and session.is_watched:
            named_all = {item.patient for item in asked.items}
            if self.budgets.tried(reach_of(session), named_all):
                self.freeze_account(session, freezes.SCRAPING, _TRIED[code])
        elif code == PROVE_AGAIN:
            # A list is one attempt, however many people it would have named.
            named = dict.fromkeys(item.patient for item in asked.items if item.patient)
            first = tuple(named)[:1] if asked.action is FIND else tuple(named)
            if self.budgets.tried(reach_of(session), first):
                self.freeze_account(session, freezes.SCRAPING, _SCRAPED)

    def _tell_softly(self, session: Session, standing: Standing) -> None:
        words = f"{standing.day} in 24 hours; usual are {standing.day_soft} at most"
        self._tell(session, alarms.SOFT_LIMIT, words)

    def _look_at_searching(self, session: Session) -> None:
        """Who looks at lists and opens nobody gathers names."""
        listed, opened = self.budgets.listed_and_opened(session.whose)
        if listed >= MANY_LISTED and opened < listed * FEW_OPENED:
            words = f"{listed} people shown in lists, {opened} of them opened"
            self._tell(session, alarms.SEARCHING, words)

    def _tell(
        self, session: Session, kind: str, detail: str, *, within: float = _DAY_SECONDS
    ) -> None:
        """One alarm of a kind a day: numbers grow on the page of the account."""
        whom = "" if kind == alarms.BREAKER else session.account
        key, now = (kind, session.organisation, whom), self._now()
        if self._told.get(key, 0.0) > now:
            return
        self._told[key] = now + within
        self.alarms.raise_(kind, session, detail=detail)

    def canary_met(self, session: Session, patients: Sequence[str]) -> None:
        """Freeze: records are closed for a person, a program is stopped altogether.

        A person may have slipped, and stand at a bed: the glass can still be broken.
        """
        cause = freezes.SCRAPING
        if session.is_watched:
            cause, until = freezes.CANARY, self._now() + SHOWN_SECONDS
            # Kept from the first opening on: the record closes with all others.
            self._shown = {
                one: then for one, then in self._shown.items() if then > self._now()
            }
            for patient in patients:
                self._shown.setdefault((session.id, patient), until)
        self.freeze_account(session, cause, _LED_NOWHERE, is_by_canary=True)

    def is_still_shown(self, session: Session, patient: str) -> bool:
        """Whether a canary that was opened a moment ago may be read to its end."""
        return self._shown.get((session.id, patient), 0.0) > self._now()

    def freeze_account(
        self, session: Session, cause: str, because: str, *, is_by_canary: bool = False
    ) -> None:
        """Freeze the account of a session, once for each depth."""
        old = self.freezes.of(session)
        is_deeper = old is not None and old.is_of_records_only
        if old is not None and not (is_deeper and cause not in freezes.CLOSES_RECORDS):
            return
        made = Freeze(
            id=new_uuid(),
            organisation=session.organisation,
            kind=freezes.ACCOUNT,
            target=session.account,
            because=because,
            cause=cause,
            frozen_at=self._clock.now(),
        )
        self.freezes.add(made)
        entry = self._trace.of_session(
            session, FREEZE, reason=because, request=request_of(made)
        )
        kind = alarms.CANARY if is_by_canary else alarms.FROZEN
        detail = _CANARY if is_by_canary else because
        self.alarms.raise_(kind, session, detail=detail, entry=entry)

    def take_back(self, freeze: Freeze) -> None:
        """One that only the ledger remembers: its alarm was lost by the same crash."""
        self.freezes.add(freeze)
        if freeze.frozen_by:
            return
        is_by_canary = freeze.cause == freezes.CANARY
        self.alarms.keep(
            Alarm(
                id=new_uuid(),
                organisation=freeze.organisation,
                kind=alarms.CANARY if is_by_canary else alarms.FROZEN,
                account=freeze.target,
                session="",
                patient="",
                detail=_CANARY if is_by_canary else freeze.because,
                entry=-1,
                raised_at=freeze.frozen_at,
                due_at=freeze.frozen_at + alarms.REVIEW_WITHIN,
            )
        )

    def _now(self) -> float:
        return self._clock.monotonic_seconds()


def freezes_in(entries: Sequence[Entry], *, but: AbstractSet[str]) -> Iterator[Freeze]:
    """Freezes that the entries have and the database was not told of."""
    released = {_id_in(one) for one in entries if one.action == RELEASED}
    for entry in entries:
        words = entry.request.split(" ")
        if entry.action != FREEZE or len(words) != _FREEZE_WORDS:
            continue
        _, id_, cause, kind, target = words
        if id_ not in but and id_ not in released:
            yield Freeze(
                id=id_,
                organisation=entry.organisation,
                kind=kind,
                target=target,
                because=entry.reason,
                cause=cause,
                frozen_at=from_microseconds(entry.at),
                frozen_by=entry.account if cause == freezes.BY_HAND else "",
            )


def acts_in(
    entries: Sequence[Entry], *, first: int, but: AbstractSet[int]
) -> Iterator[Alarm]:
    """Broken glass, and signed copies, that nobody would look at: the alarm was lost.

    `first`: the position of the first entry; `but`: those that have an alarm.
    """
    for position, entry in enumerate(entries, first):
        if entry.action not in LOOKED_AT or position in but:
            continue
        raised_at = from_microseconds(entry.at)
        for patient in entry.patients:
            yield Alarm(
                id=new_uuid(),
                organisation=entry.organisation,
                kind=LOOKED_AT[entry.action],
                account=entry.account,
                session=entry.session,
                patient=patient,
                detail=entry.reason,
                entry=position,
                raised_at=raised_at,
                due_at=raised_at + alarms.REVIEW_WITHIN,
            )


def _id_in(entry: Entry) -> str:
    """The freeze that a release names."""
    return entry.request.split(" ")[1]


def reach_of(session: Session) -> str:
    """Whose reach an opening counts for: the session's, or that of one's apps."""
    return session.id if session.app is None else apps_of(session.whose)


def _is_bare(asked: Disclose) -> bool:
    """Whether it is a referral with which nothing more goes along."""
    types = {one[0] for item in asked.items for one in item.resources}
    return is_bare(asked.action._value_, types)


def request_of(freeze: Freeze) -> str:
    """A freeze as its entry names it; read back at a start."""
    return f"freeze {freeze.id} {freeze.cause} {freeze.kind} {freeze.target}"
