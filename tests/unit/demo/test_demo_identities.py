# SPDX-License-Identifier: Apache-2.0
"""Who the demo people are: plainly fictional, hard to confuse, hard to find."""

import re
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from wardkeep.assembly.demo import DemoOrganisation
from wardkeep.assembly.demo.people import Person, people_of
from wardkeep.base import nhs_number

Json = dict[str, Any]
Records = dict[str, list[Json]]


@pytest.fixture(scope="module")
def people(organisations: dict[str, DemoOrganisation], today: date) -> list[Person]:
    return [
        person
        for organisation in organisations.values()
        for person in people_of(organisation, today=today)
    ]


@pytest.fixture(scope="module")
def patients(records: Records) -> list[Json]:
    return [record["resources"][0] for each in records.values() for record in each]


def named(people: list[Person], full_name: str) -> list[Person]:
    return [person for person in people if person.full_name == full_name]


def test_each_organisation_has_two_hundred_patients(records: Records) -> None:
    assert {slug: len(each) for slug, each in records.items()} == {
        "fernhill": 200,
        "larkspur": 200,
    }


def test_every_nhs_number_is_valid_unused_and_of_the_test_range(
    people: list[Person],
) -> None:
    numbers = [person.nhs_number for person in people]
    assert all(nhs_number.parse(number) == number for number in numbers)
    assert all(nhs_number.is_test_number(number) for number in numbers)
    assert len(set(numbers)) == 400


def test_two_mistyped_digits_never_turn_one_demo_number_into_another(
    people: list[Person],
) -> None:
    bodies = sorted(int(person.nhs_number[:9]) for person in people)
    gaps = [later - earlier for earlier, later in pairwise(bodies)]
    assert min(gaps) > 99


def test_local_numbers_and_patient_ids_are_unique(people: list[Person]) -> None:
    assert len({person.local_number for person in people}) == 400
    assert len({person.patient_id for person in people}) == 400


def test_ids_and_numbers_are_the_same_on_another_day(
    organisations: dict[str, DemoOrganisation], people: list[Person]
) -> None:
    later = people_of(organisations["fernhill"], today=date(2027, 8, 30))
    assert [(p.patient_id, p.nhs_number, p.full_name) for p in later] == [
        (p.patient_id, p.nhs_number, p.full_name) for p in people[:200]
    ]


def test_telephones_are_from_the_ranges_kept_for_drama(patients: list[Json]) -> None:
    drama = re.compile(r"01632 960\d{3}|07700 900\d{3}")
    contacts = [contact for patient in patients for contact in patient["contact"]]
    phones = [
        point["value"]
        for holder in (*patients, *contacts)
        for point in holder["telecom"]
        if point["system"] == "phone"
    ]
    assert len(phones) > 1000
    assert all(drama.fullmatch(phone) for phone in phones)


def test_mail_goes_to_the_reserved_domain_only(patients: list[Json]) -> None:
    mails = [
        point["value"]
        for patient in patients
        for point in patient["telecom"]
        if point["system"] == "email"
    ]
    assert len(mails) > 100
    assert all(mail.endswith("@example.org") for mail in mails)


def test_postcodes_lie_in_an_area_that_does_not_exist(patients: list[Json]) -> None:
    postcodes = {patient["address"][0]["postalCode"] for patient in patients}
    assert all(re.fullmatch(r"ZZ9\d \d[A-Z]{2}", each) for each in postcodes)
    assert len(postcodes) > 300


def test_twins_share_birth_date_surname_and_home(people: list[Person]) -> None:
    otto = named(people, "Otto Bramblewick")[0]
    ivo = named(people, "Ivo Bramblewick")[0]
    assert (otto.born, otto.address) == (ivo.born, ivo.address)
    assert otto.nhs_number != ivo.nhs_number


def test_a_father_and_a_son_bear_one_name_under_one_roof(
    people: list[Person],
) -> None:
    father, son = named(people, "Arthur James Pennyquill")
    assert father.born.year < son.born.year - 20
    assert father.address == son.address
    assert named(people, "George Nettlebury")[0].born.day == 9


def test_two_strangers_share_a_name_and_a_birth_year(people: list[Person]) -> None:
    first, second = named(people, "Jane Applecroft")
    assert first.born.year == second.born.year
    assert (first.born.month, first.born.day) == (second.born.day, second.born.month)
    assert first.address != second.address


@pytest.mark.parametrize(
    "family",
    [
        "O'Thistledale",
        "O\u2019Rushmere",
        "D'Amberley",
        "Featherstead-Marrowbottom",
        "Étoile-Brambley",
        "Świetlikówna",
        "van der Puddle",
        "ap Mossley",
    ],
)
def test_surnames_that_software_spoils_are_there(
    people: list[Person], family: str
) -> None:
    assert family in {person.family for person in people}


def test_given_names_may_be_one_letter_very_long_or_absent(
    people: list[Person],
) -> None:
    assert any(person.given == ("J",) for person in people)
    assert any(person.given == () for person in people)
    assert max(len(person.full_name) for person in people) > 100


def test_a_mononym_is_written_as_a_family_name_alone(patients: list[Json]) -> None:
    quillon = next(p for p in patients if p["name"][0]["family"] == "Quillon")
    assert quillon["name"] == [
        {"use": "official", "text": "Quillon", "family": "Quillon"}
    ]


def test_former_names_stay_findable(patients: list[Json]) -> None:
    uses = Counter(name["use"] for patient in patients for name in patient["name"])
    assert uses["official"] == 400
    assert uses["maiden"] > 40


def test_all_four_gender_words_occur(patients: list[Json]) -> None:
    assert {patient["gender"] for patient in patients} == {
        "male",
        "female",
        "other",
        "unknown",
    }


def test_ages_run_from_a_newborn_to_over_a_hundred(
    people: list[Person], today: date
) -> None:
    baby = named(people, "Baby Damsonlow")[0]
    assert (today - baby.born).days == 24
    assert named(people, "Hyacinth Gooseberryholt")[0].age_on(today) == 101
    assert named(people, "Violet Tansypool")[0].age_on(today) == 103


def test_a_birth_date_may_be_a_year_alone(patients: list[Json]) -> None:
    lengths = Counter(len(patient["birthDate"]) for patient in patients)
    assert lengths == {10: 398, 4: 2}


def test_some_people_have_no_fixed_address(patients: list[Json]) -> None:
    homes = [patient["address"][0] for patient in patients]
    without = [home for home in homes if "line" not in home]
    assert without == [
        {"use": "temp", "text": "No fixed address", "postalCode": "ZZ99 3VZ"}
    ]


def test_the_dead_have_a_date_of_death_and_the_living_none(
    patients: list[Json],
) -> None:
    dead = [p["name"][0]["text"] for p in patients if "deceasedDateTime" in p]
    assert dead == ["Winston Copperdown", "Stanley Rookdown"]


def test_everybody_has_a_surgery_and_belongs_to_an_organisation(
    patients: list[Json],
) -> None:
    for patient in patients:
        surgery, doctor = patient["generalPractitioner"]
        assert surgery["display"].endswith("Surgery")
        assert doctor["display"].startswith("Dr ")
        assert patient["managingOrganization"]["display"] in {
            "Fernhill Hospital",
            "Larkspur Home Care",
        }
