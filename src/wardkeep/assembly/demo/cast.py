# SPDX-License-Identifier: Apache-2.0
"""The written parts: people whose names or lives are hard for software.

Each stands for a mistake seen in real systems: twins taken for one person, a
father's results in the son's record, names that a search cannot find, a birth
date that is not a date, a chart so long that the page gives up, a 0 shown as a
blank. Everybody else is drawn (people.py).
"""

from enum import Enum

import msgspec


class Trait(Enum):
    """What is special about a written part."""

    DECEASED = "deceased"
    YEAR_OF_BIRTH_ONLY = "only the year of birth is known"
    NO_FIXED_ADDRESS = "no fixed address"
    NEWBORN = "born 24 days ago"
    ZERO_RESULTS = "results whose value is 0"
    LONG_RECORD = "more than 2,000 observations"
    SCALE_2 = "NEWS2 is scored on SpO2 scale 2"
    WORSENING = "is getting worse on the ward"
    PREGNANT = "expects a child"
    GAVE_BIRTH = "is the mother of the newborn"
    TWIN = "one of twins"
    INTERPRETER = "needs an interpreter"
    KEY_SAFE = "carers open the door from a key safe"
    SAFETY_PLAN = "made a safety plan with a team"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A written part; the position in the tuple is the patient's position."""

    given: tuple[str, ...]
    family: str
    gender: str
    age: int
    birthday: tuple[int, int] | None = None
    """Month and day; drawn where nothing depends on it."""
    household: str | None = None
    former_family: str | None = None
    ward: str | None = None
    traits: frozenset[Trait] = frozenset()


def _part(
    name: str,
    gender: str,
    age: int,
    *traits: Trait,
    birthday: tuple[int, int] | None = None,
    household: str | None = None,
    ward: str | None = None,
) -> Part:
    """A name is written 'Given Other|Family|Former family'; each may hold spaces."""
    given, family, *former = name.split("|")
    return Part(
        given=tuple(given.split()),
        family=family,
        gender=gender,
        age=age,
        birthday=birthday,
        household=household,
        ward=ward,
        former_family=former[0] if former else None,
        traits=frozenset(traits),
    )


FERNHILL_PARTS = (
    _part("Otto|Bramblewick", "male", 34, Trait.TWIN, birthday=(4, 17)),
    _part("Ivo|Bramblewick", "male", 34, Trait.TWIN, birthday=(4, 17)),
    _part("Maya Rose|Thimblecote", "female", 9, Trait.TWIN, birthday=(11, 2)),
    _part("Mya Rose|Thimblecote", "female", 9, Trait.TWIN, birthday=(11, 2)),
    _part("Arthur James|Pennyquill", "male", 71, birthday=(6, 8), household="quill"),
    _part("Arthur James|Pennyquill", "male", 43, birthday=(8, 6), household="quill"),
    _part("Jane|Applecroft", "female", 58, birthday=(3, 12)),
    _part("Jane|Applecroft", "female", 58, birthday=(12, 3)),
    _part("Niamh|O'Thistledale", "female", 47),
    _part("Priya|Featherstead-Marrowbottom|Marrowbottom", "female", 39),
    _part("Zoë Éloïse|Étoile-Brambley", "female", 28),
    _part("Łucja|Świetlikówna", "female", 52, Trait.INTERPRETER),
    _part("J|Quillfoot", "male", 66),
    _part("X Æ|Yarrowshaw", "other", 23),
    _part(
        "Wolfeschlegelstein Maximiliana Philippa Alexandrina Theodora"
        "|Cholmondeley-Featherstonehaugh-Majoribanks-Wriothesley-Thimblethorpe",
        "female",
        63,
    ),
    _part("Sky|Larksole", "other", 31),
    _part("Robin|Mistlegate", "unknown", 49),
    _part("|Quillon", "male", 37),
    _part("Pieter|van der Puddle", "male", 55),
    _part("Gwen|ap Mossley", "female", 61, Trait.SAFETY_PLAN),
    _part("Winston|Copperdown", "male", 83, Trait.DECEASED),
    _part("Abdi|Sorrelham", "male", 40, Trait.YEAR_OF_BIRTH_ONLY, Trait.INTERPRETER),
    _part("Terence|Mossfield", "male", 51, Trait.NO_FIXED_ADDRESS, ward="kestrel"),
    _part("Baby|Damsonlow", "female", 0, Trait.NEWBORN, household="damson"),
    _part("Hannah|Damsonlow", "female", 29, Trait.GAVE_BIRTH, household="damson"),
    _part("Hyacinth|Gooseberryholt", "female", 101, birthday=(1, 1), ward="kestrel"),
    _part("Nora|Noughtcombe", "female", 57, Trait.ZERO_RESULTS),
    _part("Marathon|Longshaw", "male", 46, Trait.LONG_RECORD),
    _part("Cyril|Teaselhurst", "male", 74, Trait.SCALE_2, ward="heron"),
    _part("Brenda|Kettlemere", "female", 69, Trait.SCALE_2, ward="heron"),
    _part("Gareth|Foxworth", "male", 62, Trait.WORSENING, ward="kestrel"),
    _part("Yetunde|Honeywade", "female", 33, Trait.PREGNANT),
    _part("Anjali|Clovertree", "female", 27, Trait.PREGNANT),
    _part("Juniper|Ashbottom", "female", 36),
)

LARKSPUR_PARTS = (
    _part("Edna|Spindlewick", "female", 88, Trait.TWIN, birthday=(2, 29)),
    _part("Ethel|Spindlewick", "female", 88, Trait.TWIN, birthday=(2, 29)),
    _part("George|Nettlebury", "male", 92, birthday=(5, 9), household="nettle"),
    _part("George|Nettlebury", "male", 67, birthday=(9, 5), household="nettle"),
    _part("Bridget|O\u2019Rushmere", "female", 79, Trait.KEY_SAFE),
    _part("Renée|D'Amberley", "female", 84),
    _part("Mohinder|Saffroncroft", "male", 81, Trait.INTERPRETER),
    _part("Violet|Tansypool|Mossgate", "female", 103, birthday=(1, 1)),
    _part("Stanley|Rookdown", "male", 90, Trait.DECEASED),
    _part("Mavis|Plovercote", "female", 86, Trait.YEAR_OF_BIRTH_ONLY),
    _part("Q|Fiddlesole", "male", 77, Trait.KEY_SAFE),
    _part("Olive|Buttonfield", "female", 91, Trait.KEY_SAFE),
    _part("Wilfred|Juniperstead", "male", 85, Trait.KEY_SAFE),
    _part("Parveen|Hazelford-Whistleley", "female", 72, Trait.KEY_SAFE),
    _part("Emrys|Cobblequill", "male", 94, Trait.ZERO_RESULTS),
    _part("Ash|Twigmore", "other", 44),
    _part("Dilys|Linnetshaw", "female", 80, Trait.KEY_SAFE),
    _part("Kit|Nutmegdale", "unknown", 68),
)

PARTS = {"fernhill": FERNHILL_PARTS, "larkspur": LARKSPUR_PARTS}
