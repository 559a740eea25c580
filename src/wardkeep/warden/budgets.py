# SPDX-License-Identifier: Apache-2.0
"""How many different patients an account reaches, and how many more it may.

Counted apart: patients whom the work explains, others who were opened, others who were
shown in lists, and those whose record went out on paper or as files. Each counts for 24
hours after it was last opened, by the clock that cannot be set, and at a start all is
counted again from the ledger: a restart forgets nothing. What a session reached since
its owner's passkey was last used is counted as well: a stolen session has no passkey.
"""

import math
from collections import OrderedDict
from collections.abc import (
    Collection,
    Iterable,
    Iterator,
    Set as AbstractSet,
)

import msgspec

from wardkeep.identity.roles import PEOPLE, Budget
from wardkeep.ledger.beginnings import GOES_ON_FROM, SIGN_IN
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import SELF_MADE, Why
from wardkeep.warden.contracts import APP
from wardkeep.warden.recent import LastDay

WINDOW_SECONDS = 24 * 3600.0
ROWS_A_PATIENT = 5
"""People in lists that weigh as much as one opening, against the day's budget."""
PRINT_WEIGHT, COPY_WEIGHT = 3, 10
"""What another patient weighs in the day's budget whose record was printed or copied:
a print is a record that nobody closes again, a copy all of it, ready for a machine."""
TRIES = 10
"""Other patients asked for after the reach was spent; then nobody needs to ask why."""
MOST_SESSIONS = 20_000
TOUCHES = frozenset({"sign-in", "wake", "prove", "confirm"})
"""Actions of entries that say: the account's own passkey was used in this session."""
RELEASED = "release-freeze"
"""The action of an entry that gives an account its budget anew."""
_GRANTED, _FIND, _HISTORY = "grant", "find", "history"
_PRINT, _COPY, _CARRY, _SEND = "print", "copy", "carry", "send"
_PEOPLE = frozenset(role.value for role in PEOPLE)
NEEDED = frozenset({"Patient", "Encounter"})
"""Of which a referral by message is made, whatever goes along with it."""


class Spent(msgspec.Struct):
    """Patients by when they were last opened, the longest ago first."""

    expected: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    others: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    rows: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    own: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    """Of the expected, those whom only the account's own writing explains."""
    others_work: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    """Of the expected, those whom work explains that somebody else wrote."""
    printed: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    copied: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    """Whose record was printed or copied, whether the work explains them or not."""
    phones: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    """Who was on a list that went onto a phone; the work explains all of them."""
    sent: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    """Of whom more went along with a referral by message than it needs."""
    oldest: float = math.inf
    """Nobody here was opened before that."""

    def taken_out(self, action: str) -> OrderedDict[str, float] | None:
        """Those of a print, copy, phone, message; None for what stays on the screen."""
        kept = {_PRINT: self.printed, _COPY: self.copied, _CARRY: self.phones}
        return self.sent if action == _SEND else kept.get(action)

    def count(self, counted: OrderedDict[str, float], patient: str, now: float) -> None:
        """Count a patient; `counted` is one of those above."""
        counted[patient] = now
        counted.move_to_end(patient)
        if now < self.oldest:  # noqa: PLR1730 - a call for each opening
            self.oldest = now

    def forget_old(self, now: float) -> None:
        oldest = now - WINDOW_SECONDS
        if self.oldest >= oldest:
            # Asked three times an opening, and hardly ever is there anything.
            return
        seen = (self.others, self.rows)
        explained = (self.expected, self.own, self.others_work)
        self.oldest = math.inf
        out = (self.printed, self.copied, self.phones, self.sent)
        for kept in (*seen, *explained, *out):
            while kept and next(iter(kept.values())) < oldest:
                kept.popitem(last=False)
            self.oldest = min(self.oldest, *kept.values(), math.inf)


