# SPDX-License-Identifier: Apache-2.0
"""Budgets hold whatever happens in which order: openings, touches, restarts, clocks."""

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from wardkeep.base.clock import FrozenClock
from wardkeep.crypto.signing import SigningKey
from wardkeep.identity.roles import REACH, Budget
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import Why
from wardkeep.warden.budgets import (
    COPY_WEIGHT,
    MOST_SESSIONS,
    PRINT_WEIGHT,
    ROWS_A_PATIENT,
    TRIES,
    WINDOW_SECONDS,
    Budgets,
    Spent,
    apps_of,
)
from wardkeep.warden.clock_steps import CLOCK_SET, LEAST_SECONDS, ClockMark
from wardkeep.warden.recent import last_day
from wardkeep.warden.sessions import LONGEST_SECONDS

NURSE = (1, "11111111-1111-4111-8111-111111111111")
BUDGET = Budget(soft=28, hard=35, expected=10)
START = datetime(2026, 11, 23, 9, 41, tzinfo=UTC).timestamp()
START_MONOTONIC = 1_000_000.0


def entry(
    action: str, session: str, at: float, patient: str = "", relationship: str = ""
) -> Entry:
    """An entry as the door and the trace write it."""
    subject = Subject.about(
        patient=patient, tier="record", relationship=relationship, resources=()
    )
    is_opening = bool(patient)
    return Entry.about(
        at=int(at * 1_000_000),
        organisation=NURSE[0],
        account=NURSE[1],
        session=session,
        role="ward_nurse",
        purpose="direct-care" if is_opening else "",
        reason="",
        action=action,
        request=f"freeze x account {NURSE[1]}" if action == "release-freeze" else "",
        subjects=(subject,) if is_opening else (),
        outcome="grant",
        software="test",
    )


@dataclass
class World:
    """The door's use of budgets, beside a log that is counted in the plainest way."""

    ledger: Ledger
    wall: float = START
    monotonic: float = START_MONOTONIC
    budgets: Budgets = field(default_factory=Budgets)
    opened: list[tuple[float, str, str]] = field(default_factory=list)
    """When (monotonic), in which session, whom."""
    since: dict[str, int] = field(default_factory=dict)
    """By session, how many openings there were when the passkey was used last."""
    began: dict[str, float] = field(default_factory=dict)
    """By session, when it was signed in; those not named, at the beginning."""
    released_at: float = -1.0

    def is_over(self, session: str) -> bool:
        """As the door says of a session that has lasted as long as one may."""
        return (
            self.monotonic - self.began.get(session, START_MONOTONIC) > LONGEST_SECONDS
        )

    def asks(self, session: str, patient: str) -> None:
        if self.is_over(session):
            return
        standing = self.budgets.after(
            NURSE, session, {patient}, budget=BUDGET, action="read", now=self.monotonic
        )
        if standing.is_day_spent or standing.is_reach_spent:
            return
        self.ledger.append(entry("read", session, self.wall, patient))
        self.ledger.commit()
        self.budgets.opened(
            NURSE, session, [patient], is_list=False, now=self.monotonic
        )
        self.opened.append((self.monotonic, session, patient))

    def runs(self, session: str, first: int, many: int) -> None:
        """Somebody works through a list."""
        for n in range(first, first + many):
            self.asks(session, str(n))

    def touches(self, session: str) -> None:
        """The passkey in a session; where that is over, in one that begins."""
        if self.is_over(session):
            self.began[session] = self.monotonic
        self.ledger.append(entry("prove", session, self.wall))
        self.ledger.commit()
        self.budgets.touched(session, NURSE)
        self.since[session] = len(self.opened)

    def is_released(self) -> None:
        self.ledger.append(entry("release-freeze", "", self.wall))
        self.ledger.commit()
        self.budgets.released(NURSE)
        self.released_at = self.monotonic

    def restarts(self) -> None:
        """Killed at any moment: what it knew is in files alone."""
        unseen = self.mark().ahead()
        now = self.wall - unseen
        day = last_day(self.ledger, now=now, monotonic=self.monotonic, unseen=unseen)
        self.budgets = Budgets.recounted(self.ledger, day)

    # The clock, whose wall hand somebody moves

    def mark(self) -> ClockMark:
        """As a start reads it; made anew where there is none."""
        return ClockMark(self.ledger.folder.parent / "clock.json", self)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)

    def monotonic_seconds(self) -> float:
        return self.monotonic

    def monotonic_at(self, moment: datetime) -> float:
        return self.monotonic + moment.timestamp() - self.wall

    def boot(self) -> str:
        return "one"

    def steps(self, seconds: float) -> None:
        """The wall clock alone, as by somebody's hand or by daylight saving."""
        self.wall += seconds

    def is_seen_to_step(self, *, dies: bool = False) -> None:
        """The warden looks; it may be killed before the mark is moved on."""
        mark = self.mark()
        ahead = mark.ahead()
        if ahead:
            made = entry(CLOCK_SET, "", self.wall)
            request = mark.request(ahead)
            self.ledger.append(msgspec.structs.replace(made, request=request))
            self.ledger.commit()
            if not dies:
                mark.put()

    def is_set_back_and_put_right(self, seconds: float) -> None:
        """The wall clock, while others write."""
        self.wall -= seconds
        self.ledger.append(entry("sign-out", "s3", self.wall))
        self.ledger.commit()
        self.wall += seconds

    def is_ahead_and_put_right(self, seconds: float) -> None:
        self.is_set_back_and_put_right(-seconds)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def holds(self) -> None:
        # Less than a minute is no step
        window = WINDOW_SECONDS - LEAST_SECONDS
        oldest = max(self.monotonic - window, self.released_at)
        today = {who for when, _, who in self.opened if when > oldest}
        assert len(today) <= BUDGET.hard
        for session in ("s1", "s2"):
            begin = self.since.get(session, 0)
            reached = {who for _, by, who in self.opened[begin:] if by == session}
            assert len(reached) <= REACH


