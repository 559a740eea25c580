# SPDX-License-Identifier: Apache-2.0
"""Who the demo people are: names, numbers, birth dates, homes."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from wardkeep.assembly.demo import names
from wardkeep.assembly.demo.addresses import Address, home_of, no_fixed_address
from wardkeep.assembly.demo.cast import PARTS, Part, Trait
from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.moments import years_between
from wardkeep.assembly.demo.numbers import demo_numbers
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.base.ids import PatientId
from wardkeep.base.nhs_number import NhsNumber

NEWBORN_DAYS = 24
_DIED_DAYS_AGO = 41
_WARDS = ("kestrel", "heron", "wren")
_ADULT_AGE = 18
STEP = 37
"""Between the local numbers of two patients."""
_MARRIED_AGE = 30
_LARKSPUR_LINES_FROM = 500
"""Where the second organisation's share of the telephone numbers begins."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A demo patient as a person, before anything clinical."""

    organisation: str
    position: int
    patient_id: PatientId
    nhs_number: NhsNumber
    local_number: str
    given: tuple[str, ...]
    family: str
    former_family: str | None
    gender: str
    born: date
    died: date | None
    address: Address
    phone_line: int
    ward: str | None
    traits: frozenset[Trait]

    def age_on(self, day: date) -> int:
        return years_between(self.born, day)

    @property
    def full_name(self) -> str:
        return " ".join((*self.given, self.family))


def people_of(organisation: DemoOrganisation, *, today: date) -> Iterator[Person]:
    """All patients of an organisation, written parts first."""
    numbers = demo_numbers(organisation.first_nhs_body)
    parts = PARTS[organisation.slug]
    for position in range(organisation.patient_count):
        chance = Chance(organisation.slug, position, "person")
        written = position < len(parts)
        part = parts[position] if written else _draw(organisation, position, chance)
        yield _person(
            organisation, position, part=part, number=next(numbers), today=today
        )


def somebody(
    organisation: DemoOrganisation, position: int, *, number: NhsNumber, today: date
) -> Person:
    """Somebody without a written part, at any position."""
    chance = Chance(organisation.slug, position, "person")
    part = _draw(organisation, position, chance)
    return _person(organisation, position, part=part, number=number, today=today)


def local_number(
    organisation: DemoOrganisation, position: int, *, beyond: int = 0
) -> str:
    """The organisation's own number of a patient; `beyond` is of none."""
    return f"{organisation.local_prefix}{100_000 + position * STEP + beyond}"


def phone_line(organisation: DemoOrganisation, position: int) -> int:
    """The last digits of a patient's telephones."""
    return position + _LARKSPUR_LINES_FROM * (organisation.slug == "larkspur")


def _person(
    organisation: DemoOrganisation,
    position: int,
    *,
    part: Part,
    number: NhsNumber,
    today: date,
) -> Person:
    slug = organisation.slug
    deceased = Trait.DECEASED in part.traits
    return Person(
        organisation=slug,
        position=position,
        patient_id=PatientId(stable_id(slug, position, "Patient")),
        nhs_number=number,
        local_number=local_number(organisation, position),
        given=part.given,
        family=part.family,
        former_family=part.former_family,
        gender=part.gender,
        born=_born(part, Chance(slug, position, "birthday"), today=today),
        died=today - timedelta(days=_DIED_DAYS_AGO) if deceased else None,
        address=_address(part, slug, position),
        phone_line=phone_line(organisation, position),
        ward=part.ward,
        traits=part.traits,
    )


def _born(part: Part, chance: Chance, *, today: date) -> date:
    """The same day all year round, so that a demo script can name it."""
    if Trait.NEWBORN in part.traits:
        return today - timedelta(days=NEWBORN_DAYS)
    month, day = part.birthday or (chance.between(1, 12), chance.between(1, 28))
    year = today.year - part.age
    if (month, day) == (2, 29):
        year -= year % 4
    return date(year, month, day)


def _address(part: Part, slug: str, position: int) -> Address:
    if Trait.NO_FIXED_ADDRESS in part.traits:
        return no_fixed_address()
    if part.household is not None:
        return home_of(slug, part.household)
    if Trait.TWIN in part.traits:
        return home_of(slug, part.family)
    return home_of(slug, position)


def _draw(organisation: DemoOrganisation, position: int, chance: Chance) -> Part:
    """Somebody without a written part."""
    gender = chance.pick(("female", "male"))
    at_home = organisation.kind == "home care"
    age = _home_care_age(chance) if at_home else _hospital_age(chance)
    given = [names.given_name(chance, gender, age)]
    if chance.happens(40):
        given.append(names.given_name(chance, gender, age))
    family = names.surname(chance)
    former = (
        names.surname(chance) if gender == "female" and age > _MARRIED_AGE else None
    )
    return Part(
        given=tuple(dict.fromkeys(given)),
        family=family,
        gender=gender,
        age=age,
        former_family=former if chance.happens(50) else None,
        ward=None if at_home else _ward(position, age),
        traits=frozenset({Trait.INTERPRETER} if chance.happens(4) else ()),
    )


def _hospital_age(chance: Chance) -> int:
    low, high = chance.pick(
        ((1, 17), (18, 39), (18, 39), (40, 64), (40, 64), (65, 79), (75, 95))
    )
    return chance.between(low, high)


def _home_care_age(chance: Chance) -> int:
    low, high = chance.pick(((24, 64), *[(66, 84)] * 3, *[(78, 98)] * 4))
    return chance.between(low, high)


def _ward(position: int, age: int) -> str | None:
    """One in seven lies on a ward today."""
    if position % 7:
        return None
    return _WARDS[position // 7 % len(_WARDS)] if age >= _ADULT_AGE else "otter"
