# SPDX-License-Identifier: Apache-2.0
"""Plans come back as they were, are valid FHIR, and tell what a version changed."""

from datetime import date

import msgspec
import pytest

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.plans.kinds import CARE, KINDS, Kind
from wardkeep.fhir.plans.plan import Plan, id_of, plan_resource, read_plan
from wardkeep.fhir.validation import check

ALL = tuple(KINDS.values())


def plan(kind: Kind) -> Plan:
    return Plan(
        sections={one.code: f"About {one.title}:\n- 0" for one in kind.sections[1:]},
        agreed="Ann Fenwick",
        review=date(2027, 4, 17),
        change="Her sister moved away.",
        author=Person("Practitioner/ash", "Rowan Ash"),
        written="2026-11-28T09:00:00+00:00",
    )


@pytest.mark.parametrize("kind", ALL, ids=[one.code for one in ALL])
def test_a_plan_comes_back_as_it_was_and_is_valid(kind: Kind) -> None:
    for one in (
        plan(kind),
        msgspec.structs.replace(plan(kind), is_withdrawn=True, change=""),
        msgspec.structs.replace(plan(kind), sections={}, author=Person()),
    ):
        made = plan_resource(one, kind, patient="ann")
        assert read_plan(made.compact) == one
        assert made.type == kind.type
    assert check(plan_resource(plan(kind), kind, patient="ann")) == ()


def test_each_patient_has_one_of_each_kind() -> None:
    ids = {id_of(kind, patient) for kind in ALL for patient in ("ann", "bob")}
    assert len(ids) == 2 * len(ALL)
    assert id_of(CARE, "ann") == id_of(CARE, "ann")


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"nothing",
        b'{"extension": [{"url": "urn:wardkeep:plan:review", "valueDate": "2027"}]}',
        b'{"extension": 1}',
    ],
)
def test_a_plan_of_other_software_is_not_taken_for_one_of_ours(text: bytes) -> None:
    assert read_plan(text) is None
