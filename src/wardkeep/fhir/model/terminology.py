# SPDX-License-Identifier: Apache-2.0
"""Code systems and value sets: what stands below a code, and what a set comes to.

HL7's own, of FHIR R4, are compiled (tools/compile_fhir.py); those that an organisation
stores are read from their resources, and both expand by the same rules
(https://hl7.org/fhir/R4/valueset.html#compositions). Nothing is guessed: a set that
names a system whose codes are not known here does not expand at all.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec

_ARTEFACT = Path(__file__).with_name("terminology.json")
MOST_CODES = 20_000
"""Of one expansion; more is not listed in one search anyway."""
MOST_SETS = 50
"""Value sets that one expansion looks into."""

Pair = tuple[str, str]
"""(system, code)."""


class CodeSystem(msgspec.Struct, frozen=True):
    """A code system whose codes are all known."""

    codes: tuple[str, ...]
    parents: dict[str, tuple[str, ...]] = {}
    """Of codes that stand below others; several where the system says so."""

    def ancestors(self, code: str) -> frozenset[str]:
        """The code and all that it is a kind of."""
        return _reached(code, self.parents)

    def descendants(self, code: str) -> frozenset[str]:
        """The code and all that are kinds of it."""
        children: dict[str, list[str]] = {}
        for child, parents in self.parents.items():
            for parent in parents:
                children.setdefault(parent, []).append(child)
        return _reached(code, children)

    def named(self, code: str) -> str | None:
        """The code as the system writes it, whatever the case it was asked in."""
        wanted = code.lower()
        return next((one for one in self.codes if one.lower() == wanted), None)


def _reached(code: str, steps: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """All that steps lead to, whatever circles they run in."""
    found, ahead = {code}, [code]
    while ahead:
        for one in steps.get(ahead.pop(), ()):
            if one not in found:
                found.add(one)
                ahead.append(one)
    return frozenset(found)


class Composed(msgspec.Struct, frozen=True):
    """One `include` or `exclude` of a value set."""

    system: str = ""
    codes: tuple[str, ...] | None = None
    filters: tuple[tuple[str, str, str], ...] = ()
    """(property, operation, value); all must hold."""
    value_sets: tuple[str, ...] = ()
    """What is in each of these as well."""


class ValueSet(msgspec.Struct, frozen=True):
    """A value set, by what it is composed of."""

    include: tuple[Composed, ...]
    exclude: tuple[Composed, ...] = ()

    @property
    def needs(self) -> tuple[frozenset[str], frozenset[str]]:
        """The systems and the value sets that must be known to expand it."""
        parts = (*self.include, *self.exclude)
        systems = {one.system for one in parts if one.system and one.codes is None}
        sets = {url for one in parts for url in one.value_sets}
        return frozenset(systems), frozenset(sets)


class Terminology(msgspec.Struct, frozen=True):
    """Systems and sets by their canonical URLs."""

    systems: dict[str, CodeSystem]
    value_sets: dict[str, ValueSet]

    def with_these(self, other: "Terminology") -> "Terminology":
        """Both; where both know one, HL7's own stands."""
        return Terminology(
            {**other.systems, **self.systems}, {**other.value_sets, **self.value_sets}
        )

    def value_set(self, url: str) -> ValueSet | None:
        return self.value_sets.get(without_version(url))

    def expand(self, url: str) -> frozenset[Pair] | None:
        """All that is in a value set; None where that cannot be known here."""
        return self._expand(url, ())

    def _expand(self, url: str, within: tuple[str, ...]) -> frozenset[Pair] | None:
        bare = without_version(url)
        value_set = self.value_sets.get(bare)
        if value_set is None or bare in within or len(within) >= MOST_SETS:
            return None
        path = (*within, bare)
        found: set[Pair] = set()
        for one in value_set.include:
            part = self._part(one, path)
            if part is None or len(found) + len(part) > MOST_CODES:
                return None
            found |= part
        for one in value_set.exclude:
            part = self._part(one, path)
            if part is None:
                return None
            found -= part
        return frozenset(found)

    def _part(self, one: Composed, path: tuple[str, ...]) -> frozenset[Pair] | None:
        """What one include comes to: in its system, and in each set that it names."""
        kept = self._of_system(one) if one.system else None
        if one.system and kept is None:
            return None
        for url in one.value_sets:
            inner = self._expand(url, path)
            if inner is None:
                return None
            kept = inner if kept is None else kept & inner
        return kept

    def _of_system(self, one: Composed) -> frozenset[Pair] | None:
        if one.codes is not None:
            return frozenset((one.system, code) for code in one.codes)
        system = self.systems.get(without_version(one.system))
        if system is None:
            return None
        codes = set(system.codes)
        for property_, operation, value in one.filters:
            kept = _filtered(system, property_, operation, value)
            if kept is None:
                return None
            codes &= kept
        return frozenset((one.system, code) for code in codes)


