# SPDX-License-Identifier: Apache-2.0
"""A rule that is passed over for a kind of opening would have let it pass."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings, strategies as st

from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes
from wardkeep.teams.relationships import SELF_MADE
from wardkeep.teams.visits import visit_of
from wardkeep.warden.budgets import Standing
from wardkeep.warden.rules import CONCERNS, ORDER, Kind, Rule, is_plain, judge
from wardkeep.warden.rules.opening import GLASS, LETTER, OWN, Opening, WayIn
from wardkeep.warden.ways_in import NOTE

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
small = st.integers(-1, 60)
left = st.sampled_from([-1, 0, 5])


def standing(many: tuple[int, int, int]) -> Standing:
    day, opened, reach = many
    return Standing(
        day=day, day_opened=opened, day_soft=20, day_most=40, reach=reach, reach_most=25
    )


def way_in(told: tuple[bool, bool, bool, int, float]) -> WayIn:
    is_alone, is_right, is_now, homes, seconds = told
    visit = visit_of(NOW if is_now else NOW + 9 * HOUR, NOW + 10 * HOUR)
    assert visit is not None
    return WayIn(
        now=NOW,
        visits=(visit,),
        is_alone=is_alone,
        is_row_key_right=is_right,
        homes_left=homes,
        passkey_seconds=seconds,
    )


ways_in = st.tuples(
    st.booleans(), st.booleans(), st.booleans(), left, st.sampled_from([0.0, 1e6])
).map(way_in)
scopes = st.none() | st.sampled_from(
    [Scopes({}), Scopes({"Observation": frozenset("crus")})]
)
resources = st.lists(
    st.tuples(
        st.sampled_from([NOTE, "Observation"]),
        st.just("x"),
        st.integers(1, 2),
    ),
    max_size=2,
).map(tuple)


@st.composite
def openings(draw: st.DrawFn) -> Opening:
    """Openings as the door shows them: a way in where something sealed is read."""
    action = draw(st.sampled_from([Action.READ] * len(Action) + list(Action)))
    tier = draw(st.sampled_from(Tier))
    is_way_in = action is Action.READ and tier is Tier.SEALED
    return Opening(
        role=draw(st.sampled_from(Role)),
        purpose=draw(st.sampled_from(Purpose)),
        reason=draw(st.sampled_from(["", "abab", "rang about results"])),
        action=action,
        tier=tier,
        relationship=draw(
            st.sampled_from(
                ["", "ward", f"ward{SELF_MADE}", "visit", GLASS, OWN, LETTER]
            )
        ),
        patients_asked=draw(st.sampled_from([1, 2, 51, 500])),
        is_key_ours=draw(st.booleans()),
        is_found=draw(st.booleans()),
        resources=draw(resources),
        scopes=draw(scopes),
        is_within_consent=draw(st.booleans()),
        is_support_granted=draw(st.booleans()),
        contract_left=draw(st.none() | left),
        standing=draw(st.none() | st.tuples(small, small, small).map(standing)),
        taken_out_left=draw(left),
        is_copy_signed=draw(st.booleans()),
        is_list_signed=draw(st.booleans()),
        is_extract_agreed=draw(st.booleans()),
        is_nobodys=draw(st.booleans()),
        is_frozen=draw(st.booleans()),
        is_erased=draw(st.booleans()),
        way_in=draw(ways_in) if is_way_in else None,
    )


def kind_of(opening: Opening) -> Kind:
    return Kind(opening.action, opening.tier, is_plain(opening))


# A busy machine is no fault of a rule: `make mutants` would take it for one.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LOOKING = settings(UNHURRIED, max_examples=20_000, phases=[Phase.generate])


@UNHURRIED
@given(openings())
def test_the_answer_is_that_of_every_rule_asked_in_order(opening: Opening) -> None:
    refused = (one for one in (rule(opening) for rule in ORDER) if one is not None)
    assert judge(opening) == next(refused, None)


@UNHURRIED
@given(openings())
def test_what_a_rule_is_not_about_it_lets_pass(opening: Opening) -> None:
    for rule, is_concerned in CONCERNS.items():
        if not is_concerned(kind_of(opening)):
            assert rule(opening) is None, rule


@pytest.mark.parametrize("rule", CONCERNS, ids=lambda one: one.__name__)
def test_what_a_rule_is_about_it_can_refuse(rule: Rule) -> None:
    found = find(
        openings(), lambda opening: rule(opening) is not None, settings=LOOKING
    )
    assert CONCERNS[rule](kind_of(found))
