# SPDX-License-Identifier: Apache-2.0
"""The rules of what leaves on paper or as files: how many, how heavy, and signed.

`make mutants` changes these rules a little everywhere as well.
"""

import msgspec
import pytest

from wardkeep.disclosure.purpose import TAKEN_OUT, Action, Purpose, Tier
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes
from wardkeep.warden.budgets import Standing
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.opening import GLASS, Opening

_MANY_AT_ONCE = {Action.FIND, Action.SEARCH, Action.LETTERS, Action.EXTRACT}

LIGHT = Standing(
    day=50, day_opened=48, day_soft=30, day_most=50, reach=1, reach_most=25
)
PRINT = Opening(
    role=Role.DOCTOR,
    purpose=Purpose.DIRECT_CARE,
    reason="goes to the hospice today",
    action=Action.PRINT,
    tier=Tier.RECORD,
    relationship="",
    patients_asked=1,
    is_key_ours=True,
    standing=LIGHT,
    taken_out_left=0,
)
"""A doctor prints a record that nothing explains, with a reason."""
ON_HER_WARD = msgspec.structs.replace(PRINT, relationship="ward", reason="")
COPY = msgspec.structs.replace(PRINT, action=Action.COPY, is_copy_signed=True)


def code(opening: Opening, **changed: object) -> str:
    """The refusal's code; empty where it opens."""
    refused = judge(msgspec.structs.replace(opening, **changed))
    return "" if refused is None else refused.code


@pytest.mark.parametrize("opening", [PRINT, ON_HER_WARD, COPY])
def test_what_is_in_order_leaves(opening: Opening) -> None:
    assert code(opening) == ""


def test_a_print_asks_why_as_an_opening_does() -> None:
    assert code(PRINT, reason="") == "reason-needed"
    banner = msgspec.structs.replace(PRINT, tier=Tier.BANNER, is_found=True, reason="")
    assert code(banner) == "reason-needed"


def test_the_days_prints_and_copies_end_for_whom_the_work_explains_too() -> None:
    for opening in (PRINT, ON_HER_WARD):
        assert code(opening, taken_out_left=-1) == "prints-spent"
    assert code(COPY, taken_out_left=-1) == "copies-spent"
    assert code(COPY, relationship="ward", taken_out_left=-1) == "copies-spent"


SHEET = msgspec.structs.replace(
    ON_HER_WARD,
    relationship="queue",
    sheets=20,
    resources=(("Patient", "p", 1), ("AllergyIntolerance", "a", 1), ("Flag", "f", 3)),
)
"""A prescription of somebody whom a call taker put into the queue."""


def test_a_sheet_without_a_record_leaves_for_more_whom_others_work_explains() -> None:
    assert code(SHEET, taken_out_left=-20) == ""
    assert code(SHEET, taken_out_left=-21) == "prints-spent"
    assert code(SHEET, taken_out_left=-1, sheets=0) == "prints-spent"
    # As few types as there are, and not more than were told of
    alone = SHEET.resources[:1]
    assert code(SHEET, taken_out_left=-1, resources=alone) == ""
    untold = Opening(
        role=SHEET.role,
        purpose=SHEET.purpose,
        reason=SHEET.reason,
        action=SHEET.action,
        tier=SHEET.tier,
        relationship=SHEET.relationship,
        patients_asked=SHEET.patients_asked,
        is_key_ours=SHEET.is_key_ours,
        resources=SHEET.resources,
    )
    assert code(untold, taken_out_left=0) == ""
    assert code(untold, taken_out_left=-1) == "prints-spent"
    # Not where anything of a record is on it, nor where nothing was said of it
    noted = (*SHEET.resources, ("Condition", "c", 1))
    assert code(SHEET, taken_out_left=-1, resources=noted) == "prints-spent"
    assert code(SHEET, taken_out_left=-1, resources=()) == "prints-spent"
    # Nor for whom nothing explains, or what the account wrote for itself does
    own = {"relationship": "queue, self-made", "taken_out_left": -1}
    assert code(SHEET, **own) == "prints-spent"
    told = {"relationship": "", "reason": "asked for it", "taken_out_left": -1}
    assert code(SHEET, **told) == "prints-spent"
    copied = msgspec.structs.replace(SHEET, action=Action.COPY, is_copy_signed=True)
    assert code(copied, taken_out_left=-1) == "copies-spent"


