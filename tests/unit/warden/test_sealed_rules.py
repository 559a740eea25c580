# SPDX-License-Identifier: Apache-2.0
"""The rules of what is sealed, each by itself: what they ask, and what mends it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from wardkeep.apps.records.record import VISITORS
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.identity.app_scopes import read_app_scopes
from wardkeep.identity.roles import HOMES_A_DAY, Role
from wardkeep.identity.scopes import read_scopes
from wardkeep.teams.visits import LONGEST, Visit, visit_of
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.one_way_in import one_way_in
from wardkeep.warden.rules.opening import GLASS, Opening, WayIn
from wardkeep.warden.rules.passkey_is_fresh import FRESH_SECONDS
from wardkeep.warden.rules.role_reaches_tier import role_reaches_tier
from wardkeep.warden.rules.seal_is_set_by_carers import seal_is_set_by_carers

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
VISIT = Visit(starts=NOW, ends=NOW + timedelta(minutes=30))
ASKED = WayIn(
    now=NOW,
    visits=(VISIT,),
    is_alone=True,
    is_row_key_right=True,
    homes_left=0,
    passkey_seconds=0.0,
)
OPENING = Opening(
    role=Role.CARER,
    purpose=Purpose.DIRECT_CARE,
    reason="",
    action=Action.READ,
    tier=Tier.SEALED,
    relationship="visit",
    patients_asked=1,
    is_key_ours=True,
    resources=(("Basic", "way", 1),),
    way_in=ASKED,
)


def code(**changed: object) -> str:
    refused = judge(msgspec.structs.replace(OPENING, **changed))
    if refused is None:
        return ""
    assert refused.why.endswith(".")
    assert refused.mend.endswith(".")
    return refused.code


def asked(**changed: object) -> WayIn:
    return msgspec.structs.replace(ASKED, **changed)


def test_a_visit_now_and_a_fresh_passkey_open_one() -> None:
    assert code() == ""


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"is_alone": False}, "one-way-in-at-a-time"),
        ({"is_row_key_right": False}, "row-key-wrong"),
        ({"visits": ()}, "no-visit-now"),
        ({"homes_left": -1}, "homes-spent"),
        ({"passkey_seconds": 301.0}, "passkey-due"),
        ({"passkey_seconds": float("inf")}, "passkey-due"),
    ],
)
def test_each_rule_by_itself_refuses(changed: dict[str, object], expected: str) -> None:
    assert code(way_in=asked(**changed)) == expected


@pytest.mark.parametrize(
    "changed", [{"homes_left": 1}, {"passkey_seconds": FRESH_SECONDS}]
)
def test_the_last_moment_and_homes_to_come_open(changed: dict[str, object]) -> None:
    assert FRESH_SECONDS == 300
    assert code(way_in=asked(**changed)) == ""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_what_is_sealed_is_read_by_who_visits_and_set_by_who_may(
    role: Role, action: Action
) -> None:
    if action is Action.READ:
        reaches = role.budget.homes > 0
    else:
        reaches = role.may_seal and action in {Action.WRITE, Action.DELETE}
    opening = msgspec.structs.replace(OPENING, role=role, action=action)
    refused = role_reaches_tier(opening)
    assert (refused is None) is reaches


def test_who_must_do_nothing_but_touch_the_passkey_is_told_that_last() -> None:
    """Each of these breaks its own rule and every later one."""
    wrong = asked(
        is_alone=False,
        is_row_key_right=False,
        visits=(),
        homes_left=-1,
        passkey_seconds=1e9,
    )
    told = []
    for mend in ("is_alone", "is_row_key_right", "visits", "homes_left", ""):
        told.append(code(way_in=wrong))
        right = {mend: getattr(ASKED, mend)} if mend else {"passkey_seconds": 0.0}
        wrong = msgspec.structs.replace(wrong, **right)
    assert code(way_in=wrong) == ""
    assert told == [
        "one-way-in-at-a-time",
        "row-key-wrong",
        "no-visit-now",
        "homes-spent",
        "passkey-due",
    ]


def test_what_nobody_looked_into_opens_nothing() -> None:
    assert code(way_in=None) == "no-visit-now"


@settings(max_examples=300, deadline=None)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - UTC below
    st.integers(0, 26 * 60),
    st.integers(-40 * 60, 40 * 60),
)
def test_it_opens_in_the_window_of_a_visit_and_at_no_other_minute(
    starts: datetime, long: int, after: int
) -> None:
    starts = starts.replace(tzinfo=UTC)
    visit = Visit(starts=starts, ends=starts + timedelta(minutes=long))
    asking = asked(now=starts + timedelta(minutes=after), visits=(visit,))
    is_within = -30 <= after <= long + 60 and long <= LONGEST.total_seconds() / 60
    assert (code(way_in=asking) == "") is is_within


def test_broken_glass_and_a_frozen_account_open_no_home() -> None:
    no_visit = asked(visits=())
    assert code(relationship=GLASS, way_in=no_visit) == "no-visit-now"
    closed = code(relationship=GLASS, is_frozen=True, way_in=no_visit)
    assert closed == "no-visit-now"
    assert code(is_frozen=True) == "frozen"
    assert code(is_erased=True) == "erased"


def test_an_app_reads_none_for_whomever_it_acts() -> None:
    scopes = read_app_scopes("patient/Basic.rs user/Basic.cruds")
    assert scopes is not None
    refused = one_way_in(msgspec.structs.replace(OPENING, scopes=scopes))
    assert refused is not None
    assert refused.code == "sealed-from-programs"


@pytest.mark.parametrize(
    ("scope", "version", "expected"),
    [
        ("system/*.cruds", 1, "seal-needs-its-scope"),
        ("system/Basic.cu", 1, ""),
        ("system/Basic.cu", 2, ""),
        ("system/Basic.c", 2, "seal-needs-its-scope"),
        ("system/*.cruds system/Basic.u", 2, ""),
    ],
)
def test_a_program_sets_one_by_a_scope_that_names_the_type(
    scope: str, version: int, expected: str
) -> None:
    opening = msgspec.structs.replace(
        OPENING,
        role=Role.SERVICE,
        action=Action.WRITE,
        relationship="contract",
        scopes=read_scopes(scope),
        resources=(("Basic", "way", version),),
        way_in=None,
    )
    refused = seal_is_set_by_carers(opening)
    assert (refused.code if refused else "") == expected


def test_an_app_sets_one_by_such_a_scope_alone_and_deletes_by_its_own() -> None:
    opening = msgspec.structs.replace(
        OPENING, role=Role.CARE_COORDINATOR, relationship="caseload", way_in=None
    )
    for scope, action, is_refused in (
        ("user/*.cruds", Action.WRITE, True),
        ("user/Basic.c", Action.WRITE, False),
        ("user/Basic.c", Action.DELETE, True),
        ("user/Basic.d", Action.DELETE, False),
    ):
        asking = msgspec.structs.replace(
            opening, action=action, scopes=read_app_scopes(scope)
        )
        assert bool(seal_is_set_by_carers(asking)) is is_refused, scope


def test_broken_glass_does_not_let_anybody_set_one() -> None:
    opening = msgspec.structs.replace(
        OPENING, role=Role.DOCTOR, action=Action.WRITE, way_in=None
    )
    for relationship, is_refused in ((GLASS, True), ("", True), ("ward", False)):
        asking = msgspec.structs.replace(opening, relationship=relationship)
        assert bool(seal_is_set_by_carers(asking)) is is_refused


def test_a_relationship_without_an_end_is_no_visit_and_a_week_is_none() -> None:
    assert visit_of(NOW, None) is None
    for long, is_one in ((LONGEST, True), (LONGEST * 2, False), (-LONGEST, False)):
        assert Visit(starts=NOW, ends=NOW + long).is_one is is_one


def test_the_pages_know_the_roles_that_visit() -> None:
    assert {one.value for one in Role if one.budget.homes} == VISITORS
    assert {one.budget.homes for one in Role} == {0, HOMES_A_DAY}
    assert not Role.CARER.may_seal
