# SPDX-License-Identifier: Apache-2.0
"""The rules of sealed notes: who may, and what is never enough."""

from datetime import UTC, datetime

import msgspec
import pytest

from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import read_scopes
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.warden.budgets import Standing
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.opening import GLASS, Opening, WayIn
from wardkeep.warden.rules.passkey_is_fresh import FRESH_SECONDS
from wardkeep.warden.ways_in import are_notes, is_given

ASKED = WayIn(
    now=datetime(2026, 11, 28, 12, 0, tzinfo=UTC),
    visits=(),
    is_alone=True,
    is_row_key_right=True,
    homes_left=-1,
    passkey_seconds=0.0,
)
NOTE = Opening(
    role=Role.DOCTOR,
    purpose=Purpose.DIRECT_CARE,
    reason="",
    action=Action.READ,
    tier=Tier.SEALED,
    relationship="caseload",
    patients_asked=1,
    is_key_ours=True,
    resources=(("Composition", "note", 1),),
    standing=Standing(day=1, day_soft=30, day_most=50, reach=1, reach_most=25),
    way_in=ASKED,
)
"""A doctor with the patient on her caseload, a moment after her passkey."""


def code(**changed: object) -> str:
    refused = judge(msgspec.structs.replace(NOTE, **changed))
    return "" if refused is None else refused.code


def asked(**changed: object) -> WayIn:
    return msgspec.structs.replace(ASKED, **changed)


def test_a_colleague_in_the_care_reads_it_without_any_visit_or_home_left() -> None:
    assert code() == ""


@pytest.mark.parametrize("relationship", ["", "caseload, self-made"])
@pytest.mark.parametrize("reason", ["", "I wanted to know more about this"])
def test_no_reason_and_no_work_of_ones_own_opens_it(
    relationship: str, reason: str
) -> None:
    assert code(relationship=relationship, reason=reason) == "sealed-note"


def test_broken_glass_opens_it_because_that_is_looked_at_afterwards() -> None:
    assert code(relationship=GLASS) == ""


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"is_alone": False}, "one-way-in-at-a-time"),
        ({"is_row_key_right": False}, "row-key-wrong"),
        ({"passkey_seconds": FRESH_SECONDS + 1}, "passkey-due"),
    ],
)
def test_it_opens_alone_by_its_own_key_and_a_fresh_passkey(
    changed: dict[str, object], expected: str
) -> None:
    assert code(way_in=asked(**changed)) == expected


@pytest.mark.parametrize("role", Role)
def test_the_roles_that_may_write_one_may_read_one(role: Role) -> None:
    # A program has scopes, by which it is refused: the next test.
    is_open = code(role=role) == ""
    assert is_open == (role.may_seal and role is not Role.IMPORTER)


def test_no_program_reads_one() -> None:
    scopes = read_scopes("system/*.rs")
    assert code(role=Role.SERVICE, scopes=scopes) != ""
    assert code(role=Role.SERVICE, scopes=scopes) == "sealed-from-programs"


def test_what_lies_beside_a_note_is_guarded_as_a_way_in() -> None:
    both = (("Composition", "note", 1), ("Basic", "way", 1))
    assert code(resources=both, role=Role.CRISIS_WORKER) == "no-visit-now"
    assert not are_notes(())


def test_a_note_that_was_read_is_no_home_that_was_opened() -> None:
    def entry(type_: str) -> Entry:
        ref = (type_, "x", 1)
        subject = Subject.about(
            patient="p", tier="sealed", relationship="visit", resources=(ref,)
        )
        return Entry.about(
            at=1,
            organisation=1,
            account="a",
            session="s",
            role="carer",
            purpose="direct-care",
            reason="",
            action="read",
            request="",
            subjects=(subject,),
            outcome="grant",
            software="test",
        )

    assert is_given(entry("Basic"))
    assert not is_given(entry("Composition"))


def test_whoever_reads_a_note_is_told_of_a_note_and_of_no_home() -> None:
    stale = asked(passkey_seconds=1000.0)
    refused = judge(msgspec.structs.replace(NOTE, way_in=stale))
    assert refused is not None
    assert "note" in refused.why
    assert "home" not in refused.why
