# SPDX-License-Identifier: Apache-2.0
"""No order of questions, touches, full disks, crashes and clocks passes a cap."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings, strategies as st

from support.door_world import End, World, world_of
from support.tally import (
    BY_APP,
    DAY,
    HOUR,
    HURRIED,
    REFERRING,
    SCREENS,
    WATCHED,
    Kind,
    Run,
)

WHO = st.sampled_from(SCREENS)
ENDS = st.sampled_from((*[End.WRITTEN] * 6, *End))
RUN = st.builds(
    Run,
    st.sampled_from((*SCREENS, BY_APP)),
    st.sampled_from(
        ("read", "read", "read", "list", "print", "sheet", "send", "refer")
    ),
    st.integers(0, 110),
    st.integers(1, 5) | st.integers(1, 24),
)
ASKS = st.tuples(st.just("asks"), st.lists(RUN, min_size=1, max_size=4), ENDS)
CLOCK_STEPS = st.one_of(
    st.sampled_from((HOUR, -HOUR, DAY, -DAY)), st.floats(-200_000.0, 200_000.0)
)
STEPS = st.one_of(
    *[ASKS] * 4,
    *[st.tuples(st.just("touches"), WHO, ENDS)] * 3,
    st.tuples(st.just("goes_on"), WHO, ENDS),
    st.tuples(st.just("breaks_glass"), WHO, st.integers(0, 110), ENDS),
    st.tuples(st.just("copies"), WHO, st.integers(0, 60), st.integers(1, 4), ENDS),
    *[st.tuples(st.just("releases"), ENDS)] * 2,
    st.tuples(st.just("passes"), st.floats(1.0, 800.0)),
    st.tuples(st.just("passes"), st.floats(1.0, 50_000.0)),
    st.tuples(st.just("steps"), CLOCK_STEPS),
    st.tuples(st.just("is_killed_as_it_looks")),
    st.tuples(st.just("crashes")),
)


@pytest.mark.parametrize("kind", [HURRIED, WATCHED, REFERRING])
@settings(max_examples=80, deadline=None)
@given(steps=st.lists(STEPS, min_size=8, max_size=40))
def test_nothing_passes_a_cap(kind: Kind, steps: Sequence[tuple[object, ...]]) -> None:
    with world_of(kind) as world:
        for name, *details in steps:
            getattr(world, str(name))(*details)


def hours_ahead(world: World) -> None:
    world.steps(DAY + HOUR)
    world.crashes()
    world.looks()


def hour_that_comes_twice(world: World) -> None:
    """As where the machine's clock is London's, and summer time ends and begins."""
    for step in (-HOUR, HOUR):
        world.steps(step)
        world.looks()
        world.crashes()


def work_elsewhere(world: World) -> None:
    world.goes_on("desk")
    world.crashes()


NOTHING = pytest.param(lambda _world: None, id="nothing")


@pytest.mark.parametrize(
    "happens",
    [
        NOTHING,
        World.crashes,
        hours_ahead,
        hour_that_comes_twice,
        work_elsewhere,
    ],
)
@pytest.mark.parametrize(
    ("kind", "deed", "first", "most"),
    [
        (HURRIED, "read", 60, 12),
        (HURRIED, "refer", 60, 12),
        (HURRIED, "list", 60, 60),
        (HURRIED, "read", 0, 6 + 3 + 9),
        (HURRIED, "print", 60, 3),
        (HURRIED, "copy", 60, 1),
        (HURRIED, "copy", 0, 1),
        (WATCHED, "print", 0, 9),
        (WATCHED, "print", 60, 9),
        (WATCHED, "copy", 60, 2),
        (REFERRING, "send", 0, 30),
        (REFERRING, "sheet", 0, 2 + 4),
        (REFERRING, "sheet", 60, 2),
    ],
)
def test_each_cap_is_reached_and_not_passed(
    kind: Kind, deed: str, first: int, most: int, happens: Callable[[World], None]
) -> None:
    with world_of(kind) as world:
        # Several at once where the cap is far; the last ones are one too many.
        many = 10 if most > 20 else 1
        for patient in range(first, first + most + 2 * many, many):
            world.touches("desk")
            if deed == "copy":
                world.copies("desk", patient, 2)
            else:
                world.asks([Run("desk", deed, patient, many)])
            happens(world)
        assert len({one.patient for one in world.tally.given}) == most


@pytest.mark.parametrize("happens", [NOTHING, World.crashes, work_elsewhere])
@pytest.mark.parametrize(
    ("asking", "most"), [(("desk",), 5), ((BY_APP,), 5), (("desk", BY_APP), 5)]
)
def test_between_two_touches_the_reach_is_one(
    asking: Sequence[str], most: int, happens: Callable[[World], None]
) -> None:
    with world_of(WATCHED) as world:
        for round_ in range(2):
            before = len(world.tally.given)
            for patient in range(most + 3):
                who = asking[patient % len(asking)]
                world.asks([Run(who, "read", 60 + 20 * round_ + patient, 1)])
                happens(world)
            assert len(world.tally.given) - before == most
            # Elsewhere it is another reach; here it begins anew.
            world.touches("stolen")
            world.touches("desk")


@pytest.mark.parametrize("happens", [NOTHING, World.crashes])
def test_a_touch_elsewhere_gives_a_stolen_session_nobody_more(
    happens: Callable[[World], None],
) -> None:
    with world_of(WATCHED) as world:
        world.touches("stolen")
        assert world.asks([Run("stolen", "read", 60, 5)]) == 5
        world.touches("desk")
        happens(world)
        assert world.asks([Run("stolen", "read", 65, 2)]) == 0
        assert world.asks([Run("desk", "read", 70, 5)]) == 5


@pytest.mark.parametrize(
    ("first", "then", "more"),
    [("copy", "read", 2), ("print", "read", 9), ("copy", "print", 0)],
)
@pytest.mark.parametrize("happens", [NOTHING, World.crashes])
def test_what_left_weighs_after_a_start_as_well(
    first: str, then: str, more: int, happens: Callable[[World], None]
) -> None:
    with world_of(HURRIED) as world:
        if first == "copy":
            world.copies("desk", 60, 2)
        else:
            world.asks([Run("desk", first, 60, 1)])
        happens(world)
        assert world.asks([Run("desk", then, 70, 20)]) == more


@pytest.mark.parametrize(
    ("end", "more"),
    [
        (End.WRITTEN, 0),
        (End.KILLED, 12),
        (End.KILLED_ONCE_WRITTEN, 0),
        (End.DISK_FULL, 0),
    ],
)
def test_what_was_in_flight_is_granted_to_nobody(end: End, more: int) -> None:
    """Sixty-four at once: whatever was not answered was not granted."""
    with world_of(HURRIED) as world:
        asked = [Run("desk", "read", 60 + n, 1) for n in range(12)]
        granted = world.asks(asked, end)
        assert granted == (12 if end is End.WRITTEN else 0)
        world.touches("desk")
        assert world.asks([Run("desk", "read", 90, 12)]) == more


def test_a_second_person_gives_one_day_anew_and_no_more() -> None:
    with world_of(HURRIED) as world:
        for round_ in range(3):
            first = 60 + 20 * round_
            assert world.asks([Run("desk", "read", first, 20)]) == 12
            world.crashes()
            world.touches("desk")
            assert world.asks([Run("desk", "read", first + 13, 5)]) == 0
            world.releases()
            world.crashes()
            world.touches("desk")


def test_a_day_opened_before_anybody_saw_the_clock_set_back_is_no_older_by_it() -> None:
    """Nothing was written for a day, so no date before them says when they were."""
    for happens in (World.looks, World.crashes, World.is_killed_as_it_looks):
        with world_of(HURRIED) as world:
            world.passes(26 * HOUR)
            world.steps(-20 * HOUR)
            world.touches("desk")
            assert world.asks([Run("desk", "read", 60, 12)]) == 12
            happens(world)
            world.passes(5 * HOUR)
            world.crashes()
            world.touches("desk")
            assert world.asks([Run("desk", "read", 80, 12)]) == 0