def test_ten_records_and_thirty_people_leave_with_an_urgent_care_clinician() -> None:
    role = Role.URGENT_CARE_CLINICIAN
    assert (role.budget.prints, role.budget.prints + role.budget.sheets) == (10, 30)
    assert not any(one.budget.sheets for one in Role if one is not role)


def test_as_long_as_some_are_left_it_leaves_and_untold_is_none_left() -> None:
    for opening in (PRINT, COPY):
        assert code(opening, taken_out_left=1) == ""
    untold = Opening(
        role=Role.DOCTOR,
        purpose=Purpose.DIRECT_CARE,
        reason="goes to the hospice today",
        action=Action.PRINT,
        tier=Tier.RECORD,
        relationship="",
        patients_asked=1,
        is_key_ours=True,
        standing=LIGHT,
    )
    assert code(untold) == "prints-spent"


def test_behind_broken_glass_paper_is_never_refused_and_a_copy_is() -> None:
    spent = msgspec.structs.replace(LIGHT, day=60)
    glass = {"relationship": GLASS, "taken_out_left": -1, "standing": spent}
    assert code(PRINT, **glass) == ""
    assert code(COPY, **glass) == "copies-spent"


def test_where_there_is_room_for_an_opening_alone_nothing_heavier_leaves() -> None:
    tight = msgspec.structs.replace(LIGHT, day=51, day_opened=50)
    for opening in (PRINT, COPY):
        assert code(opening, standing=tight) == "too-heavy"
        assert code(opening, standing=tight, relationship="ward") == ""
        assert code(opening, standing=None) == ""
        # Where there is no room for an opening either, the day is spent.
        spent = msgspec.structs.replace(LIGHT, day=52, day_opened=51)
        assert code(opening, standing=spent) == "budget-spent"
    assert code(PRINT, action=Action.READ, standing=LIGHT) == ""


def test_an_opening_is_never_refused_for_want_of_prints() -> None:
    for action in Action:
        # What goes onto a phone (test_carried_lists.py) or along with a referral
        # (test_sendings.py) is counted apart.
        if action not in TAKEN_OUT | _MANY_AT_ONCE | {Action.CARRY, Action.SEND}:
            assert code(PRINT, action=action, taken_out_left=-1) == ""


def test_a_copy_is_made_of_what_was_signed_for_alone() -> None:
    assert code(COPY, is_copy_signed=False) == "copy-not-signed"
    assert code(PRINT, is_copy_signed=False) == ""
    assert code(ON_HER_WARD, action=Action.COPY) == "copy-not-signed"


@pytest.mark.parametrize("action", sorted(TAKEN_OUT))
def test_programs_and_apps_print_nothing_and_make_no_copies(action: Action) -> None:
    scopes = Scopes({"*": frozenset("crus")})
    program = msgspec.structs.replace(COPY, action=action, scopes=scopes)
    assert code(program) == "people-take-out"
    assert code(program, action=Action.READ) == ""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", sorted(TAKEN_OUT))
def test_nothing_sealed_leaves_on_paper_or_as_a_file(
    role: Role, action: Action
) -> None:
    granted = {"relationship": "granted", "is_support_granted": True}
    told = code(COPY, role=role, action=action, tier=Tier.SEALED, **granted)
    assert told in {"role-does-not-reach", "not-granted", "not-your-record"}


def test_who_makes_copies_gets_the_record_into_them_and_opens_it_not() -> None:
    officer = msgspec.structs.replace(
        COPY, role=Role.PRIVACY_OFFICER, purpose=Purpose.PATIENT_REQUEST
    )
    assert code(officer) == ""
    assert code(officer, tier=Tier.BANNER) == ""
    for action in (Action.READ, Action.PRINT, Action.WRITE):
        assert code(officer, action=action) == "role-does-not-reach"
    for role in (Role.WARD_NURSE, Role.RECEPTIONIST, Role.SHIFT_LEAD):
        assert code(COPY, role=role) == "role-does-not-reach"


def test_an_import_adds_to_a_canary_that_was_named_to_it_and_does_nothing_else() -> (
    None
):
    adding = msgspec.structs.replace(
        PRINT,
        role=Role.IMPORTER,
        purpose=Purpose.IMPORT,
        action=Action.WRITE,
        relationship="import",
        is_nobodys=True,
        standing=None,
    )
    assert code(adding) == ""
    assert code(adding, is_nobodys=False) == "role-does-not-reach"
    assert code(adding, tier=Tier.SEALED) == "role-does-not-reach"
    for action in Action:
        if action is not Action.WRITE:
            assert code(adding, action=action) != ""
