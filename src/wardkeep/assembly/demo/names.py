# SPDX-License-Identifier: Apache-2.0
"""Names that nobody bears: everyday given names before invented surnames.

Given names come from many of the country's communities, because a search box is
tried by the names that people have; surnames are put together from two halves,
so that the whole name is plainly fictional.
"""

from wardkeep.assembly.demo.chance import Chance


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_FEMALE_ELDER = _listed(
    "Doris Mavis Edna Winifred Hilda Beryl Olive Gwyneth Kathleen Morag Ethel "
    "Sheila Brenda Maureen Sumitra Parveen Esmé Ivy Elsie Nora Dilys Precious Hyacinth"
)
_FEMALE_ADULT = _listed(
    "Alison Priya Fatima Siobhan Karen Zofia Grace Yetunde Mei Rhian Catriona Helen "
    "Nasreen Joy Ewa Tracey Susan Amara Chloë Renée Lowri Anjali Beth Hannah Ioana"
)
_FEMALE_CHILD = _listed(
    "Poppy Aisha Willow Maya Seren Isla Freya Zainab Ottilie Naomi Zoë Maisie"
)
_MALE_ELDER = _listed(
    "Albert Wilfred Stanley Cyril Harold Ernest Clifford Leslie Hamish Emrys Winston "
    "Mohinder Kazimierz Reginald Dennis Raymond Ranjit Bernard Idris Neville Delroy"
)
_MALE_ADULT = _listed(
    "Colin Imran Gareth Seán Piotr Darren Kwame Rajesh Ian Tomasz Wei Rhys Callum "
    "Stuart Femi Yusuf Martin Owen Neil Vikram Björn Andrei Marcus Tariq"
)
_MALE_CHILD = _listed(
    "Alfie Ibrahim Rowan Arjun Finn Jude Macsen Oscar Kofi Leo Noah Bilal"
)

_FIRST_HALVES = _listed(
    "Apple Acorn Bramble Bracken Button Candle Clover Cobble Copper Cuckoo Damson "
    "Dapple Feather Fiddle Fox Gingham Gooseberry Hazel Heather Honey Juniper Kettle "
    "Linnet Magpie Marrow Meadow Mistle Moss Nettle Nutmeg Parsley Pebble Penny "
    "Pepper Plover Poppy Puddle Quince Rook Rush Saffron Sorrel Spindle Starling "
    "Tansy Teasel Thimble Thistle Tumble Twig Whistle Willow Yarrow"
)
_SECOND_HALVES = _listed(
    "bottom by bury combe cote croft dale down field foot gate ham holt hurst ley "
    "low mere more over pool quill ridge shaw sole stead thorpe tree wade wick worth"
)

_FORENAMES = {
    "female": (_FEMALE_CHILD, _FEMALE_ADULT, _FEMALE_ELDER),
    "male": (_MALE_CHILD, _MALE_ADULT, _MALE_ELDER),
}
_ADULT_AGE = 18
_ELDER_AGE = 65


def given_name(chance: Chance, gender: str, age: int) -> str:
    """A forename that was in use when the person was born."""
    generation = (age >= _ADULT_AGE) + (age >= _ELDER_AGE)
    pools = _FORENAMES.get(gender) or chance.pick(list(_FORENAMES.values()))
    return chance.pick(pools[generation])


def surname(chance: Chance) -> str:
    """Mostly one invented word; one in sixteen carries two with a hyphen."""
    first = f"{chance.pick(_FIRST_HALVES)}{chance.pick(_SECOND_HALVES)}"
    if chance.below(16):
        return first
    return f"{first}-{chance.pick(_FIRST_HALVES)}{chance.pick(_SECOND_HALVES)}"


def street(chance: Chance) -> str:
    kind = chance.pick(("Lane", "Road", "Close", "Street", "Terrace", "Way", "Row"))
    first, second = chance.pick(_FIRST_HALVES), chance.pick(_SECOND_HALVES)
    return f"{chance.between(1, 140)} {first}{second} {kind}"
