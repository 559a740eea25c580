# SPDX-License-Identifier: Apache-2.0
"""Classes of medicines of which one allergy may be another's; a small table.

`classes.toml` beside it has the classes with their sources. What a record calls an
allergy is found by its code, or by a name of the class in its words.
"""

import re
import tomllib
from collections.abc import Collection, Iterator
from functools import cache
from importlib.resources import files

import msgspec

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


class MedicineClass(msgspec.Struct, frozen=True, kw_only=True):
    """One class."""

    name: str
    source: str
    members: frozenset[str]
    also: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    def has(self, words: str) -> bool:
        """Whether a medicine's name is of the class."""
        return _names(words, self.members | self.also)

    def is_allergy(self, words: str, codes: Collection[str] = ()) -> bool:
        """Whether an allergy is to the class, or to one of it."""
        return bool(self.codes.intersection(codes)) or self.has(words)


def _names(words: str, names: Collection[str]) -> bool:
    text = words.casefold()
    found = set(_WORD.findall(text))
    return any(one in text if " " in one else one in found for one in names)


@cache
def classes() -> tuple[MedicineClass, ...]:
    """All of the table."""
    text = files(__package__).joinpath("classes.toml").read_text(encoding="utf-8")
    said = tomllib.loads(text)["class"]
    return tuple(msgspec.convert(one, MedicineClass) for one in said)


def shared(
    medicine: str, allergy: str, codes: Collection[str] = ()
) -> Iterator[MedicineClass]:
    """Classes that a medicine has in common with an allergy."""
    for one in classes():
        if one.has(medicine) and one.is_allergy(allergy, codes):
            yield one
