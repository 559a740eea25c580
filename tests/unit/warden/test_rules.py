# SPDX-License-Identifier: Apache-2.0
"""The rules of the door one by one: what each refuses, and in which order.

`make mutants` changes the rules a little everywhere and expects these tests to notice.
"""

import msgspec
import pytest

from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes
from wardkeep.warden.budgets import Standing
from wardkeep.warden.rules import ORDER, judge
from wardkeep.warden.rules.list_is_short import LONGEST_LIST, LONGEST_PAGE
from wardkeep.warden.rules.opening import GLASS, LETTER, OWN, Opening
from wardkeep.warden.rules.reason_is_given import is_too_thin

MANY_AT_ONCE = {Action.FIND, Action.SEARCH, Action.LETTERS, Action.EXTRACT}
CALM = Standing(day=1, day_soft=30, day_most=50, reach=1, reach_most=25)
NURSE = Opening(
    role=Role.WARD_NURSE,
    purpose=Purpose.DIRECT_CARE,
    reason="rang about results",
    action=Action.READ,
    tier=Tier.RECORD,
    relationship="",
    patients_asked=1,
    is_key_ours=True,
    standing=CALM,
)
"""A nurse opens a record that nothing explains, with a reason."""
ON_HER_WARD = msgspec.structs.replace(NURSE, relationship="ward", reason="")
PROGRAM = msgspec.structs.replace(
    NURSE,
    role=Role.SERVICE,
    relationship="contract",
    scopes=Scopes({"Observation": frozenset("rs")}),
    resources=(("Observation", "o", 1),),
    contract_left=5,
    standing=None,
)
PATIENT = msgspec.structs.replace(
    NURSE,
    role=Role.PATIENT,
    purpose=Purpose.PATIENT_REQUEST,
    tier=Tier.BANNER,
    relationship=OWN,
    standing=None,
)
SUPPORT = msgspec.structs.replace(
    NURSE,
    role=Role.SUPPORT,
    purpose=Purpose.SUPPORT,
    relationship="granted",
    is_support_granted=True,
    standing=None,
)


def code(opening: Opening, **changed: object) -> str:
    """The refusal's code; empty where it opens."""
    refused = judge(msgspec.structs.replace(opening, **changed))
    if refused is None:
        return ""
    assert refused.why.endswith("."), refused.why
    assert refused.mend.endswith("."), refused.mend
    return refused.code


@pytest.mark.parametrize("opening", [NURSE, ON_HER_WARD, PROGRAM, PATIENT, SUPPORT])
def test_what_is_in_order_opens(opening: Opening) -> None:
    assert code(opening) == ""


def test_who_was_erased_stays_closed_even_behind_broken_glass() -> None:
    assert code(NURSE, is_erased=True) == "erased"
    assert code(NURSE, is_erased=True, relationship=GLASS) == "erased"


def test_frozen_records_open_by_broken_glass_alone() -> None:
    assert code(NURSE, is_frozen=True) == "frozen"
    assert code(ON_HER_WARD, is_frozen=True) == "frozen"
    assert code(NURSE, is_frozen=True, relationship=GLASS, reason="") == ""


def test_a_key_of_another_organisation_opens_nothing() -> None:
    assert code(ON_HER_WARD, is_key_ours=False) == "not-this-organisation"


@pytest.mark.parametrize("action", Action)
def test_support_reads_what_was_granted_and_does_nothing_else(action: Action) -> None:
    expected = "" if action is Action.READ else "not-granted"
    assert code(SUPPORT, action=action) == expected
    assert code(SUPPORT, action=action, is_support_granted=False) == "not-granted"


def test_what_nobody_says_is_the_narrower() -> None:
    """A part of the warden that forgets to say something opens nothing by it."""
    bare = Opening(
        role=Role.SUPPORT,
        purpose=Purpose.SUPPORT,
        reason="looked into a fault",
        action=Action.READ,
        tier=Tier.RECORD,
        relationship="granted",
        patients_asked=1,
        is_key_ours=True,
    )
    assert code(bare) == "not-granted"
    assert not bare.is_found
    assert not bare.is_extract_agreed
    assert not bare.is_list_signed


def test_a_grant_of_support_is_nothing_to_anybody_else() -> None:
    assert code(NURSE, is_support_granted=True, reason="") == "reason-needed"
    assert code(NURSE, is_support_granted=False) == ""


