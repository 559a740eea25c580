# SPDX-License-Identifier: Apache-2.0
"""No order of writes, deletions, shifts and restarts explains what no work explains."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wardkeep.base.clock import from_microseconds
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.teams.relationships import ExpectedSets, Why
from wardkeep.teams.rosters import Roster, Seat
from wardkeep.teams.ties import Source, Tie, Ties
from wardkeep.warden.budgets import WINDOW_SECONDS, Budgets

NURSE = "a-nurse"
TEAM, PLACE, HERSELF = "t-ward", "Location/w", "Practitioner/n"
BUDGET, OWN_WORK = Role.WARD_NURSE.budget, Role.WARD_NURSE.budget.own_work
HOUR = 3600
START = 1_795_000_000
PATIENTS = [f"p-{n}" for n in range(OWN_WORK + 4)]
MICROSECONDS = 1_000_000

patients = st.sampled_from(PATIENTS)
resources = st.sampled_from([f"e-{n}" for n in range(4)])
hours = st.integers(0, 30)
authors = st.sampled_from([NURSE, "a-colleague", "a-program"])
names = st.sampled_from([PLACE, HERSELF, "Location/elsewhere"])


class Work(RuleBasedStateMachine):
    """A nurse on and off a ward, and everything that is written about its patients."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.stored: dict[Source, Sequence[Tie]] = {}
        """As the database has it."""
        self.ledger: list[Entry] = []
        self.seats: tuple[Seat, ...] = ()
        self.own: list[tuple[int, str]] = []
        """When what she wrote for herself explained whom."""

    @initialize()
    def the_warden_starts(self) -> None:
        self._start()

    @rule()
    def the_warden_starts_again(self) -> None:
        self._start()

    def _start(self) -> None:
        ties = Ties()
        ties.put(self.stored)
        ties.forget_over(self.moment)
        self.expected = ExpectedSets(ties)
        self.budgets = Budgets()
        for entry in self.ledger:
            when = entry.at // MICROSECONDS
            if when >= self.now - WINDOW_SECONDS:
                self.budgets.count_entry(entry, float(when))

    @property
    def moment(self) -> int:
        return self.now * MICROSECONDS

    @rule(id_=resources, patient=patients, who=names, lasts=hours, by=authors)
    def somebody_writes(
        self, *, id_: str, patient: str, who: str, lasts: int, by: str
    ) -> None:
        until = (self.now + lasts * HOUR) * MICROSECONDS
        told = {
            Source(1, "Encounter", id_, patient): [
                Tie(who, "ward", self.moment, until, by)
            ]
        }
        self.stored.update(told)
        self.expected.ties.put(told)

    @rule(named=st.sets(patients, min_size=2), lasts=hours, by=authors)
    def somebody_writes_much_and_she_opens_it(
        self, *, named: set[str], lasts: int, by: str
    ) -> None:
        for patient in sorted(named):
            self.somebody_writes(
                id_="e-0", patient=patient, who=HERSELF, lasts=lasts, by=by
            )
            self.she_opens(patient=patient)

    @rule(id_=resources, patient=patients)
    def somebody_deletes(self, *, id_: str, patient: str) -> None:
        over = Source(1, "Encounter", id_, patient)
        self.stored.pop(over, None)
        self.expected.ties.put({over: []})

    @rule(lasts=hours)
    def she_comes_on_shift(self, *, lasts: int) -> None:
        until = (self.now + lasts * HOUR) * MICROSECONDS
        self.seats = (Seat(TEAM, self.moment, until),)

    @rule()
    def she_leaves_the_team(self) -> None:
        self.seats = ()

    @rule(passing=st.integers(1, 10))
    def time_passes(self, *, passing: int) -> None:
        self.now += passing * HOUR

    @rule()
    def what_is_over_is_forgotten(self) -> None:
        self.expected.ties.forget_over(self.moment)

    @rule(patient=patients)
    def she_opens(self, *, patient: str) -> None:
        why = self._why(patient)
        live = list(self._live(patient))
        if why is None:
            assert all(one.made_by == NURSE for one in live)
            return
        assert live
        if all(one.made_by == NURSE for one in live):
            assert why.is_self_made
            self.own.append((self.now, patient))
        self._count(patient, why)

    def _why(self, patient: str) -> Why | None:
        places, people = {TEAM: frozenset({PLACE})}, {NURSE: frozenset({HERSELF})}
        self.expected.rosters[1] = Roster(people, places, {NURSE: self.seats})
        at = from_microseconds(self.moment)
        why = self.expected.explains(
            account=NURSE, organisation=1, patient=patient, at=at
        )
        is_counted = why is not None and self.budgets.is_explained(
            (1, NURSE),
            patient,
            why=why,
            budget=BUDGET,
            now=float(self.now),
        )
        return why if is_counted else None

    def _live(self, patient: str) -> Iterator[Tie]:
        """What the work says, read slowly and plainly from the database."""
        is_on_shift = any(
            one.since <= self.moment < one.until and one.team == TEAM
            for one in self.seats
        )
        hers = {HERSELF, PLACE} if is_on_shift else {HERSELF}
        for source, ties in self.stored.items():
            for one in ties:
                is_now = one.since <= self.moment < one.until
                if source.patient == patient and one.who in hers and is_now:
                    yield one

    def _count(self, patient: str, why: Why) -> None:
        entry = Entry.about(
            at=self.moment,
            organisation=1,
            account=NURSE,
            session="s",
            role=Role.WARD_NURSE.value,
            purpose="direct-care",
            reason="",
            action="read",
            request="",
            subjects=[
                Subject.about(
                    patient=patient, tier="record", relationship=why.words, resources=()
                )
            ],
            outcome="grant",
            software="test",
        )
        self.ledger.append(entry)
        self.budgets.count_entry(entry, float(self.now))

    @invariant()
    def her_own_writing_explains_no_more_than_the_cap_in_any_day(self) -> None:
        day = timedelta(seconds=WINDOW_SECONDS).total_seconds()
        for since, _ in self.own:
            within = {one for at, one in self.own if since <= at <= since + day}
            assert len(within) <= OWN_WORK


TestWork = Work.TestCase
TestWork.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