SESSION = st.sampled_from(("s1", "s2"))
STEPS = st.one_of(
    st.tuples(st.just("runs"), SESSION, st.integers(0, 60), st.integers(1, 40)),
    st.tuples(st.just("runs"), SESSION, st.integers(0, 60), st.integers(1, 40)),
    st.tuples(st.just("touches"), SESSION),
    st.tuples(st.just("restarts")),
    st.tuples(st.just("passes"), st.floats(1.0, 40_000.0)),
    st.tuples(st.just("steps"), st.floats(-200_000.0, 200_000.0)),
    st.tuples(st.just("steps"), st.floats(80_000.0, 100_000.0)),
    st.tuples(st.just("is_seen_to_step")),
    st.tuples(st.just("is_killed_as_it_sees")),
    st.tuples(st.just("is_set_back_and_put_right"), st.floats(1.0, 200_000.0)),
    st.tuples(st.just("is_ahead_and_put_right"), st.floats(1.0, 200_000.0)),
)
RARELY = st.one_of(STEPS, STEPS, STEPS, st.tuples(st.just("is_released")))


@settings(max_examples=150, deadline=None)
@given(st.lists(RARELY, min_size=5, max_size=40))
def test_no_order_of_events_lets_an_account_pass_its_cap(
    steps: list[tuple[object, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(opened_ledger(Path(folder)))
        world.mark()
        for name, *details in steps:
            if name == "is_killed_as_it_sees":
                world.is_seen_to_step(dies=True)
                world.restarts()
            else:
                getattr(world, str(name))(*details)
            world.holds()
        world.ledger.close()


def test_a_clock_that_was_set_back_for_a_moment_hides_no_opening(
    tmp_path: Path,
) -> None:
    """One entry that looks two days old, and all that lies before it was forgotten."""
    world = World(opened_ledger(tmp_path))
    world.runs("s1", 0, REACH)
    world.is_set_back_and_put_right(2 * WINDOW_SECONDS)
    world.passes(60.0)
    world.restarts()
    assert world.budgets.counts(NURSE, now=world.monotonic) == (0, REACH, 0)
    world.asks("s1", "one-more")
    world.holds()
    # And a day later it is forgotten all the same
    world.passes(WINDOW_SECONDS)
    world.restarts()
    assert world.budgets.counts(NURSE, now=world.monotonic) == (0, 0, 0)
    world.ledger.close()


def test_one_entry_of_a_clock_that_was_ahead_makes_none_after_it_younger(
    tmp_path: Path,
) -> None:
    """The clock was a year ahead for a moment, and two days later the warden starts."""
    ledger, hour = opened_ledger(tmp_path), 3600.0
    ledger.append(entry("read", "s1", START + 365 * WINDOW_SECONDS, "ahead"))
    for n in range(48):
        ledger.append(entry("read", "s1", START + n * hour, f"p{n}"))
    ledger.commit()
    now = START + 48 * hour
    day = last_day(ledger, now=now, monotonic=5.0)
    found, last = Budgets.recounted(ledger, day), list(day.within(hour))
    ledger.close()
    # Of the last day, and the one of which nobody knows when it was
    assert found.counts(NURSE, now=5.0) == (0, 24 + 1, 0)
    assert found.counts(NURSE, now=6.0 + WINDOW_SECONDS) == (0, 0, 0)
    # Nor has an hour, by which a breaker trips for everybody, all of the two days in it
    assert [(one.patients, when) for one, when in last] == [
        (("ahead",), 5.0),
        (("p47",), 5.0 - hour),
    ]


def test_a_clock_set_ahead_by_a_day_and_a_start_give_nobody_a_new_day(
    tmp_path: Path,
) -> None:
    world = World(opened_ledger(tmp_path))
    world.mark()
    world.runs("s1", 0, REACH)
    world.touches("s1")
    world.runs("s1", REACH, BUDGET.hard - REACH)
    for _ in range(3):
        world.steps(WINDOW_SECONDS)
        world.restarts()
        world.is_seen_to_step()
        world.touches("s1")
        world.asks("s1", "one-more")
        world.holds()
        assert world.budgets.counts(NURSE, now=world.monotonic) == (0, BUDGET.hard, 0)
    # And a real day later it is forgotten all the same, however often it starts
    world.passes(WINDOW_SECONDS + LEAST_SECONDS)
    world.restarts()
    assert world.budgets.counts(NURSE, now=world.monotonic) == (0, 0, 0)
    world.ledger.close()


def opened_ledger(folder: Path) -> Ledger:
    return Ledger.open(
        folder / "ledger",
        origin="test",
        signing_key=SigningKey.generate(),
        clock=FrozenClock(datetime(2026, 11, 23, tzinfo=UTC)),
    )


@pytest.fixture
def budgets() -> Budgets:
    return Budgets()


def test_a_patient_counts_once_and_for_a_day_after_the_last_opening(
    budgets: Budgets,
) -> None:
    for now in (0.0, 1.0, WINDOW_SECONDS - 1):
        budgets.opened(NURSE, "s1", ["p1"], is_list=False, now=now)
    assert budgets.counts(NURSE, now=WINDOW_SECONDS + 10) == (0, 1, 0)
    assert budgets.counts(NURSE, now=2 * WINDOW_SECONDS) == (0, 0, 0)


def test_lists_weigh_less_in_a_day_and_as_much_for_the_reach(
    budgets: Budgets,
) -> None:
    people = [f"p{n}" for n in range(REACH)]
    budgets.opened(NURSE, "s1", people, is_list=True, now=0.0)
    one_more = budgets.after(NURSE, "s1", {"q"}, budget=BUDGET, action="find", now=0.0)
    assert one_more.is_reach_spent
    assert not one_more.is_day_spent
    assert one_more.day_most == BUDGET.hard * ROWS_A_PATIENT
    chart = budgets.after(NURSE, "s1", {"p1"}, budget=BUDGET, action="read", now=0.0)
    assert (chart.day, chart.reach) == (1, REACH)
    assert not chart.is_reach_spent


def test_more_relationships_than_a_role_has_explain_nothing(budgets: Budgets) -> None:
    ward = Why("ward")
    on_it = [(f"p{n}", ward.words) for n in range(BUDGET.expected)]
    budgets.expected(NURSE, on_it, now=0.0)
    found = [
        budgets.is_explained(NURSE, one, why=ward, budget=BUDGET, own_work=0, now=0.0)
        for one in ("p0", "q")
    ]
    assert found == [True, False]


def test_attempts_after_the_reach_was_spent_are_counted_by_patient(
    budgets: Budgets,
) -> None:
    told = [budgets.tried("s1", ["p"]) for _ in range(TRIES)]
    assert told == [False] * TRIES
    told = [budgets.tried("s1", [f"p{n}"]) for n in range(TRIES)]
    assert told == [*[False] * (TRIES - 2), True, True]


def test_a_flood_of_sessions_forgets_the_oldest_and_no_account(
    budgets: Budgets,
) -> None:
    budgets.opened(NURSE, "first", ["p"], is_list=False, now=0.0)
    for n in range(MOST_SESSIONS):
        budgets.tried(f"s{n}", ())
    assert budgets.counts(NURSE, now=0.0) == (0, 1, 0)


@pytest.mark.parametrize(
    ("changed", "counted"),
    [
        ({}, (0, 1, 0)),
        ({"action": "find"}, (0, 0, 1)),
        ({"action": "history"}, (0, 0, 0)),
        ({"outcome": "refusal:reason-needed"}, (0, 0, 0)),
        ({"role": "service"}, (0, 0, 0)),
        ({"purpose": ""}, (0, 0, 0)),
    ],
)
def test_an_entry_counts_as_it_did_when_it_was_made(
    budgets: Budgets, changed: dict[str, str], counted: tuple[int, int, int]
) -> None:
    made = msgspec.structs.replace(entry("read", "s1", START, "p1"), **changed)
    budgets.count_entry(made, 0.0)
    assert budgets.counts(NURSE, now=0.0) == counted


def test_an_opening_counts_whatever_the_web_process_says_of_it(
    budgets: Budgets,
) -> None:
    made = entry("read", "s1", START, "p1")
    made = msgspec.structs.replace(made, request="goes on from session s2")
    budgets.count_entry(made, 0.0)
    assert budgets.counts(NURSE, now=0.0) == (0, 1, 0)


def test_what_the_work_explained_is_counted_apart(budgets: Budgets) -> None:
    budgets.count_entry(entry("read", "s1", START, "p1", "ward"), 0.0)
    assert budgets.counts(NURSE, now=0.0) == (1, 0, 0)


def test_what_is_dated_after_now_counts_as_opened_now(tmp_path: Path) -> None:
    ledger = opened_ledger(tmp_path)
    ledger.append(entry("read", "s1", START, "p1"))
    ledger.commit()
    two_days_back = START - 2 * WINDOW_SECONDS
    day = last_day(ledger, now=two_days_back, monotonic=5.0)
    found = Budgets.recounted(ledger, day)
    ledger.close()
    assert found.counts(NURSE, now=5.0 + WINDOW_SECONDS - 1) == (0, 1, 0)


def test_an_app_reaches_no_further_than_the_session_that_it_acts_for(
    budgets: Budgets,
) -> None:
    half = [f"p{n}" for n in range(REACH - 1)]
    budgets.opened(NURSE, "s1", half, is_list=False, now=0.0)
    by_app = apps_of(NURSE)
    budgets.opened(NURSE, by_app, ["q1"], is_list=False, now=0.0)
    for who in ("s1", by_app):
        beyond = budgets.after(
            NURSE, who, {"q2"}, budget=BUDGET, action="read", now=0.0
        )
        assert beyond.is_reach_spent
    other = budgets.after(NURSE, "s2", {"q2"}, budget=BUDGET, action="read", now=0.0)
    assert other.reach == 2
    budgets.touched("s1", NURSE)
    again = budgets.after(NURSE, by_app, {"q2"}, budget=BUDGET, action="read", now=0.0)
    assert again.reach == 1


def test_what_apps_opened_is_counted_again_for_apps(budgets: Budgets) -> None:
    made = entry("read", "token-of-an-app", START, "p1")
    by_app = msgspec.structs.replace(made, request="app 17: read Patient")
    budgets.count_entry(by_app, 0.0)
    standing = budgets.after(NURSE, "s9", {"q"}, budget=BUDGET, action="read", now=0.0)
    assert standing.reach == 2


def printed(budgets: Budgets, patients: list[str], action: str = "print") -> None:
    budgets.opened(NURSE, "s1", patients, is_list=False, now=0.0)
    budgets.take_out(NURSE, patients, action=action, now=0.0)


def day(budgets: Budgets, patient: str, action: str = "read", now: float = 0.0) -> int:
    found = budgets.after(NURSE, "s1", {patient}, budget=BUDGET, action=action, now=now)
    return found.day


def test_another_patient_printed_weighs_three_and_copied_ten_whatever_came_first(
    budgets: Budgets,
) -> None:
    printed(budgets, ["p"])
    assert (PRINT_WEIGHT, COPY_WEIGHT) == (3, 10)
    assert day(budgets, "p") == 3
    # Twice is no heavier than once, and the heavier of two counts.
    assert day(budgets, "p", "print") == 3
    assert day(budgets, "p", "copy") == 10
    assert day(budgets, "q") == 4
    assert day(budgets, "q", "print") == 6
    printed(budgets, ["p"], "copy")
    assert day(budgets, "p", "print") == 10
    # Opened first, printed after
    budgets.opened(NURSE, "s1", ["r"], is_list=False, now=0.0)
    assert day(budgets, "r", "print") == 13


def test_the_reach_counts_people_whatever_is_done_with_them(budgets: Budgets) -> None:
    printed(budgets, [f"p{n}" for n in range(5)])
    found = budgets.after(NURSE, "s1", {"q"}, budget=BUDGET, action="print", now=0.0)
    assert (found.reach, found.day, found.day_opened) == (6, 18, 16)


def test_whom_the_work_explains_weighs_nothing_and_counts_as_a_print(
    budgets: Budgets,
) -> None:
    budgets.take_out(NURSE, ["p"], action="print", now=0.0)
    assert day(budgets, "q") == 1
    assert budgets.counts_out(NURSE, now=0.0) == (1, 0, 0, 0)


def left(budgets: Budgets, patient: str, action: str, now: float = 0.0) -> int:
    budget = Budget(soft=1, hard=1, prints=2, copies=1)
    return budgets.left_after(NURSE, {patient}, action=action, budget=budget, now=now)


def test_a_printer_that_jams_costs_nobody_a_print(budgets: Budgets) -> None:
    assert left(budgets, "p", "print") == 1
    budgets.take_out(NURSE, ["p", "q"], action="print", now=0.0)
    assert left(budgets, "p", "print") == left(budgets, "q", "print") == 0
    assert left(budgets, "r", "print") == -1
    assert left(budgets, "r", "copy") == 0
    budgets.take_out(NURSE, ["p"], action="copy", now=0.0)
    assert left(budgets, "r", "copy") == -1
    later = WINDOW_SECONDS + 1
    assert left(budgets, "r", "print", later) == 1
    assert left(budgets, "r", "copy", later) == 0
    assert budgets.counts_out(NURSE, now=later) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("action", "relationship", "out", "weight"),
    [
        ("print", "", (1, 0, 0, 0), 3),
        ("copy", "", (0, 1, 0, 0), 10),
        ("print", "ward", (1, 0, 0, 0), 0),
        ("send", "", (0, 0, 1, 0), 1),
        ("send", "queue", (0, 0, 1, 0), 0),
        ("carry", "ward", (0, 0, 0, 1), 0),
        ("read", "", (0, 0, 0, 0), 1),
    ],
)
def test_what_left_counts_after_a_start_as_it_did_before(
    budgets: Budgets,
    action: str,
    relationship: str,
    out: tuple[int, int, int, int],
    weight: int,
) -> None:
    budgets.count_entry(entry(action, "s1", START, "p", relationship), 0.0)
    assert budgets.counts_out(NURSE, now=0.0) == out
    assert day(budgets, "q") == weight + 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["expected", "others", "copied"]),
            st.sampled_from("abcd"),
            st.integers(0, int(WINDOW_SECONDS) // 2),
        ),
        max_size=30,
    )
)
def test_who_is_old_is_forgotten_at_the_first_look(
    opened: list[tuple[str, str, int]],
) -> None:
    spent, now = Spent(), START_MONOTONIC
    known: dict[tuple[str, str], float] = {}
    for name, patient, later in opened:
        now += later
        spent.forget_old(now)
        known = {one: at for one, at in known.items() if now - at <= WINDOW_SECONDS}
        found = {
            (kind, one): at
            for kind in ("expected", "others", "copied")
            for one, at in getattr(spent, kind).items()
        }
        assert found == known
        spent.count(getattr(spent, name), patient, now)
        known[name, patient] = now