@pytest.mark.parametrize("action", Action)
def test_a_patient_reads_their_own_record_and_no_other(action: Action) -> None:
    expected = "" if action is Action.READ else "not-your-record"
    assert code(PATIENT, action=action) == expected
    for other in ("", "ward", GLASS):
        assert code(PATIENT, action=action, relationship=other) == "not-your-record"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("tier", Tier)
def test_a_role_reaches_its_tiers_and_the_shared_one(role: Role, tier: Tier) -> None:
    reaches = tier is Tier.SHARED or tier.word in role.tiers
    if tier is Tier.SEALED:
        reaches = role.budget.homes > 0
    opening = msgspec.structs.replace(
        NURSE,
        role=role,
        tier=tier,
        relationship=OWN,
        is_support_granted=True,
        standing=None,
    )
    assert (code(opening) == "role-does-not-reach") is not reaches


def test_the_refusal_of_a_tier_names_the_role() -> None:
    refused = judge(msgspec.structs.replace(NURSE, role=Role.RECEPTIONIST))
    assert refused is not None
    assert "Receptionist" in refused.why


def test_an_app_of_one_patient_opens_no_other() -> None:
    assert code(PROGRAM, is_within_consent=False) == "another-patient"


@pytest.mark.parametrize(
    ("action", "version", "letter"),
    [
        (Action.READ, 1, "r"),
        (Action.FIND, 1, "s"),
        (Action.SEARCH, 1, "s"),
        (Action.DELETE, 3, "d"),
        (Action.WRITE, 1, "c"),
        (Action.WRITE, 2, "u"),
        (Action.HISTORY, 1, "r"),
    ],
)
def test_a_program_needs_the_letter_of_what_it_does(
    action: Action, version: int, letter: str
) -> None:
    tier = Tier.BANNER if action is Action.FIND else Tier.RECORD
    asked = msgspec.structs.replace(
        PROGRAM, action=action, tier=tier, resources=(("Observation", "o", version),)
    )
    allowed = Scopes({"Observation": frozenset(letter)})
    others = Scopes({"Observation": frozenset("cruds") - {letter}})
    assert code(asked, scopes=allowed) == ""
    assert code(asked, scopes=others) == "scope-does-not-cover"
    refused = judge(msgspec.structs.replace(asked, scopes=others))
    assert refused is not None
    assert f"Observation.{letter}." in refused.why


def test_every_type_that_a_program_asks_for_has_to_be_covered() -> None:
    both = (("Observation", "o", 1), ("Condition", "c", 1))
    assert code(PROGRAM, resources=both) == "scope-does-not-cover"
    assert code(PROGRAM, resources=both[::-1]) == "scope-does-not-cover"
    assert code(ON_HER_WARD, resources=both) == ""


@pytest.mark.parametrize("purpose", Purpose)
def test_a_purpose_has_to_be_one_of_the_role(purpose: Purpose) -> None:
    fits = purpose.value in Role.WARD_NURSE.purposes
    assert (code(ON_HER_WARD, purpose=purpose) == "") is fits
    assert code(ON_HER_WARD, purpose=purpose, tier=Tier.SHARED) == ""
    if not fits:
        assert code(ON_HER_WARD, purpose=purpose) == "purpose-does-not-fit"


@pytest.mark.parametrize(
    ("left", "expected"), [(1, ""), (0, ""), (-1, "contract-spent")]
)
def test_a_contract_is_spent_below_nothing(left: int, expected: str) -> None:
    assert code(PROGRAM, contract_left=left) == expected


def test_a_list_is_short_and_shows_banners_only() -> None:
    listed = msgspec.structs.replace(
        NURSE, action=Action.FIND, tier=Tier.BANNER, reason="", standing=None
    )
    assert LONGEST_LIST == 20
    assert code(listed, patients_asked=LONGEST_LIST) == ""
    assert code(listed, patients_asked=LONGEST_LIST + 1) == "list-too-long"
    assert code(listed, tier=Tier.RECORD) == "list-too-long"


LETTERS = msgspec.structs.replace(
    NURSE,
    role=Role.PRIVACY_OFFICER,
    purpose=Purpose.AUDIT,
    action=Action.LETTERS,
    tier=Tier.BANNER,
    relationship=LETTER,
    resources=(("Patient", "p", 1),),
    standing=None,
)


