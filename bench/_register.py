# SPDX-License-Identifier: Apache-2.0
"""Who is found by which facts, and how somebody else is: names, births, NHS numbers.

People have the demonstration's names, and numbers anywhere in a range that is issued;
seven records in a hundred are canaries, spread like people. Who looks somebody up gives
two facts (a family name with a given name, or with a birth date), or an NHS number in
three of ten cases; whoever has the person on the telephone gives all three facts.

Published. *The wrong row*: in emergency departments one ordering session in 200 was
broken off at a page that showed the name, because the wrong person had been taken
(Green and others, Ann Emerg Med 2015;65:679, as told in
https://www.mdedge.com/jcomjournal/article/146067); notes were in the wrong record as
often (0.5%, Wilcox and others, PMC3128397); orders for the wrong patient are five times
rarer (98 in 100,000 among babies of one birth, PMC6714004). The first is taken: it
counts whoever noticed as well. It is of lists of a whole department, and taken here of
each list that shows a second person. *A page that asks* stops 16 in 100 of these, as
many as a click on "yes, this one" did (Adelman and others, PMC3638184), and not the 41
who had to type who it is: a reason is typed, and a name is not.

Supposed: that in four times as many searches something is typed or understood wrongly,
so in two of a hundred: of a number in eight of ten cases one digit, in one two
neighbours in the wrong order, in one two places; of a name another given name, of a
birth date another day. Whoever is then shown alone is taken for whom they looked for,
though the row says who it is: that is harsh. Among several nobody is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.names import given_name, surname
from wardkeep.assembly.planting import SHARE
from wardkeep.base import nhs_number
from wardkeep.warden.rules.list_is_short import LONGEST_LIST

BY_NUMBER_IN_100 = 30
MISTYPED_TIMES, ONE_DIGIT_IN_100, NEIGHBOURS_IN_100 = 4, 80, 10
NOTICED_IN_100 = 16
_ISSUED_FROM, _ISSUED = 400_000_000, 400_000_000
"""Numbers of nine digits that are issued, before the check digit."""


class Facts(NamedTuple):
    """What somebody is found by."""

    family: str
    given: str
    born: int
    """Days; which ones does not matter."""
    number: str


class Found(NamedTuple):
    """What a search shows, and who is taken."""

    shown: tuple[str, ...]
    taken: str
    """Whom they were looking for, mostly."""
    slip: str = ""
    """How it came that it is somebody else."""


def facts_of(patient: str) -> Facts:
    """Somebody's own, the same in each run."""
    chance = Chance("facts", patient)
    age = chance.between(1, 95)
    family = surname(chance)
    given = given_name(chance, chance.pick(("female", "male")), age)
    born = age * 366 + chance.below(366)
    while True:
        nine = str(_ISSUED_FROM + chance.below(_ISSUED))
        check = nhs_number.check_digit(nine)
        if check is not None:
            return Facts(family, given, born, f"{nine}{check}")


class Register:
    """Everybody who has a record, and canaries among them."""

    def __init__(self, patients: Iterable[str]) -> None:
        people = list(dict.fromkeys(patients))
        many = len(people) * SHARE // (100 - SHARE)
        self.canaries = [f"n-{n}" for n in range(many)]
        self._facts = {one: facts_of(one) for one in [*people, *self.canaries]}
        self._by_name: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_birth: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._by_number: dict[str, str] = {}
        for one, facts in self._facts.items():
            self._by_name[facts.family, facts.given].append(one)
            self._by_birth[facts.family, facts.born].append(one)
            self._by_number[facts.number] = one
        self.mistyped = Counter[str]()

    def look_up(
        self, patient: str, chance: Chance, wrong_in_100_000: int, *, rings: bool
    ) -> Found:
        """Find somebody, who may have no record yet: as people do, so wrongly at times.

        What finds nobody, or nobody who could be meant, is typed again. `rings`:
        whether it is a caller, who says every fact.
        """
        facts = self._facts.get(patient) or facts_of(patient)
        by = _by_what(chance, rings=rings)
        if chance.below(100_000) < MISTYPED_TIMES * wrong_in_100_000:
            self.mistyped[by] += 1
            found = self._found(_wrongly(facts, by, chance), by)
            if len(found) == 1 and patient not in found:
                return Found((found[0],), found[0], f"typed wrong, {by}")
        if by == "name" and len(self._found(facts, by)) >= LONGEST_LIST:
            by = "birth"
        shown = tuple(dict.fromkeys((patient, *self._found(facts, by))))[:LONGEST_LIST]
        others = shown[1:]
        if others and chance.below(100_000) < wrong_in_100_000:
            return Found(shown, chance.pick(others), "another row")
        return Found(shown, patient)

    def _found(self, facts: Facts, by: str) -> list[str]:
        if by == "number":
            one = self._by_number.get(nhs_number.parse(facts.number) or "")
            return [one] if one else []
        if by == "name":
            return self._by_name.get((facts.family, facts.given), [])
        found = self._by_birth.get((facts.family, facts.born), [])
        if by == "birth":
            return found
        return [one for one in found if self._facts[one].given == facts.given]


def _by_what(chance: Chance, *, rings: bool) -> str:
    if chance.happens(BY_NUMBER_IN_100):
        return "number"
    if rings:
        return "name and birth"
    return "name" if chance.happens(50) else "birth"


def _wrongly(facts: Facts, by: str, chance: Chance) -> Facts:
    """The same person as somebody types them who errs once."""
    if by == "number":
        return facts._replace(number=_mistyped(facts.number, chance))
    if by == "name" or (by != "birth" and chance.happens(50)):
        gender, age = chance.pick(("female", "male")), facts.born // 366
        return facts._replace(given=given_name(chance, gender, age))
    # A day of the month, a month, a year: one of them is another.
    return facts._replace(born=facts.born + chance.pick((-366, -30, -1, 1, 10, 366)))


def _mistyped(number: str, chance: Chance) -> str:
    digits = list(number)
    drawn = chance.below(100)
    if drawn < ONE_DIGIT_IN_100:
        _change(digits, chance.below(len(digits)), chance)
    elif drawn < ONE_DIGIT_IN_100 + NEIGHBOURS_IN_100:
        first = chance.below(len(digits) - 1)
        digits[first : first + 2] = reversed(digits[first : first + 2])
    else:
        for place in _two_of(range(len(digits)), chance):
            _change(digits, place, chance)
    return "".join(digits)


def _change(digits: list[str], place: int, chance: Chance) -> None:
    digits[place] = str((int(digits[place]) + 1 + chance.below(9)) % 10)


def _two_of(places: Sequence[int], chance: Chance) -> tuple[int, int]:
    first = chance.pick(places)
    return first, chance.pick([one for one in places if one != first])
