# SPDX-License-Identifier: Apache-2.0
"""What a UCUM code stands for, in exact fractions of base units.

The grammar is that of https://ucum.org/ucum#section-Grammar-of-Units-and-Unit-Terms,
case-sensitive. Two choices differ from a physicist's: the mole is a base of its own
(UCUM's is a plain number, so that mmol/L would be alike with a cell count), and special
units that are no straight line (pH, decibel) are alike with nothing but themselves.
"""

import re
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

from wardkeep.fhir.search.ucum.table import table

MOST_CHARACTERS = 100
MOST_LEVELS = 8
MOST_ALIKE = 200
_ZERO_CELSIUS = Fraction("273.15")
_OFFSETS = {
    "Cel": _ZERO_CELSIUS,
    "degF": Fraction("459.67") * Fraction(5, 9),
    "degRe": _ZERO_CELSIUS,
}
"""Of units on another zero, in kelvin: https://ucum.org/ucum#section-Special-Units."""
_OWN_BASES = frozenset({"mol"})
_TOKEN = re.compile(
    r"(?P<sign>[./()])"
    r"|(?P<note>\{[\x21-\x7a|~]*\})"
    r"|(?P<ten>10[*^])(?P<of_ten>[+-]?[0-9]{1,2})?"
    r"|(?P<number>[0-9]{1,18})(?![0-9])"
    r"|(?P<name>(?:[^\s0-9./(){}\[\]+*^-]|\[[^\s\[\]{}]*\])+)"
    r"(?P<exponent>[+-]?[0-9]{1,2})?(?![0-9])",
    re.ASCII,
)
Dimension = tuple[tuple[str, int], ...]


class Canonical(NamedTuple):
    """A unit in base units: `value * factor + offset`."""

    factor: Fraction
    dimension: Dimension = ()
    """(base unit, exponent), sorted; empty for plain numbers."""
    offset: Fraction = Fraction(0)


class Conversion(NamedTuple):
    """To another unit: `value * factor + offset`."""

    code: str
    factor: Fraction
    offset: Fraction


class _NoUnitError(Exception):
    """Ends the reading of a code; caught in this module."""


ONE = Canonical(Fraction(1))


@lru_cache(maxsize=4096)
def canonical(code: str) -> Canonical | None:
    """What the code stands for; None where it is none of UCUM's."""
    if not code or len(code) > MOST_CHARACTERS:
        return None
    try:
        return _Reading(code).whole()
    except _NoUnitError:
        return None


@lru_cache(maxsize=1024)
def like(code: str) -> tuple[Conversion, ...]:
    """To the code itself and every usual one of its dimension; none for no unit."""
    here = canonical(code)
    if here is None:
        return ()
    found = [Conversion(code, Fraction(1), Fraction(0))]
    for other, there in _usual().get(here.dimension, ()):
        if other != code and len(found) < MOST_ALIKE:
            factor = here.factor / there.factor
            offset = (here.offset - there.offset) / there.factor
            found.append(Conversion(other, factor, offset))
    return tuple(found)


@cache
def _usual() -> dict[Dimension, list[tuple[str, Canonical]]]:
    found: dict[Dimension, list[tuple[str, Canonical]]] = {}
    for code in table().usual:
        unit = canonical(code)
        if unit is not None:
            found.setdefault(unit.dimension, []).append((code, unit))
    return found


class _Reading:
    """One code, read from left to right."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._at = 0

    def whole(self) -> Canonical:
        unit = self._term(level=0)
        if self._at != len(self._code):
            raise _NoUnitError
        return unit

    def _sign(self, signs: str) -> str:
        """The sign that stands here, if it is one of these."""
        here = self._code[self._at : self._at + 1]
        if not here or here not in signs:
            return ""
        self._at += 1
        return here

    def _term(self, *, level: int) -> Canonical:
        if level > MOST_LEVELS:
            raise _NoUnitError
        if self._sign("/"):
            found = _over(ONE, self._component(level))
        else:
            found = self._component(level)
        while sign := self._sign("./"):
            other = self._component(level)
            found = _over(found, other) if sign == "/" else _times(found, other)
        return found

    def _component(self, level: int) -> Canonical:
        if self._sign("("):
            found = self._term(level=level + 1)
            if not self._sign(")"):
                raise _NoUnitError
            self._skip_note()
            return found
        token = _TOKEN.match(self._code, self._at)
        if token is None or token["sign"]:
            raise _NoUnitError
        self._at = token.end()
        if token["note"]:
            return ONE
        found = _of_token(token)
        self._skip_note()
        return found

    def _skip_note(self) -> None:
        """An annotation names what is counted; it changes no unit."""
        note = _TOKEN.match(self._code, self._at)
        if note is not None and note["note"]:
            self._at = note.end()


def _of_token(token: re.Match[str]) -> Canonical:
    if token["ten"]:
        return Canonical(Fraction(10) ** int(token["of_ten"] or 1))
    if token["number"]:
        number = int(token["number"])
        if not number:
            raise _NoUnitError
        return Canonical(Fraction(number))
    unit = _simple(token["name"])
    return _power(unit, int(token["exponent"])) if token["exponent"] else unit


def _simple(name: str) -> Canonical:
    """An atom, or a prefix and an atom that takes prefixes."""
    if _is_atom(name):
        return _atom(name)
    for length in (1, 2):
        prefix, rest = name[:length], name[length:]
        if prefix in table().prefixes and _is_atom(rest) and _is_metric(rest):
            unit = _atom(rest)
            scale = Fraction(table().prefixes[prefix])
            return unit._replace(factor=unit.factor * scale)
    raise _NoUnitError


def _is_atom(name: str) -> bool:
    return name in table().atoms or name in table().bases


def _is_metric(name: str) -> bool:
    return name in table().bases or table().atoms[name].metric


@cache
def _atom(name: str) -> Canonical:
    """One of UCUM's own: the table is finite, and so is what is remembered."""
    atom = table().atoms.get(name)
    if atom is None or name in _OWN_BASES:
        return Canonical(Fraction(1), ((name, 1),))
    is_alone = atom.arbitrary and atom.unit == "1"
    if is_alone or (atom.function and atom.function not in _OFFSETS):
        return Canonical(Fraction(1), ((name, 1),))
    of = _Reading(atom.unit).whole()
    offset = _OFFSETS.get(atom.function, Fraction(0))
    return Canonical(of.factor * Fraction(atom.value), of.dimension, offset)


def _times(one: Canonical, other: Canonical) -> Canonical:
    """A product; a zero of its own has no meaning within one."""
    exponents = dict(one.dimension)
    for base, exponent in other.dimension:
        exponents[base] = exponents.get(base, 0) + exponent
    return Canonical(one.factor * other.factor, _sorted(exponents))


def _over(one: Canonical, other: Canonical) -> Canonical:
    return _times(one, _power(other, -1))


def _power(unit: Canonical, exponent: int) -> Canonical:
    exponents = {base: each * exponent for base, each in unit.dimension}
    return Canonical(unit.factor**exponent, _sorted(exponents))


def _sorted(exponents: dict[str, int]) -> Dimension:
    return tuple(sorted((base, each) for base, each in exponents.items() if each))
