# SPDX-License-Identifier: Apache-2.0
"""What a person's apps met counts until the passkey is used, whatever restarts."""

import tempfile
from collections.abc import Iterator
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
from wardkeep.warden.budgets import WINDOW_SECONDS, Budgets, apps_of
from wardkeep.warden.recent import LastDay, last_day

NURSE = (1, "11111111-1111-4111-8111-111111111111")
ELSEWHERE = (2, NURSE[1])
SOMEBODY = (1, "22222222-2222-4222-8222-222222222222")
BUDGET = Budget(soft=500, hard=500, expected=10, reach=REACH)
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC).timestamp()


def entry(
    account: tuple[int, str],
    action: str,
    *,
    session: str = "s1",
    at: float,
    patient: str = "",
    request: str = "",
) -> Entry:
    """An entry as the door and the trace write it."""
    about = Subject.about(patient=patient, tier="record", relationship="", resources=())
    return Entry.about(
        at=int(at * 1_000_000),
        organisation=account[0],
        account=account[1],
        session=session,
        role="ward_nurse",
        purpose="direct-care" if patient else "",
        reason="",
        action=action,
        request=request,
        subjects=(about,) if patient else (),
        outcome="grant",
        software="test",
    )


@dataclass
class Days:
    """A person, their apps, and a warden that is never stopped beside one that is."""

    ledger: Ledger
    at: float = START
    live: Budgets = field(default_factory=Budgets)

    def tells(self, made: Entry) -> None:
        self.ledger.append(made)
        self.ledger.commit()
        self.live.count_entry(made, self.at - START)

    def app_opens(self, *patients: str, of: tuple[int, str] = NURSE) -> None:
        for one in patients:
            request = "app 9f: GET Patient"
            made = entry(of, "read", at=self.at, patient=one, request=request)
            self.tells(made)

    def opens(self, patient: str, session: str = "s1") -> None:
        self.tells(entry(NURSE, "read", session=session, at=self.at, patient=patient))

    def touches(self, session: str = "s1", *, of: tuple[int, str] = NURSE) -> None:
        self.tells(entry(of, "prove", session=session, at=self.at))

    def restarted(self) -> Budgets:
        return Budgets.recounted(self.ledger, self.last_day(), [NURSE, ELSEWHERE])

    def last_day(self) -> LastDay:
        return last_day(self.ledger, now=self.at, monotonic=self.at - START)

    def reach(self, budgets: Budgets, of: tuple[int, str] = NURSE) -> int:
        """Of the apps, were nobody more opened."""
        return budgets.after(
            of,
            apps_of(of),
            frozenset(),
            budget=BUDGET,
            action="read",
            now=self.at - START,
        ).reach


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    ledger = opened(tmp_path)
    yield Days(ledger)
    ledger.close()


def opened(folder: Path) -> Ledger:
    return Ledger.open(
        folder / "ledger",
        origin="test",
        signing_key=SigningKey.generate(),
        clock=FrozenClock(datetime.fromtimestamp(START, tz=UTC)),
    )


def test_what_apps_met_days_ago_counts_after_a_restart(days: Days) -> None:
    days.touches()
    for n in range(REACH):
        days.app_opens(f"p-{n}")
        days.at += WINDOW_SECONDS + 1.0
    found = days.restarted()
    assert days.reach(found) == days.reach(days.live) == REACH
    # The day is over: it was never longer than a day.
    assert found.counts(NURSE, now=days.at - START) == (0, 0, 0)


def test_before_the_last_touch_nothing_is_counted(days: Days) -> None:
    days.app_opens("p-1", "p-2")
    days.touches()
    days.app_opens("p-3")
    days.at += 3 * WINDOW_SECONDS
    days.app_opens("p-4")
    assert days.reach(days.restarted()) == days.reach(days.live) == 2


def test_a_touch_of_the_last_day_forgets_what_was_before(days: Days) -> None:
    days.app_opens("p-1", "p-2")
    days.at += 3 * WINDOW_SECONDS
    days.touches()
    assert days.reach(days.restarted()) == days.reach(days.live) == 0


def test_only_a_touch_in_the_same_organisation_ends_it(days: Days) -> None:
    days.app_opens("p-1")
    days.touches(of=ELSEWHERE)
    days.app_opens("q-1", "q-2", of=ELSEWHERE)
    days.at += 3 * WINDOW_SECONDS
    found = days.restarted()
    for of, reach in ((NURSE, 1), (ELSEWHERE, 2)):
        assert days.reach(found, of) == days.reach(days.live, of) == reach


def test_what_a_session_met_for_which_it_goes_on_counts_for_its_apps(
    days: Days,
) -> None:
    days.touches("s1")
    days.opens("p-1", "s1")
    made = entry(NURSE, "sign-in", session="s2", at=days.at)
    days.tells(msgspec.structs.replace(made, request="goes on from session s1"))
    days.opens("p-2", "s2")
    days.at += 2 * WINDOW_SECONDS
    days.app_opens("p-3")
    assert days.reach(days.restarted()) == days.reach(days.live) == 3


def test_another_account_under_the_same_key_of_the_index_is_not_counted(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    days.touches()
    days.tells(entry(SOMEBODY, "read", at=days.at, patient="q-1"))
    days.app_opens("p-1")
    days.at += 2 * WINDOW_SECONDS
    everybody = range(days.ledger.committed_size)
    index = type(days.ledger.index)
    monkeypatch.setattr(index, "by_account", lambda *_: everybody)
    assert days.reach(days.restarted()) == 1


def test_whose_apps_ended_with_their_session_is_not_looked_for(days: Days) -> None:
    days.app_opens("p-1")
    days.at += 2 * WINDOW_SECONDS
    found = Budgets.recounted(days.ledger, days.last_day())
    assert days.reach(found) == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("app"), st.integers(0, 9)),
        st.tuples(st.just("opens"), st.integers(0, 9)),
        st.tuples(st.just("touches"), st.integers(0, 1)),
        st.tuples(st.just("passes"), st.integers(1, 40)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_a_restart_at_any_moment_leaves_apps_the_reach_that_they_had(
    steps: list[tuple[str, int]],
) -> None:
    """Whoever opens, touches and waits in whatever order."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = opened(Path(folder))
        days, signed_in = Days(ledger), 0
        for what, n in steps:
            if what == "app":
                days.app_opens(f"p-{n}")
            elif what == "opens":
                # Of sessions that are over nobody opens anything.
                days.opens(f"p-{n}", f"s{signed_in}")
            elif what == "touches":
                signed_in += n
                days.touches(f"s{signed_in}")
            else:
                days.at += n * 3600.0
            assert days.reach(days.restarted()) == days.reach(days.live)
        ledger.close()
