# SPDX-License-Identifier: Apache-2.0
"""The people who work in the demo organisations, all of them invented."""

from functools import cache
from typing import Literal

import msgspec

from wardkeep.assembly.demo import names
from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.stable_ids import stable_id

Role = Literal[
    "receptionist",
    "ward nurse",
    "clinician",
    "call taker",
    "urgent care clinician",
    "shift lead",
    "carer",
    "care coordinator",
    "privacy officer",
    "administrator",
]

ROUNDS = 25
CLIENTS_A_ROUND = 8
_ROUNDS_WITH_ACCOUNTS = 2
_CARER_AGE = 40


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who writes in records; not everybody has an account."""

    organisation: str
    key: str
    name: str
    role: Role
    job: str
    places: tuple[str, ...] = ()
    has_account: bool = True

    @property
    def practitioner_id(self) -> str:
        """The id of their FHIR Practitioner."""
        return stable_id(self.organisation, "Practitioner", self.key)

    @property
    def reference(self) -> dict[str, str]:
        """A FHIR reference from a patient's record."""
        return {
            "reference": f"Practitioner/{self.practitioner_id}",
            "display": self.name,
        }


_FERNHILL: tuple[tuple[str, str, Role, str, tuple[str, ...]], ...] = (
    ("reception-1", "Poppy Candlebury", "receptionist", "Receptionist", ()),
    ("reception-2", "Imran Cobblestead", "receptionist", "Receptionist", ()),
    ("nurse-kestrel", "Rosemary Thistlewade", "ward nurse", "Nurse", ("kestrel",)),
    ("nurse-heron", "Kwame Plovergate", "ward nurse", "Nurse", ("heron",)),
    ("nurse-wren", "Catriona Mossworth", "ward nurse", "Nurse", ("wren",)),
    ("nurse-otter", "Lowri Puddlecombe", "ward nurse", "Nurse", ("otter",)),
    (
        "dr-kestrel",
        "Dr Juniper Ashbottom",
        "clinician",
        "Physician",
        ("kestrel", "general", "memory"),
    ),
    (
        "dr-heron",
        "Dr Vikram Feathercote",
        "clinician",
        "Chest physician",
        ("heron", "chest"),
    ),
    (
        "dr-wren",
        "Ms Ioana Nettlecroft",
        "clinician",
        "Surgeon",
        ("wren", "joints"),
    ),
    (
        "dr-diabetes",
        "Dr Hamish Quincehurst",
        "clinician",
        "Diabetes and heart physician",
        ("diabetes", "heart"),
    ),
    (
        "dr-otter",
        "Dr Amara Spindleham",
        "clinician",
        "Children's doctor",
        ("otter", "children"),
    ),
    ("midwife", "Beth Saffronmere", "clinician", "Midwife", ("antenatal",)),
    (
        "coordinator",
        "Neil Rookholt",
        "care coordinator",
        "Discharge coordinator",
        ("kestrel", "heron", "wren", "otter"),
    ),
    ("call-taker", "Tracey Whistledown", "call taker", "Call taker", ()),
    (
        "advice-nurse",
        "Odette Fernsby",
        "urgent care clinician",
        "Advice nurse",
        (),
    ),
    (
        "advice-doctor",
        "Dr Bram Tidewater",
        "urgent care clinician",
        "Out-of-hours doctor",
        (),
    ),
    (
        "advice-pharmacist",
        "Sunil Marrowdale",
        "urgent care clinician",
        "Advice pharmacist",
        (),
    ),
    ("shift-lead", "Gwenda Larkspire", "shift lead", "Urgent care shift lead", ()),
    ("privacy", "Marcus Keyworthy", "privacy officer", "Privacy officer", ()),
    ("administrator", "Helen Inkwell", "administrator", "Administrator", ()),
)

_LARKSPUR: tuple[tuple[str, str, Role, str, tuple[str, ...]], ...] = (
    ("reception-1", "Joy Buttonley", "receptionist", "Receptionist", ()),
    (
        "coordinator-north",
        "Siobhan Magpiegate",
        "care coordinator",
        "Care coordinator",
        ("north",),
    ),
    (
        "coordinator-south",
        "Callum Yarrowfoot",
        "care coordinator",
        "Care coordinator",
        ("south",),
    ),
    ("nurse", "Grace Hazelhurst", "clinician", "Community nurse", ("nursing",)),
    ("call-taker", "Rhys Copperquill", "call taker", "Out-of-hours line", ()),
    (
        "line-nurse",
        "Nerys Bramblecote",
        "urgent care clinician",
        "Out-of-hours nurse",
        (),
    ),
    ("privacy", "Anjali Lockwick", "privacy officer", "Privacy officer", ()),
    ("administrator", "Stuart Ledgerley", "administrator", "Administrator", ()),
)

_SURGERY_DOCTORS = {
    "fernhill": "Dr Mortimer Puddlethwaite",
    "larkspur": "Dr Felicity Toadflax",
}


@cache
def staff_of(organisation: DemoOrganisation) -> dict[str, StaffMember]:
    """Everybody, by key, those without an account at the end."""
    slug = organisation.slug
    rows = _FERNHILL if organisation.kind == "hospital" else _LARKSPUR
    members = [
        StaffMember(
            organisation=slug, key=key, name=name, role=role, job=job, places=places
        )
        for key, name, role, job, places in rows
    ]
    if organisation.kind == "home care":
        members += _carers(slug)
    members.append(_surgery_doctor(slug))
    return {member.key: member for member in members}


def carer_key(round_number: int, shift: str) -> str:
    return f"carer-{round_number:02d}-{shift}"


def _carers(slug: str) -> list[StaffMember]:
    return [
        _carer(slug, round_number, shift)
        for round_number in range(ROUNDS)
        for shift in ("early", "late")
    ]


def _carer(slug: str, round_number: int, shift: str) -> StaffMember:
    key = carer_key(round_number, shift)
    chance = Chance(slug, key)
    given = names.given_name(chance, chance.pick(("female", "male")), _CARER_AGE)
    return StaffMember(
        organisation=slug,
        key=key,
        name=f"{given} {names.surname(chance)}",
        role="carer",
        job=f"Carer, {shift} shift",
        places=("north" if round_number < ROUNDS // 2 else "south",),
        has_account=round_number < _ROUNDS_WITH_ACCOUNTS,
    )


def _surgery_doctor(slug: str) -> StaffMember:
    return StaffMember(
        organisation=slug,
        key="surgery-doctor",
        name=_SURGERY_DOCTORS[slug],
        role="clinician",
        job="General practitioner",
        has_account=False,
    )