def test_letters_open_names_that_two_approved_and_nothing_else() -> None:
    assert code(LETTERS, patients_asked=LONGEST_LIST) == ""
    assert code(LETTERS, patients_asked=LONGEST_LIST + 1) == "list-too-long"
    for why in ("", "ward", GLASS, "contract"):
        assert code(LETTERS, relationship=why) == "letters-not-approved"
    for resources in ((), (("Condition", "c", 1),), (("Procedure", "c", 1),)):
        assert code(LETTERS, resources=resources) == "letters-not-approved"
    both = (("Patient", "p", 1), ("Condition", "c", 1))
    assert code(LETTERS, resources=both) == "letters-not-approved"
    assert code(LETTERS, role=Role.DOCTOR, tier=Tier.RECORD) != ""
    by_program = Scopes({"*": frozenset("crus")})
    assert code(LETTERS, scopes=by_program) == "letters-not-approved"


def test_a_page_of_a_search_is_a_programs() -> None:
    page = msgspec.structs.replace(PROGRAM, action=Action.SEARCH)
    assert LONGEST_PAGE == 500
    assert code(page, patients_asked=LONGEST_PAGE) == ""
    assert code(page, patients_asked=LONGEST_PAGE + 1) == "page-too-long"
    assert code(ON_HER_WARD, action=Action.SEARCH) == "page-too-long"


@pytest.mark.parametrize("action", [one for one in Action if one not in MANY_AT_ONCE])
def test_records_open_one_patient_at_a_time(action: Action) -> None:
    hers = msgspec.structs.replace(
        ON_HER_WARD,
        role=Role.DOCTOR,
        taken_out_left=0,
        is_copy_signed=True,
        is_list_signed=True,
    )
    assert code(hers, action=action, patients_asked=0) == ""
    assert code(hers, action=action, patients_asked=1) == ""
    refused = code(hers, action=action, patients_asked=2)
    assert refused == "one-patient-at-a-time"


def test_the_banner_that_a_list_has_shown_needs_no_reason_and_nothing_else() -> None:
    shown = msgspec.structs.replace(NURSE, reason="", tier=Tier.BANNER, is_found=True)
    assert code(shown) == ""
    assert code(shown, is_found=False) == "reason-needed"
    assert code(shown, tier=Tier.RECORD) == "reason-needed"
    assert code(shown, action=Action.WRITE) == "reason-needed"
    spent = Standing(day=51, day_soft=30, day_most=50, reach=1, reach_most=25)
    assert code(shown, standing=spent) == "budget-spent"


def test_a_reason_is_asked_for_where_nothing_explains_the_opening() -> None:
    assert code(NURSE, reason="") == "reason-needed"
    assert code(NURSE, reason=" \t ") == "reason-needed"
    assert code(NURSE, reason="visit") == "reason-too-thin"
    assert code(NURSE, reason="", tier=Tier.SHARED) == ""
    for reason in ("", "visit"):
        refused = judge(msgspec.structs.replace(NURSE, reason=reason))
        assert refused is not None
        assert refused.needs_reason
    other = judge(msgspec.structs.replace(NURSE, is_frozen=True))
    assert other is not None
    assert not other.needs_reason


@pytest.mark.parametrize(
    ("reason", "is_thin"),
    [
        ("abcdefgh", False),
        ("abcdefg", True),
        ("abcdabcd", False),
        ("abcabcabc", True),
    ],
)
def test_a_reason_has_eight_characters_and_four_different_ones(
    reason: str, *, is_thin: bool
) -> None:
    assert is_too_thin(reason) is is_thin


STANDINGS = [
    ({"day": 50}, ""),
    ({"day": 51}, "budget-spent"),
    ({"reach": 25}, ""),
    ({"reach": 26}, "prove-again"),
    # A day that is spent is told first: no passkey mends it.
    ({"day": 51, "reach": 26}, "budget-spent"),
]


@pytest.mark.parametrize(("changed", "expected"), STANDINGS)
def test_a_budget_holds_for_whom_nothing_explains(
    changed: dict[str, int], expected: str
) -> None:
    standing = msgspec.structs.replace(CALM, **changed)
    assert code(NURSE, standing=standing) == expected
    assert code(ON_HER_WARD, standing=standing) == ""
    assert code(NURSE, standing=standing, relationship=GLASS) == ""


