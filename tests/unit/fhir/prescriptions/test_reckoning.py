# SPDX-License-Identifier: Apache-2.0
"""What a dose comes to, classes of allergies, and schedules that are remembered."""

from decimal import Decimal

import msgspec
import pytest

from support.prescribing import AMOXICILLIN, DIAZEPAM
from wardkeep.fhir.prescriptions.classes import classes, shared
from wardkeep.fhir.prescriptions.reckoning import reckoned
from wardkeep.fhir.prescriptions.schedules import (
    Known,
    as_known,
    keys_of,
    rank,
    strictest,
    unsaid,
)


@pytest.mark.parametrize(
    ("dose", "often", "days", "comes_to"),
    [
        ("1", "thrice", 7, 21),
        ("0.5", "daily", 5, 3),
        ("2", "once", 30, 2),
        ("1", "weekly", 8, 2),
        ("1", "weekly", 7, 1),
        ("2", "needed-6h", 3, 24),
        ("1", "needed-daily", 10, 10),
        ("1", "needed-4h", 1, 6),
    ],
)
def test_a_dose_for_some_days_comes_to_a_whole_number(
    dose: str, often: str, days: int, comes_to: int
) -> None:
    found = reckoned(
        dose=Decimal(dose), often=often, days=days, unit="tablet", supplied="tablets"
    )
    assert found == comes_to


@pytest.mark.parametrize(
    ("unit", "supplied", "often"),
    [
        ("puff", "inhalers", "twice"),
        ("ml", "ampoules", "once"),
        ("", "tablets", "once"),
        ("tablet", "tablets", "sometimes"),
    ],
)
def test_what_is_supplied_otherwise_is_not_reckoned(
    unit: str, supplied: str, often: str
) -> None:
    assert (
        reckoned(dose=Decimal(1), often=often, days=3, unit=unit, supplied=supplied)
        is None
    )
    assert reckoned(dose=Decimal(5), often="once", days=1, unit="ml", supplied="ml")


@pytest.mark.parametrize(
    ("medicine", "allergy", "codes", "is_shared"),
    [
        ("Flucloxacillin 500 mg capsules", "Penicillin", (), True),
        ("Co-amoxiclav 500 mg/125 mg tablets", "PENICILLINS: rash", (), True),
        ("Amoxicillin 500 mg capsules", "Allergy", ("91936005",), True),
        ("Pivmecillinam 200 mg tablets", "Augmentin", (), True),
        ("Procaine penicillin injection", "Amoxicillin", (), True),
        ("Clarithromycin 500 mg tablets", "Penicillin", ("91936005",), False),
        ("Amoxicillin 500 mg capsules", "Penicillamine", (), False),
        ("Amoxicillin 500 mg capsules", "Latex", ("111088007",), False),
    ],
)
def test_a_penicillin_meets_an_allergy_to_one_by_code_or_name(
    medicine: str, allergy: str, codes: tuple[str, ...], *, is_shared: bool
) -> None:
    assert bool(list(shared(medicine, allergy, codes))) is is_shared


def test_every_class_says_where_it_is_from() -> None:
    assert classes()
    assert all(one.source and one.members for one in classes())


def test_the_strictest_schedule_that_was_ever_said_holds() -> None:
    order = ["2", "3", "special", "4", "5", ""]
    assert sorted(order, key=rank) == order
    assert strictest(["5", "", "3"]) == "3"
    assert strictest([]) == ""
    known = {key: [Known(schedule="4")] for key in keys_of(DIAZEPAM)}
    plain = msgspec.structs.replace(DIAZEPAM, schedule="")
    assert as_known(plain, known).is_checked
    # Another line of that name, or of that code, is the same medicine
    other = msgspec.structs.replace(plain, id="another", words="DIAZEPAM  2 mg tablets")
    assert as_known(other, known).schedule == "4"
    assert not as_known(AMOXICILLIN, known).is_checked
    # Nobody takes a schedule off by remembering a lesser one
    stricter = msgspec.structs.replace(DIAZEPAM, schedule="2")
    assert as_known(stricter, known).schedule == "2"


def test_a_line_that_was_loaded_before_is_remembered_once() -> None:
    assert unsaid([DIAZEPAM, AMOXICILLIN], {}) == [DIAZEPAM]
    known = {key: [Known(schedule="4")] for key in keys_of(DIAZEPAM)}
    assert unsaid([DIAZEPAM, AMOXICILLIN], known) == []
