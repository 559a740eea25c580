# SPDX-License-Identifier: Apache-2.0
"""The rule of what goes onto a phone: signed for, led to by work, and few."""

import msgspec
import pytest

from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.opening import GLASS, Opening

CARRY = Opening(
    role=Role.URGENT_CARE_CLINICIAN,
    purpose=Purpose.DIRECT_CARE,
    reason="",
    action=Action.CARRY,
    tier=Tier.RECORD,
    relationship="visit",
    patients_asked=1,
    is_key_ours=True,
    is_list_signed=True,
    taken_out_left=0,
)
"""Somebody on the list of whoever drives, who signed for it."""


def code(**changed: object) -> str:
    """The refusal's code; empty where it opens."""
    refused = judge(msgspec.structs.replace(CARRY, **changed))
    return "" if refused is None else refused.code


@pytest.mark.parametrize("tier", [Tier.BANNER, Tier.RECORD])
def test_what_is_in_order_goes_along(tier: Tier) -> None:
    assert code(tier=tier) == ""


def test_it_is_signed_for_and_by_people() -> None:
    assert code(is_list_signed=False) == "list-not-signed"
    scopes = Scopes({"*": frozenset("crus")})
    assert code(scopes=scopes) == "list-not-signed"
    assert code(is_copy_signed=True, is_list_signed=False) == "list-not-signed"


@pytest.mark.parametrize("relationship", ["", GLASS])
def test_work_leads_there_and_neither_a_reason_nor_the_glass(relationship: str) -> None:
    told = code(relationship=relationship, reason="fell at home, going there now")
    assert told == "not-on-a-list"


def test_they_are_few() -> None:
    assert code(taken_out_left=-1) == "list-spent"
    assert code(taken_out_left=1) == ""


def test_a_way_into_a_home_never_goes_along() -> None:
    for role in Role:
        granted = {"is_support_granted": True}
        told = code(role=role, tier=Tier.SEALED, **granted)
        assert told in {"role-does-not-reach", "not-granted", "not-your-record"}