def _filtered(
    system: CodeSystem, property_: str, operation: str, value: str
) -> frozenset[str] | None:
    """Codes that one filter leaves; None where its meaning is not known here."""
    if property_ != "concept":
        return None
    below = system.descendants(value)
    match operation:
        case "is-a":
            return below
        case "descendent-of":
            return below - {value}
        case "is-not-a":
            return frozenset(system.codes) - below
        case _:
            return None


def without_version(url: str) -> str:
    """A canonical as a bare URL: `…/ValueSet/x|4.0.1` names `…/ValueSet/x`."""
    return url.partition("|")[0]


def kin_of(
    terminology: Terminology, system: str | None, code: str, *, is_below: bool
) -> frozenset[Pair] | None:
    """A code with those below it, or with those above it, in its system.

    Where no system is named, in every one that has the code; None where none has it.
    """
    if system is None:
        among = terminology.systems
    else:
        one = terminology.systems.get(without_version(system))
        among = {} if one is None else {without_version(system): one}
    found: set[Pair] = set()
    for url, known in among.items():
        named = known.named(code)
        if named is not None:
            kin = known.descendants(named) if is_below else known.ancestors(named)
            found.update((url, one) for one in kin)
    return frozenset(found) or None


@cache
def hl7s_own() -> Terminology:
    """The code systems and value sets that FHIR R4 brings along."""
    return msgspec.json.decode(_ARTEFACT.read_bytes(), type=Terminology)


class _Concept(msgspec.Struct):
    code: str = ""
    concept: "list[_Concept]" = []


class _CodeSystem(msgspec.Struct, rename="camel"):
    url: str = ""
    content: str = ""
    hierarchy_meaning: str = "is-a"
    concept: list[_Concept] = []


def code_system_in(text: bytes) -> tuple[str, CodeSystem] | None:
    """(URL, codes) of a stored CodeSystem; None where it does not have them all."""
    read = msgspec.json.decode(text, type=_CodeSystem)
    if read.content != "complete" or not read.url:
        return None
    codes: list[str] = []
    parents: dict[str, tuple[str, ...]] = {}
    ahead = [("", one) for one in reversed(read.concept)]
    while ahead:
        parent, concept = ahead.pop()
        codes.append(concept.code)
        if parent and read.hierarchy_meaning == "is-a":
            parents[concept.code] = (*parents.get(concept.code, ()), parent)
        ahead.extend((concept.code, one) for one in reversed(concept.concept))
    return read.url, CodeSystem(tuple(codes), parents)


class _Filter(msgspec.Struct):
    property: str = ""
    op: str = ""
    value: str = ""


class _Composed(msgspec.Struct, rename="camel"):
    system: str = ""
    concept: list[_Concept] | None = None
    filter: list[_Filter] = []
    value_set: list[str] = []

    def read(self) -> Composed:
        codes = self.concept and tuple(one.code for one in self.concept)
        return Composed(
            system=self.system,
            codes=codes or None,
            filters=tuple((one.property, one.op, one.value) for one in self.filter),
            value_sets=tuple(self.value_set),
        )


class _Compose(msgspec.Struct):
    include: list[_Composed] = []
    exclude: list[_Composed] = []


class _Contains(msgspec.Struct):
    system: str = ""
    code: str = ""
    abstract: bool = False
    contains: "list[_Contains]" = []


class _Expansion(msgspec.Struct):
    contains: list[_Contains] = []


class _ValueSet(msgspec.Struct):
    url: str = ""
    compose: _Compose | None = None
    expansion: _Expansion | None = None


def value_set_in(text: bytes) -> tuple[str, ValueSet]:
    """(URL, what it is composed of) of a stored ValueSet.

    One that has no composition is as large as its expansion says.
    """
    read = msgspec.json.decode(text, type=_ValueSet)
    if read.compose is not None and read.compose.include:
        return read.url, ValueSet(
            include=tuple(one.read() for one in read.compose.include),
            exclude=tuple(one.read() for one in read.compose.exclude),
        )
    by_system: dict[str, list[str]] = {}
    ahead = list(read.expansion.contains) if read.expansion else []
    while ahead:
        one = ahead.pop()
        if one.code and not one.abstract:
            by_system.setdefault(one.system, []).append(one.code)
        ahead.extend(one.contains)
    return read.url, ValueSet(
        tuple(
            Composed(system=system, codes=tuple(codes))
            for system, codes in by_system.items()
        )
    )
