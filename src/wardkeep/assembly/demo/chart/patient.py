# SPDX-License-Identifier: Apache-2.0
"""The Patient resource: names, numbers, contact, home, GP."""

from wardkeep.assembly.demo import names, numbers
from wardkeep.assembly.demo.cast import Trait
from wardkeep.assembly.demo.chart.codes import Json, hl7, text_only
from wardkeep.assembly.demo.chart.sheet import Sheet
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.people import Person
from wardkeep.base import nhs_number

_UK_CORE = "https://fhir.hl7.org.uk/"
_VERIFICATION = "UKCore-NHSNumberVerificationStatus"
_ADULT_AGE = 16
_TELEPHONE_LINES = 1000
_LANGUAGES = (("pl", "Polish"), ("pa", "Punjabi"), ("so", "Somali"), ("ro", "Romanian"))

_VERIFIED = {
    "url": f"{_UK_CORE}StructureDefinition/Extension-{_VERIFICATION}",
    "valueCodeableConcept": {
        "coding": [
            {
                "system": f"{_UK_CORE}CodeSystem/{_VERIFICATION}England",
                "code": "01",
                "display": "Number present and verified",
            }
        ]
    },
}


def write_patient(sheet: Sheet) -> None:
    person = sheet.person
    fields: Json = {
        "identifier": _identifiers(sheet),
        "active": True,
        "name": _names(person),
        "telecom": _telecom(person),
        "gender": person.gender,
        "birthDate": _birth_date(person),
        "address": [_address(person)],
        "contact": [_next_of_kin(sheet)],
        "generalPractitioner": _surgery(sheet),
        "managingOrganization": sheet.owner,
    }
    if person.died is not None:
        fields["deceasedDateTime"] = instant(moment(person.died, 5, 40))
    if Trait.TWIN in person.traits:
        fields["multipleBirthBoolean"] = True
    if Trait.INTERPRETER in person.traits:
        fields["communication"] = [_language(sheet)]
    sheet.write("Patient", fields)


def _identifiers(sheet: Sheet) -> list[Json]:
    return [
        {
            "extension": [_VERIFIED],
            "use": "official",
            "system": nhs_number.SYSTEM,
            "value": sheet.person.nhs_number,
        },
        {
            "use": "usual",
            "type": hl7("v2-0203", "MR", "Medical record number"),
            "system": sheet.organisation.local_number_system,
            "value": sheet.person.local_number,
        },
    ]


def _names(person: Person) -> list[Json]:
    official: Json = {"use": "official", "text": person.full_name.strip()}
    official["family"] = person.family
    if person.given:
        official["given"] = list(person.given)
    if person.former_family is None:
        return [official]
    former = {"use": "maiden", "family": person.former_family}
    return [official, {**former, "given": list(person.given)}]


def _telecom(person: Person) -> list[Json]:
    reach = [
        {"system": "phone", "value": numbers.mobile(person.phone_line), "use": "mobile"}
    ]
    if person.address.line is not None:
        line = numbers.landline(person.phone_line)
        reach.append({"system": "phone", "value": line, "use": "home"})
    if person.phone_line % 3 == 0:
        mail = f"patient{person.phone_line}@example.org"
        reach.append({"system": "email", "value": mail})
    return reach


def _birth_date(person: Person) -> str:
    if Trait.YEAR_OF_BIRTH_ONLY in person.traits:
        return f"{person.born.year:04d}"
    return person.born.isoformat()


def _address(person: Person) -> Json:
    home = person.address
    if home.line is None:
        return {
            "use": "temp",
            "text": "No fixed address",
            "postalCode": home.postcode,
        }
    return {
        "use": "home",
        "line": [home.line],
        "city": home.town,
        "postalCode": home.postcode,
    }


def _next_of_kin(sheet: Sheet) -> Json:
    person, chance = sheet.person, sheet.chance("kin")
    kin_age, words = (38, "Parent") if _is_child(sheet) else (50, "Next of kin")
    given = names.given_name(chance, chance.pick(("female", "male")), kin_age)
    line = (person.phone_line + 333) % _TELEPHONE_LINES
    return {
        "relationship": [text_only(words)],
        "name": {"use": "official", "family": person.family, "given": [given]},
        "telecom": [{"system": "phone", "value": numbers.mobile(line)}],
    }


def _is_child(sheet: Sheet) -> bool:
    return sheet.person.age_on(sheet.story.today) < _ADULT_AGE


def _surgery(sheet: Sheet) -> list[Json]:
    surgery = {
        "reference": f"Organization/{sheet.organisation.surgery_id}",
        "display": sheet.organisation.surgery,
    }
    return [surgery, sheet.staff("surgery-doctor")]


def _language(sheet: Sheet) -> Json:
    code, words = sheet.chance("language").pick(_LANGUAGES)
    spoken = {"system": "urn:ietf:bcp:47", "code": code, "display": words}
    return {"language": {"coding": [spoken]}, "preferred": True}
