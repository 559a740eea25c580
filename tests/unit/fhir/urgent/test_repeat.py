# SPDX-License-Identifier: Apache-2.0
"""The repeat caller rule: its window, its likenesses, and nights when clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from wardkeep.base.clock import LONDON
from wardkeep.fhir.urgent.repeat import (
    WINDOW,
    Earlier,
    Facts,
    Likeness,
    likeness_of,
    repeats_of,
)

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
ANN = Facts(
    given="Ann",
    family="O’Brien",
    born="1950-01-02",
    gender="female",
    postcode="ZZ91 1AA",
)
NAMES = ("given", "family", "born", "gender", "postcode")
histories = st.lists(
    st.builds(
        Earlier,
        case=st.sampled_from([f"c{nth}" for nth in range(6)]),
        began=st.integers(-200 * 60, 60).map(lambda it: NOW + timedelta(minutes=it)),
        likeness=st.sampled_from(Likeness),
    ),
    max_size=12,
)


def before(hours: float, likeness: Likeness = Likeness.SAME, case: str = "") -> Earlier:
    began = NOW - timedelta(hours=hours)
    return Earlier(case=case or f"at-{hours}", began=began, likeness=likeness)


def without(*names: str, **more: object) -> Facts:
    said = {name: getattr(ANN, name) for name in NAMES if name not in names}
    return Facts(**(said | more))


@given(histories)
def test_only_calls_of_the_96_hours_before_count_each_once(
    history: list[Earlier],
) -> None:
    found = repeats_of("this", NOW, history)
    counted = [*found.sure, *found.maybe]
    ids = [one.case for one in counted]
    assert len(ids) == len(set(ids))
    assert all(NOW - WINDOW <= one.began <= NOW for one in counted)
    assert all(one.likeness is not Likeness.OTHER for one in counted)
    assert found.needs_clinician == (len(found.sure) >= 2)
    assert not (found.needs_clinician and found.asks)


@given(histories, histories)
def test_more_calls_never_make_the_rule_hold_less(
    history: list[Earlier], more: list[Earlier]
) -> None:
    # Calls of other cases: one case is one call, whatever is said of it twice
    others = [
        Earlier(case=f"d{one.case}", began=one.began, likeness=one.likeness)
        for one in more
    ]
    if repeats_of("this", NOW, history).needs_clinician:
        assert repeats_of("this", NOW, [*history, *others]).needs_clinician


@given(st.permutations([before(1), before(95.9), before(96.1), before(3)]))
def test_the_order_in_which_calls_are_found_says_nothing(
    history: list[Earlier],
) -> None:
    found = repeats_of("this", NOW, history)
    assert [one.case for one in found.sure] == ["at-1", "at-3", "at-95.9"]


def test_the_call_itself_is_no_earlier_one() -> None:
    history = [before(0, case="this"), before(1)]
    assert not repeats_of("this", NOW, history).needs_clinician


@pytest.mark.parametrize(
    ("sure", "maybe", "holds", "asks"),
    [
        (0, 0, False, False),
        (1, 0, False, False),
        (2, 0, True, False),
        (1, 1, False, True),
        (0, 2, False, True),
        (2, 3, True, False),
        (0, 1, False, False),
    ],
)
def test_two_are_enough_and_those_in_doubt_are_asked_about(
    sure: int, maybe: int, *, holds: bool, asks: bool
) -> None:
    history = [before(nth + 1) for nth in range(sure)]
    history += [before(nth + 50, Likeness.MAYBE) for nth in range(maybe)]
    found = repeats_of("this", NOW, history)
    assert (found.needs_clinician, found.asks) == (holds, asks)


@pytest.mark.parametrize(
    "changes",
    [
        datetime(2026, 3, 29, 12, tzinfo=LONDON),
        datetime(2026, 10, 25, 12, tzinfo=LONDON),
    ],
)
def test_96_hours_are_96_hours_when_clocks_change(changes: datetime) -> None:
    began = (changes + timedelta(days=2)).astimezone(UTC)
    just = Earlier(case="just", began=began - WINDOW, likeness=Likeness.SAME)
    over = Earlier(
        case="over",
        began=began - WINDOW - timedelta(seconds=1),
        likeness=Likeness.SAME,
    )
    # In London time the wall says 95 or 97 hours; the same moments count all the same
    local = [
        Earlier(
            case=one.case, began=one.began.astimezone(LONDON), likeness=one.likeness
        )
        for one in (just, over)
    ]
    found = repeats_of("this", began.astimezone(LONDON), local)
    assert [one.case for one in found.sure] == ["just"]


@pytest.mark.parametrize(
    ("other", "likeness"),
    [
        (without(), Likeness.SAME),
        (without("given"), Likeness.SAME),
        (without("given", "gender"), Likeness.MAYBE),
        (without("given", "gender", "born"), Likeness.OTHER),
        (without(postcode="zz911aa", family="O'BRIEN"), Likeness.SAME),
        (without(gender="unknown"), Likeness.SAME),
        (Facts(), Likeness.OTHER),
    ],
)
def test_four_of_five_facts_are_the_same_person(
    other: Facts, likeness: Likeness
) -> None:
    assert likeness_of(ANN, other) is likeness
    assert likeness_of(other, ANN) is likeness


def test_what_is_not_known_of_either_is_not_alike() -> None:
    assert likeness_of(Facts(), Facts()) is Likeness.OTHER
    gender = Facts(gender="unknown", family="A", born="1950-01-02")
    assert likeness_of(gender, gender) is Likeness.OTHER


def test_two_verified_numbers_decide_whatever_the_facts_say() -> None:
    number = {"number": "9990000042", "is_verified": True}
    other = {"number": "9990000069", "is_verified": True}
    assert likeness_of(without(*NAMES, **number), without(**number)) is Likeness.SAME
    assert likeness_of(without(**number), without(**other)) is Likeness.OTHER
    # One that nobody verified decides nothing
    unsure = {"number": "9990000069"}
    assert likeness_of(without(**number), without(**unsure)) is Likeness.SAME