class Reached(msgspec.Struct):
    """What a session reached since the passkey was used."""

    met: set[str] = msgspec.field(default_factory=set)
    """Others, opened or in a list."""
    tried: set[str] = msgspec.field(default_factory=set)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where an account and its session would stand after a question."""

    day: int
    """Other patients in 24 hours as they weigh, or people in lists."""
    day_opened: int = 0
    """The same, were this a mere opening; of an opening and a list the same number."""
    day_most: int
    day_soft: int
    reach: int
    """Both since the passkey was used."""
    reach_most: int

    @property
    def is_day_spent(self) -> bool:
        return self.day > self.day_most

    @property
    def is_too_heavy(self) -> bool:
        """Whether there is room for an opening, and none for a print or a copy."""
        return self.day_opened <= self.day_most < self.day

    @property
    def is_reach_spent(self) -> bool:
        return self.reach > self.reach_most

    @property
    def is_soft(self) -> bool:
        return self.day > self.day_soft


Account = tuple[int, str]
"""Organisation and account."""


class Budgets:
    """What every account spent."""

    def __init__(self) -> None:
        self._spent: dict[Account, Spent] = {}
        self._reached: OrderedDict[str, Reached] = OrderedDict()
        self._sessions: dict[Account, set[str]] = {}
        """Which sessions of an account reached anybody since they were touched."""

    def _of(self, account: Account, now: float) -> Spent:
        spent = self._spent.get(account)
        if spent is None:
            spent = self._spent[account] = Spent()
        else:
            spent.forget_old(now)
        return spent

    def _by(self, session: str) -> Reached:
        found = self._reached.get(session)
        if found is None:
            while len(self._reached) >= MOST_SESSIONS:
                self._reached.popitem(last=False)
            found = self._reached[session] = Reached()
        return found

    def is_explained(
        self,
        account: Account,
        patient: str,
        *,
        why: Why,
        budget: Budget,
        now: float,
    ) -> bool:
        """Whether a relationship still explains an opening.

        Who expects more patients than anybody of the role does explains nothing by it.
        What an account wrote for itself explains only so many of them, and what others
        wrote only so many: whom its own work explained today is none of these.
        """
        spent = self._of(account, now)
        if why.is_self_made:
            most = budget.own_today if why.is_of_today else budget.own_work
            has_room = _has_room(spent.own, patient, most)
        else:
            has_room = patient in spent.own or _has_room(
                spent.others_work, patient, budget.others_work
            )
        return has_room and _has_room(spent.expected, patient, budget.expected)

    def after(
        self,
        account: Account,
        session: str,
        patients: AbstractSet[str],
        *,
        budget: Budget,
        action: str,
        now: float,
    ) -> Standing:
        """Where it would stand had these others been opened, or shown in a list.

        The reach counts people, whatever is done with them; the day counts weights.
        """
        spent = self._of(account, now)
        reach = len(self._met(account, session).union(patients))
        if action == _FIND:
            rows = _together(spent.rows, patients)
            return Standing(
                day=rows,
                day_opened=rows,
                day_soft=budget.hard * ROWS_A_PATIENT,
                day_most=budget.hard * ROWS_A_PATIENT,
                reach=reach,
                reach_most=budget.reach,
            )
        opened = _weight(spent, patients, "")
        is_heavier = spent.taken_out(action) is not None
        return Standing(
            day=_weight(spent, patients, action) if is_heavier else opened,
            day_opened=opened,
            day_soft=budget.soft,
            day_most=budget.hard,
            reach=reach,
            reach_most=budget.reach,
        )

    def _met(self, account: Account, session: str) -> set[str]:
        """Whom a session met, with what apps met for the person; an app: all of it.

        An app acts for whoever has the session, and has no passkey of its own.
        """
        apps = apps_of(account)
        named = {session, apps}
        if session == apps:
            named |= self._sessions.get(account, set())
        found = [self._reached[one].met for one in named if one in self._reached]
        return set().union(*found)

    def opened(
        self,
        account: Account,
        session: str,
        patients: Iterable[str],
        *,
        is_list: bool,
        now: float,
    ) -> None:
        """Count others who were opened, or shown in a list."""
        spent, reached = self._of(account, now), self._by(session)
        self._sessions.setdefault(account, set()).add(session)
        counted = spent.rows if is_list else spent.others
        for patient in patients:
            spent.count(counted, patient, now)
            reached.met.add(patient)

    def expected(
        self, account: Account, explained: Iterable[tuple[str, str]], *, now: float
    ) -> None:
        """Count patients whom the work explained: (patient, relationship)."""
        spent = self._of(account, now)
        for patient, relationship in explained:
            spent.count(spent.expected, patient, now)
            if relationship.endswith(SELF_MADE):
                spent.count(spent.own, patient, now)
            elif patient not in spent.own:
                spent.count(spent.others_work, patient, now)

    def take_out(
        self, account: Account, patients: Iterable[str], *, action: str, now: float
    ) -> None:
        """Count whose record is printed, copied, carried, sent; of no other action."""
        spent = self._of(account, now)
        counted = spent.taken_out(action)
        if counted is None:
            return
        for patient in patients:
            spent.count(counted, patient, now)

    def left_after(
        self,
        account: Account,
        patients: AbstractSet[str],
        *,
        action: str,
        budget: Budget,
        now: float,
    ) -> int:
        """How many more may be printed, copied, carried or sent; below 0: too many.

        Whose record was printed already today is printed again for nothing: a printer
        that jams costs nobody anything.
        """
        counted = self._of(account, now).taken_out(action)
        most = {_COPY: budget.copies, _CARRY: budget.homes, _SEND: budget.sendings}
        return most.get(action, budget.prints) - _together(counted or {}, patients)

    def tried(self, session: str, patients: Iterable[str]) -> bool:
        """Count what was asked for beyond the reach; whether it is too much by now."""
        tried = self._by(session).tried
        tried.update(patients)
        return len(tried) >= TRIES

    def touched(self, session: str, account: Account) -> None:
        """The account's own passkey was used: for this session, and for its apps."""
        for one in (session, apps_of(account)):
            self._reached.pop(one, None)
        self._sessions.pop(account, None)

    def carried(self, old: str, new: str, account: Account) -> None:
        """A session took the place of another without a passkey: the reach is one."""
        self._reached[new] = self._by(old)
        self._sessions.setdefault(account, set()).add(new)

    def released(self, account: Account) -> None:
        """A second person gave the account its budget anew."""
        self._spent.pop(account, None)

    def counts(self, account: Account, *, now: float) -> tuple[int, int, int]:
        """Expected, others, and people in lists, in the last 24 hours."""
        spent = self._of(account, now)
        return len(spent.expected), len(spent.others), len(spent.rows)

    def counts_out(self, account: Account, *, now: float) -> tuple[int, int, int, int]:
        """Patients who were printed, copied, sent and carried, in the last 24 hours."""
        spent = self._of(account, now)
        kept = (spent.printed, spent.copied, spent.sent, spent.phones)
        printed, copied, sent, carried = map(len, kept)
        return printed, copied, sent, carried

    def listed_and_opened(self, account: Account) -> tuple[int, int]:
        """People shown in lists in 24 hours, and how many of them were opened."""
        spent = self._spent.get(account, Spent())
        opened = sum(1 for one in spent.rows if one in spent.others)
        return len(spent.rows), opened

    # From the ledger

    @classmethod
    def recounted(
        cls, ledger: Ledger, day: LastDay, with_apps: Collection[Account] = ()
    ) -> "Budgets":
        """From the entries of the ledger's last 24 hours.

        What the ledger dates later than now, as after the clock was set back, counts as
        opened now. `with_apps`: whose apps may go on longer than a session lasts.
        """
        found = cls()
        entries = list(day.within(WINDOW_SECONDS))
        touched = {
            (one.organisation, one.account) for one, _ in entries if _is_touch(one)
        }
        for account in with_apps:
            if account not in touched:
                found._recount_reach(ledger, account)
        for entry, when in entries:
            found.count_entry(entry, when)
        return found

    def _recount_reach(self, ledger: Ledger, account: Account) -> None:
        """Whom somebody and their apps met since the last passkey, however long ago.

        An app goes on for months without it, and what it met on other days counts.
        """
        past = Budgets()
        for entry in _since_touch(ledger, account):
            past.count_entry(entry, 0.0)
        for session in past._sessions.get(account, ()):
            self._by(session).met |= past._by(session).met
            self._sessions.setdefault(account, set()).add(session)

    def count_entry(self, entry: Entry, when: float) -> None:
        """Count what an entry says, as it was counted when it was made."""
        if entry.outcome != _GRANTED:
            return
        if entry.action == RELEASED:
            self.released((entry.organisation, entry.request.rpartition(" ")[2]))
        elif entry.action == SIGN_IN and entry.request.startswith(GOES_ON_FROM):
            old = entry.request.removeprefix(GOES_ON_FROM)
            self.carried(old, entry.session, (entry.organisation, entry.account))
        elif _is_touch(entry):
            self.touched(entry.session, (entry.organisation, entry.account))
        elif entry.role in _PEOPLE and entry.purpose and entry.action != _HISTORY:
            self._count_opening(entry, when)

    def _count_opening(self, entry: Entry, when: float) -> None:
        account = (entry.organisation, entry.account)
        others = [
            one.patient
            for one in entry.subjects
            if not one.relationship and one.packed_patient
        ]
        is_list = entry.action == _FIND
        is_by_app = entry.request.startswith(APP)
        session = apps_of(account) if is_by_app else entry.session
        self.opened(account, session, others, is_list=is_list, now=when)
        named = [one.patient for one in entry.subjects if one.packed_patient]
        if entry.action != _SEND or not is_bare(_SEND, _types_in(entry)):
            self.take_out(account, named, action=entry.action, now=when)
        if not is_list:
            explained = [
                (one.patient, one.relationship)
                for one in entry.subjects
                if one.relationship and one.packed_patient
            ]
            self.expected(account, explained, now=when)


