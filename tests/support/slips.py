# SPDX-License-Identifier: Apache-2.0
"""How often an honest slip opens a canary: worked out on the demo's names.

People are looked for by two facts, as *Find a patient* wants it; a slip is a click on
another row of the list, or facts that fit somebody else by chance. A slip of a row is
taken as often as the highest rate published of orders for the wrong patient, 98 in
100,000 (multiple births; https://pmc.ncbi.nlm.nih.gov/articles/PMC6714004/ table 3).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.names import given_name, surname
from wardkeep.assembly.planting import SHARE

SLIP_OF_ROW, SLIP_OF_FACTS = 98 / 100_000, 98 / 100_000
OFF_LIST = 0.06
"""Of openings, those that no work explains (PRODUCT, P9): the others need no search."""
OPENINGS_A_DAY = 15_000 / 4_166
"""Of an account of a trust (4,166 accounts, 15,000 openings)."""
RECEPTION_A_DAY = 250
_PEOPLE_A_LIST = 20


class Somebody(NamedTuple):
    family: str
    given: str
    born: int
    is_canary: bool


class Slips(NamedTuple):
    """What was found."""

    canary_beside: float
    """Of slips of a row, those that land on a canary."""
    alone: float
    """Of searches, those that show one person: no row to slip to."""

    def frozen_a_day(self, searches: float) -> float:
        """Of account-days with so many searches; nobody notices on the reason page."""
        by_row = SLIP_OF_ROW * self.canary_beside
        return searches * (by_row + SLIP_OF_FACTS * SHARE / 100)


def slips(*, people: int, searches: int) -> Slips:
    """Of searches for patients who exist, among so many people with canaries."""
    everybody = [_somebody(n) for n in range(people)]
    by_given, by_birth = _filed(everybody)
    chance = Chance("slips", "searches")
    landed = alone = 0.0
    for _ in range(searches):
        wanted = everybody[chance.below(people)]
        if wanted.is_canary:
            continue
        shown = by_given[wanted.family, wanted.given]
        if chance.happens(50) or len(shown) > _PEOPLE_A_LIST:
            shown = by_birth[wanted.family, wanted.born]
        others = len(shown) - 1
        alone += not others
        if others:
            landed += sum(one.is_canary for one in shown) / others
    return Slips(landed / searches, alone / searches)


Filed = dict[tuple[str, object], list[Somebody]]


def _filed(everybody: Sequence[Somebody]) -> tuple[Filed, Filed]:
    by_given: Filed = defaultdict(list)
    by_birth: Filed = defaultdict(list)
    for one in everybody:
        by_given[one.family, one.given].append(one)
        by_birth[one.family, one.born].append(one)
    return by_given, by_birth


def _somebody(number: int) -> Somebody:
    chance = Chance("slips", number)
    age = chance.between(1, 95)
    return Somebody(
        surname(chance),
        given_name(chance, chance.pick(("female", "male")), age),
        age * 366 + chance.below(366),
        is_canary=chance.happens(SHARE),
    )