@pytest.mark.parametrize(("most", "words"), [(1, "one person,"), (7, "7 people,")])
def test_the_passkey_is_asked_for_with_the_number_that_was_met(
    most: int, words: str
) -> None:
    standing = msgspec.structs.replace(CALM, reach=most + 1, reach_most=most)
    refused = judge(msgspec.structs.replace(NURSE, standing=standing))
    assert refused is not None
    assert words in refused.why


def test_what_nobody_can_mend_is_told_before_what_a_reason_would() -> None:
    """The order is policy: each of these breaks its own rule and every later one."""
    spent = Standing(day=99, day_soft=1, day_most=1, reach=99, reach_most=1)
    told = []
    opening = msgspec.structs.replace(
        SUPPORT,
        is_erased=True,
        is_frozen=True,
        is_key_ours=False,
        is_support_granted=False,
        relationship="",
        reason="",
        tier=Tier.SEALED,
        is_within_consent=False,
        scopes=Scopes({}),
        resources=(("Observation", "o", 1),),
        purpose=Purpose.IMPORT,
        contract_left=-1,
        patients_asked=99,
        standing=spent,
    )
    mended: tuple[dict[str, object], ...] = (
        {"is_erased": False},
        {"is_frozen": False},
        {"is_key_ours": True},
        {"is_support_granted": True},
        {"role": Role.WARD_NURSE, "tier": Tier.RECORD},
        {"is_within_consent": True},
        {"scopes": None},
        {"purpose": Purpose.DIRECT_CARE},
        {"contract_left": None},
        {"patients_asked": 1},
        {"reason": "rang about results"},
        {"standing": None},
    )
    for change in mended:
        told.append(code(opening))
        opening = msgspec.structs.replace(opening, **change)
    assert code(opening) == ""
    assert told == [
        "erased",
        "frozen",
        "not-this-organisation",
        "not-granted",
        "role-does-not-reach",
        "another-patient",
        "scope-does-not-cover",
        "purpose-does-not-fit",
        "contract-spent",
        "one-patient-at-a-time",
        "reason-needed",
        "budget-spent",
    ]
    # A patient's own record, what is sealed (test_sealed_rules.py), what leaves on
    # paper (test_taking_out.py), onto a phone (test_carried_lists.py) or along with a
    # referral (test_sendings.py), letters, and what a data set takes, by themselves.
    assert len(ORDER) == len(told) + 1 + 6 + 2 + 1 + 1 + 1 + 1


EXTRACT = msgspec.structs.replace(
    NURSE,
    role=Role.EXTRACTOR,
    purpose=Purpose.NATIONAL_RETURN,
    action=Action.EXTRACT,
    relationship="national data set",
    patients_asked=LONGEST_PAGE,
    is_extract_agreed=True,
    standing=None,
)
"""The operator's command takes what two people agreed on."""


def test_what_was_agreed_on_is_taken_many_at_once_and_nothing_sealed() -> None:
    assert code(EXTRACT) == ""
    assert code(EXTRACT, tier=Tier.BANNER) == ""
    assert code(EXTRACT, patients_asked=1) == ""
    assert code(EXTRACT, patients_asked=LONGEST_PAGE + 1) == "page-too-long"
    assert code(EXTRACT, tier=Tier.SEALED) == "role-does-not-reach"
    assert code(EXTRACT, is_extract_agreed=False) == "extract-not-agreed"
    assert code(EXTRACT, purpose=Purpose.DIRECT_CARE) == "purpose-does-not-fit"
    assert code(EXTRACT, is_erased=True) == "erased"


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.EXTRACTOR])
def test_no_other_role_takes_a_data_set(role: Role) -> None:
    refused = code(EXTRACT, role=role)
    assert refused in {"extract-not-agreed", "not-granted", "not-your-record"}


@pytest.mark.parametrize("action", [one for one in Action if one is not Action.EXTRACT])
def test_what_takes_a_data_set_does_nothing_else(action: Action) -> None:
    for tier in (Tier.BANNER, Tier.RECORD, Tier.SEALED, Tier.SHARED):
        assert code(EXTRACT, action=action, tier=tier, patients_asked=1) != ""
