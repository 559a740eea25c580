# SPDX-License-Identifier: Apache-2.0
"""What budgets count, to the number: `make mutants` changes each, and a test tells."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from support.ledgers import ACCOUNT, entry_about, open_ledger
from wardkeep.identity.roles import Budget
from wardkeep.ledger.entry import Entry, Subject, pack_id
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import Why
from wardkeep.warden.budgets import Account, Budgets, Standing, apps_of, is_bare
from wardkeep.warden.recent import last_day

NURSE, ELSEWHERE = (1, ACCOUNT), (2, ACCOUNT)
BEFORE = (1, "0a0a0a0a-0000-4000-8000-000000000001")
AFTER = (1, "0c0c0c0c-0000-4000-8000-000000000001")
DAY = 86_400.0
BUDGET = Budget(
    soft=28, hard=35, expected=3, reach=25, prints=2, copies=1, others_work=3
)
BEGAN = entry_about("p").at / 1_000_000


def made(action: str = "read", patient: str = "p", **changed: object) -> Entry:
    """An entry of somebody whom nothing in the work explains."""
    about = Subject.about(patient=patient, tier="record", relationship="", resources=())
    told = {"role": "ward_nurse", "subjects": [about], **changed}
    return msgspec.structs.replace(entry_about(patient), action=action, **told)


def of(account: Account, entry: Entry, at: float = BEGAN) -> Entry:
    """The same by another account, or at another time."""
    organisation, named = account
    return msgspec.structs.replace(
        entry,
        organisation=organisation,
        packed_account=pack_id(named),
        at=int(at * 1_000_000),
    )


@pytest.fixture
def budgets() -> Budgets:
    return Budgets()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path)
    yield opened
    opened.close()


def reach(budgets: Budgets, session: str, account: Account = NURSE) -> int:
    """How many a session met, were nobody more opened."""
    return budgets.after(
        account, session, frozenset(), budget=BUDGET, action="read", now=0.0
    ).reach


# Standing


@pytest.mark.parametrize(
    ("day", "opened", "is_spent", "is_heavy", "is_soft"),
    [
        (27, 27, False, False, False),
        (28, 28, False, False, False),
        (29, 29, False, False, True),
        (35, 35, False, False, True),
        (36, 36, True, False, True),
        (36, 35, True, True, True),
        (36, 34, True, True, True),
        (35, 34, False, False, True),
    ],
)
def test_a_budget_is_spent_by_the_next_one_after_it(
    day: int, opened: int, *, is_spent: bool, is_heavy: bool, is_soft: bool
) -> None:
    found = Standing(
        day=day, day_opened=opened, day_soft=28, day_most=35, reach=0, reach_most=25
    )
    assert (found.is_day_spent, found.is_too_heavy) == (is_spent, is_heavy)
    assert found.is_soft is is_soft


@pytest.mark.parametrize("reached", [24, 25, 26, 27])
def test_a_reach_is_spent_by_the_next_one_after_it(reached: int) -> None:
    found = Standing(day=0, day_soft=1, day_most=1, reach=reached, reach_most=25)
    assert found.is_reach_spent is (reached > 25)


def test_a_list_has_five_people_for_each_patient_of_a_day(budgets: Budgets) -> None:
    budgets.opened(NURSE, "s1", ["a", "b"], is_list=True, now=0.0)
    budgets.opened(NURSE, "s1", ["c"], is_list=False, now=0.0)
    found = budgets.after(
        NURSE, "s1", {"b", "c", "d"}, budget=BUDGET, action="find", now=0.0
    )
    assert (found.day, found.day_opened, found.reach) == (4, 4, 4)
    assert (found.day_soft, found.day_most, found.reach_most) == (175, 175, 25)
    read = budgets.after(NURSE, "s1", {"d"}, budget=BUDGET, action="read", now=0.0)
    assert (read.day, read.day_soft, read.day_most, read.reach_most) == (2, 28, 35, 25)
    assert budgets.listed_and_opened(NURSE) == (2, 0)
    budgets.opened(NURSE, "s1", ["a", "b", "e"], is_list=False, now=0.0)
    budgets.opened(NURSE, "s1", ["f"], is_list=True, now=0.0)
    assert budgets.listed_and_opened(NURSE) == (3, 2)
    assert budgets.listed_and_opened(ELSEWHERE) == (0, 0)


# A day


def test_each_counts_for_a_day_to_the_second(budgets: Budgets) -> None:
    for patient, when in (("a", 100.0), ("b", 200.0), ("a", 300.0), ("c", 400.0)):
        budgets.opened(NURSE, "s1", [patient], is_list=False, now=when)
        budgets.opened(NURSE, "s1", [patient], is_list=True, now=when)
        budgets.expected(NURSE, [(patient, "ward")], now=when)
        for action in ("print", "copy", "send", "carry"):
            budgets.take_out(NURSE, [patient], action=action, now=when)
    for later, many in ((200, 3), (201, 2), (300, 2), (301, 1), (400, 1), (401, 0)):
        assert budgets.counts(NURSE, now=DAY + later) == (many,) * 3
        assert budgets.counts_out(NURSE, now=DAY + later) == (many,) * 4


def test_what_an_account_wrote_for_itself_explains_so_many(budgets: Budgets) -> None:
    mine, ward = Why("ward", is_self_made=True), Why("ward")
    budgets.expected(NURSE, [("a", mine.words), ("b", mine.words)], now=0.0)

    def explains(why: Why, patient: str, *, own_work: int, now: float = 0.0) -> bool:
        budget = msgspec.structs.replace(BUDGET, own_work=own_work)
        return budgets.is_explained(NURSE, patient, why=why, budget=budget, now=now)

    assert explains(mine, "c", own_work=3)
    assert not explains(mine, "c", own_work=2)
    assert not explains(mine, "c", own_work=1)
    assert explains(mine, "a", own_work=1)
    assert explains(ward, "c", own_work=1)
    # Not more of its own than of all together, either.
    budgets.expected(NURSE, [("d", ward.words)], now=0.0)
    assert not explains(mine, "c", own_work=9)
    assert not explains(ward, "c", own_work=9)
    assert explains(ward, "d", own_work=0)
    assert explains(mine, "c", own_work=1, now=DAY + 1)


# What leaves


def left(budgets: Budgets, action: str, *patients: str, **others: int) -> int:
    budget = msgspec.structs.replace(BUDGET, **others)
    return budgets.left_after(
        NURSE, set(patients), action=action, budget=budget, now=0.0
    )


def test_what_leaves_is_counted_by_how_it_leaves(budgets: Budgets) -> None:
    for action in ("read", "write", "search", "find"):
        budgets.take_out(NURSE, ["a"], action=action, now=0.0)
    assert budgets.counts_out(NURSE, now=0.0) == (0, 0, 0, 0)
    for number, action in enumerate(("print", "copy", "send", "carry"), 1):
        patients = [f"p{n}" for n in range(number)]
        budgets.take_out(NURSE, patients, action=action, now=0.0)
    assert budgets.counts_out(NURSE, now=0.0) == (1, 2, 3, 4)
    assert left(budgets, "print", "q") == 0
    assert left(budgets, "copy", "q") == -2
    assert left(budgets, "send", "p0", "q", sendings=9) == 5
    assert left(budgets, "carry", "q", "r", homes=9) == 3
    assert left(budgets, "read", "q") == 1, "of what stays on the screen none went"


@pytest.mark.parametrize(
    ("action", "types", "is_it"),
    [
        ("send", {"Patient"}, True),
        ("send", {"Patient", "Encounter"}, True),
        ("send", set(), False),
        ("send", {"Observation"}, False),
        ("send", {"Patient", "Encounter", "Observation"}, False),
        ("print", {"Patient"}, False),
        ("write", {"Patient"}, False),
    ],
)
def test_a_referral_goes_bare_or_with_more(
    budgets: Budgets, action: str, types: set[str], *, is_it: bool
) -> None:
    assert is_bare(action, types) is is_it
    about = Subject.about(
        patient="p",
        tier="record",
        relationship="",
        resources=[(one, "r", 1) for one in sorted(types)],
    )
    budgets.count_entry(made(action, subjects=[about]), 0.0)
    counted = (action == "print", 0, action == "send" and not is_it, 0)
    assert budgets.counts_out(NURSE, now=0.0) == counted


def test_what_was_done_to_the_record_weighs_once_and_for_others_alone(
    budgets: Budgets,
) -> None:
    def day(patient: str, action: str = "read") -> int:
        return budgets.after(
            NURSE, "s1", {patient}, budget=BUDGET, action=action, now=0.0
        ).day

    budgets.opened(NURSE, "s1", ["a", "b"], is_list=False, now=0.0)
    budgets.take_out(NURSE, ["a", "mine"], action="print", now=0.0)
    assert (day("a"), day("q"), day("mine")) == (4, 5, 5 + 2)
    budgets.take_out(NURSE, ["b", "mine"], action="copy", now=0.0)
    assert (day("a"), day("q"), day("mine")) == (13, 14, 23)
    # Nor is a message any heavier than an opening.
    assert (day("q", "send"), day("q", "carry")) == (14, 14)
    assert (day("q", "print"), day("q", "copy")) == (16, 23)


# Sessions


def test_ten_who_were_asked_for_in_vain_are_too_many(budgets: Budgets) -> None:
    assert not budgets.tried("s1", [f"p{n}" for n in range(9)])
    assert budgets.tried("s1", ["one more"])
    assert budgets.tried("s1", ["and one"])
    assert not budgets.tried("s2", ["p"])


def test_twenty_thousand_sessions_are_remembered(budgets: Budgets) -> None:
    budgets.opened(NURSE, "first", ["p"], is_list=False, now=0.0)
    budgets.opened(NURSE, "second", ["p"], is_list=False, now=0.0)
    for n in range(19_998):
        budgets.tried(f"s{n}", ())
    assert reach(budgets, "first") == 1
    budgets.tried("one more", ())
    assert (reach(budgets, "first"), reach(budgets, "second")) == (0, 1)
    # A session that took the place of another is one more, until the next begins.
    budgets.carried("s5", "s5 goes on", NURSE)
    budgets.tried("and one", ())
    assert reach(budgets, "second") == 0
    assert len(budgets._reached) == 20_000


@pytest.mark.parametrize("session", ["0-first", "s1"])
def test_a_session_has_met_none_of_whom_another_met(
    budgets: Budgets, session: str
) -> None:
    budgets.opened(NURSE, "other", ["a", "b"], is_list=False, now=0.0)
    budgets.opened(NURSE, session, ["c"], is_list=False, now=0.0)
    assert reach(budgets, session) == 1
    assert reach(budgets, apps_of(NURSE)) == 3
    budgets.opened(NURSE, apps_of(NURSE), ["d"], is_list=False, now=0.0)
    assert (reach(budgets, session), reach(budgets, apps_of(NURSE))) == (2, 4)
    # Of a colleague's apps nobody has met anybody.
    for account in (ELSEWHERE, BEFORE, AFTER):
        assert reach(budgets, apps_of(account), account) == 0


@pytest.mark.parametrize(
    ("action", "changed", "reached"),
    [
        ("prove", {}, 0),
        ("confirm", {}, 0),
        ("wake", {}, 0),
        ("sign-in", {}, 0),
        ("sign-out", {}, 1),
        ("prove", {"outcome": "refusal:wrong-key"}, 1),
        ("prove", {"outcome": "awaited"}, 1),
        # Only of a sign-in is it true.
        ("prove", {"request": "goes on from session s0"}, 0),
        ("wake", {"request": "goes on from session s0"}, 0),
        ("sign-in", {"request": "goes on from session s0"}, 2),
    ],
)
@pytest.mark.parametrize("days", [0, 3])
def test_a_touch_begins_anew_live_and_after_a_start(
    ledger: Ledger, action: str, changed: dict[str, str], reached: int, days: int
) -> None:
    live = Budgets()
    session = made().session
    before = of(NURSE, made(patient="a"))
    old = made(patient="b", packed_session=pack_id("s0"))
    touch = made(action, subjects=[], purpose="", **changed)
    for one in (old, before, of(NURSE, touch, BEGAN + 1)):
        live.count_entry(one, 0.0)
        ledger.append(one)
    ledger.commit()
    if reached == 2:
        assert reach(live, session) == 1, "of the session that it goes on from"
    else:
        assert reach(live, session) == reached
    now = BEGAN + 2 + days * DAY
    day = last_day(ledger, now=now, monotonic=0.0)
    found = Budgets.recounted(ledger, day, [NURSE])
    assert reach(found, apps_of(NURSE)) == reach(live, apps_of(NURSE))


@pytest.mark.parametrize("other", [BEFORE, AFTER])
def test_of_accounts_that_share_a_key_each_is_counted_alone(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, other: Account
) -> None:
    for one in (
        of(NURSE, made("prove", subjects=[], purpose="")),
        of(NURSE, made(patient="a", request="app 9f: read")),
        of(other, made(patient="b", request="app 9f: read")),
        of(other, made("prove", subjects=[], purpose="")),
        of(NURSE, made(patient="c", request="app 9f: read")),
    ):
        ledger.append(one)
    ledger.commit()
    everybody = range(ledger.committed_size)
    monkeypatch.setattr(type(ledger.index), "by_account", lambda *_: everybody)
    day = last_day(ledger, now=BEGAN + 3 * DAY, monotonic=0.0)
    found = Budgets.recounted(ledger, day, [NURSE])
    assert reach(found, apps_of(NURSE)) == 2


@pytest.mark.parametrize(
    ("of_apps", "touched"), [(NURSE, ELSEWHERE), (ELSEWHERE, NURSE)]
)
def test_a_touch_in_one_organisation_is_none_in_another(
    ledger: Ledger, of_apps: Account, touched: Account
) -> None:
    for one in (
        of(of_apps, made(patient="a", request="app 9f: read")),
        of(touched, made("prove", subjects=[], purpose="")),
    ):
        ledger.append(one)
    ledger.commit()
    day = last_day(ledger, now=BEGAN + 3 * DAY, monotonic=0.0)
    found = Budgets.recounted(ledger, day, [of_apps])
    assert reach(found, apps_of(of_apps), of_apps) == 1


# Entries


@pytest.mark.parametrize(
    ("entry", "counted"),
    [
        (made("write", request="goes on from session s2"), (0, 1, 0)),
        (made("copy"), (0, 1, 0)),
        (made("send"), (0, 1, 0)),
        (made(outcome="awaited"), (0, 0, 0)),
        (made(outcome="refusal:budget-spent"), (0, 0, 0)),
        (made(patient=""), (0, 0, 0)),
        (made("find", patient=""), (0, 0, 0)),
    ],
)
def test_an_entry_counts_for_whoever_was_opened(
    budgets: Budgets, entry: Entry, counted: tuple[int, int, int]
) -> None:
    budgets.count_entry(entry, 0.0)
    assert budgets.counts(NURSE, now=0.0) == counted
    assert budgets.counts_out(NURSE, now=0.0)[0] == 0


@pytest.mark.parametrize("action", ["read", "print", "find"])
def test_of_several_in_one_entry_each_counts_as_what_explains_it(
    budgets: Budgets, action: str
) -> None:
    told = (("a", ""), ("b", "ward"), ("c", "ward, self-made"), ("", "ward"), ("", ""))
    about = [
        Subject.about(patient=patient, tier="record", relationship=why, resources=())
        for patient, why in told
    ]
    budgets.count_entry(made(action, subjects=about), 5.0)
    is_list = action == "find"
    counted = (0, 0, 1) if is_list else (2, 1, 0)
    assert budgets.counts(NURSE, now=5.0) == counted
    assert len(budgets._of(NURSE, 5.0).own) == (not is_list)
    assert budgets.counts_out(NURSE, now=5.0)[0] == (3 if action == "print" else 0)
    assert reach(budgets, made().session) == 1


@pytest.mark.parametrize(
    ("changed", "many"),
    [
        ({}, 0),
        ({"outcome": "refusal:not-yours"}, 1),
        ({"action": "release-account"}, 1),
        ({"request": f"freeze x account {ACCOUNT} "}, 1),
    ],
)
def test_a_release_gives_the_budget_anew(
    budgets: Budgets, changed: dict[str, str], many: int
) -> None:
    budgets.count_entry(made(), 0.0)
    request = f"freeze x account {ACCOUNT}"
    release = made("release-freeze", subjects=[], purpose="", request=request)
    release = of((1, BEFORE[1]), release)
    budgets.count_entry(msgspec.structs.replace(release, **changed), 0.0)
    assert budgets.counts(NURSE, now=0.0) == (0, many, 0)
    # The passkey is another matter: whom the session met it has met.
    assert reach(budgets, made().session) == 1