def is_bare(action: str, types: AbstractSet[str]) -> bool:
    """Whether a referral goes with nothing but what it needs: that is not counted."""
    return action == _SEND and bool(types) and types <= NEEDED


def apps_of(account: Account) -> str:
    """What stands for all apps of a person, in place of a session."""
    return f"apps {account[0]} {account[1]}"


def _types_in(entry: Entry) -> AbstractSet[str]:
    return {type_ for one in entry.subjects for type_ in one.packed_resources}


def _is_touch(entry: Entry) -> bool:
    """Whether it says that the account's own passkey was used."""
    goes_on = entry.action == SIGN_IN and entry.request.startswith(GOES_ON_FROM)
    return entry.outcome == _GRANTED and entry.action in TOUCHES and not goes_on


def _since_touch(ledger: Ledger, account: Account) -> Iterator[Entry]:
    """What an account did since its passkey was last used there, the oldest first."""
    organisation, named = account
    found: list[Entry] = []
    for position in reversed(ledger.index.by_account(named)):
        entry = ledger.checked(position)
        # Two ids may share a key of the index.
        if entry.account != named:
            continue
        if entry.organisation == organisation and _is_touch(entry):
            break
        found.append(entry)
    return reversed(found)


def _has_room(counted: Collection[str], patient: str, most: int) -> bool:
    return patient in counted or len(counted) < most


def _together(counted: Collection[str], patients: AbstractSet[str]) -> int:
    return len(counted) + sum(1 for one in patients if one not in counted)


def _weight(spent: Spent, patients: AbstractSet[str], action: str) -> int:
    """Others of 24 hours and these, each as heavy as what was done with the record."""

    def is_other(patient: str) -> bool:
        return patient in patients or patient in spent.others

    copied = {*spent.copied, *(patients if action == _COPY else ())}
    printed = {*spent.printed, *(patients if action == _PRINT else ())} - copied
    more = (COPY_WEIGHT - 1) * sum(map(is_other, copied))
    more += (PRINT_WEIGHT - 1) * sum(map(is_other, printed))
    return _together(spent.others, patients) + more
