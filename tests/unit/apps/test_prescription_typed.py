# SPDX-License-Identifier: Apache-2.0
"""What is typed of a prescription or a packet, and what is said about it."""

from datetime import date

import pytest

from wardkeep.apps.prescriptions.opening import CHECKERS, PRESCRIBERS
from wardkeep.apps.prescriptions.typed import (
    KnownAllergy,
    proposed,
    read_confirmed,
    read_packet,
    read_typed,
    warnings_about,
)
from wardkeep.apps.prescriptions.writing import nominated
from wardkeep.care.stock import COUNTERS, STOCKED
from wardkeep.fhir.prescriptions.formulary import Item
from wardkeep.warden.service.medicine_signing import (
    CHECKERS as MAY_CHECK,
    PRESCRIBERS as MAY_PRESCRIBE,
)
from wardkeep.web.forms import Form


def test_pages_and_the_warden_name_the_same_people() -> None:
    for gate, roles in ((PRESCRIBERS, MAY_PRESCRIBE), (CHECKERS, MAY_CHECK)):
        assert gate.roles == {one.value for one in roles}
    assert STOCKED.roles == CHECKERS.roles > COUNTERS.roles


AMOX = Item(
    id="amox",
    words="Amoxicillin 500 mg capsules",
    unit="capsule",
    supplied="capsules",
    routes=("oral",),
    most_days=14,
)
DIAZEPAM = Item(
    id="diaz",
    words="Diazepam 2 mg tablets",
    unit="tablet",
    supplied="tablets",
    routes=("oral", "rectal"),
    schedule="4",
)
TYPED = {
    "medicine": "amox",
    "dose": "1",
    "route": "oral",
    "often": "thrice",
    "days": "7",
    "quantity": "21",
    "why": "Chest infection",
    "number": "GMC 0000000",
}


def test_all_of_it_is_read_and_none_of_it_has_a_default() -> None:
    typed = read_typed(Form(TYPED), (AMOX, DIAZEPAM))
    assert typed is not None
    assert (typed.item, typed.days, typed.quantity) == (AMOX, 7, 21)
    for name in TYPED:
        form = Form({one: it for one, it in TYPED.items() if one != name})
        assert read_typed(form, (AMOX, DIAZEPAM)) is None
        assert name in form.problems


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("medicine", "heroin"),
        ("dose", "0"),
        ("dose", "1e3"),
        ("dose", "one"),
        ("dose", "NaN"),
        ("route", "rectal"),
        ("often", "sometimes"),
        ("days", "0"),
        ("days", "15"),
        ("days", "91"),
        ("quantity", "0"),
        ("quantity", "2.5"),
        ("quantity", "10000"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(name: str, typed: str) -> None:
    form = Form(TYPED | {name: typed})
    assert read_typed(form, (AMOX, DIAZEPAM)) is None
    assert name in form.problems


def test_a_controlled_drug_is_given_for_thirty_days_at_most() -> None:
    asked = TYPED | {"medicine": "diaz", "days": "31"}
    form = Form(asked)
    assert read_typed(form, (AMOX, DIAZEPAM)) is None
    assert "30 days at most" in form.problems["days"].wrong
    assert read_typed(Form(asked | {"days": "30"}), (AMOX, DIAZEPAM)) is not None


def test_the_same_name_in_the_record_has_to_be_read_first() -> None:
    found = warnings_about(
        AMOX, ["Amoxicillin 250 mg tablets"], [KnownAllergy("AMOXICILLIN, rash")]
    )
    assert [one.severity for one in found] == ["Allergy", "Taken already"]
    form = Form({})
    read_confirmed(form, found)
    assert "confirm" in form.problems
    read = Form({"confirm": "yes"})
    read_confirmed(read, found)
    assert not read.problems
    # Another one in tablets or capsules is no such thing
    assert not warnings_about(AMOX, ["Ibuprofen 400 mg capsules"], [])


def test_an_allergy_to_a_penicillin_is_told_of_another_one() -> None:
    coded = KnownAllergy("Drug allergy", frozenset({"91936005"}))
    for allergy in (KnownAllergy("Penicillin"), coded):
        [one] = warnings_about(AMOX, [], [allergy])
        assert one.severity == "Allergy"
        assert "one of the penicillins" in one.words
        assert "BNF" in one.source
    assert not warnings_about(AMOX, [], [KnownAllergy("Latex")])


def test_what_it_comes_to_is_proposed_in_words_and_filled_in_nowhere() -> None:
    form = Form(TYPED | {"quantity": ""})
    assert proposed(form, (AMOX, DIAZEPAM)) == "By dose and days it is 21 capsules"
    assert form.values["quantity"] == ""
    needed = Form(TYPED | {"often": "needed-8h"})
    assert proposed(needed, (AMOX,)) == "By dose and days it is 21 capsules at most"
    for name in ("medicine", "dose", "often", "days"):
        assert not proposed(Form(TYPED | {name: ""}), (AMOX, DIAZEPAM))
    assert not proposed(Form(TYPED | {"days": "1.5"}), (AMOX,))


@pytest.mark.parametrize(
    ("month", "year", "said"),
    [("10", "2026", "expired"), ("13", "2026", "cannot be read"), ("", "", "cannot")],
)
def test_an_expired_packet_is_not_given(month: str, year: str, said: str) -> None:
    form = Form({"batch": "B7", "expires-month": month, "expires-year": year})
    assert read_packet(form, date(2026, 11, 29)) is None
    assert said in form.problems["expires-month"].wrong


def test_a_packet_may_be_used_in_the_month_that_it_names() -> None:
    form = Form({"batch": "B7", "expires-month": "11", "expires-year": "2026"})
    found = read_packet(form, date(2026, 11, 29))
    assert found is not None
    assert (found.batch, found.expires) == ("B7", "2026-11")


def test_the_nominated_pharmacy_is_read_where_the_record_has_one() -> None:
    url = (
        "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy"
    )
    named = {"display": "Mill Lane Pharmacy", "identifier": {"value": "FZZ01"}}
    assert nominated({"extension": [{"url": url, "valueReference": named}]}) == (
        "Mill Lane Pharmacy FZZ01"
    )
    assert nominated({}) == nominated({"extension": [{"url": url}]}) == ""
