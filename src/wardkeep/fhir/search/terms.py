# SPDX-License-Identifier: Apache-2.0
"""What is indexed of a resource, and what a search compares it with.

A term is bytes that the warden turns into a keyed token: equal terms, equal tokens.
It reads `element US kind US value`, where US is the byte 0x1F, element names the
values (`Patient.identifier`) and kind is one letter. Element and kind never hold a US,
so no value can pass for another element's or kind's.

Terms belong to elements, not to search parameters: `patient` and `subject`, or `code`
and `combo-code`, share what they have in common instead of storing it twice, and a
parameter that is defined later over the same elements needs no reindexing.
"""

from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from wardkeep.base.outcome import Problem
from wardkeep.fhir.search.path import Path

SEPARATOR = "\x1f"
MOST_TERM_BYTES = 512


class Range(NamedTuple):
    """A stretch of time (UTC microseconds) or numbers, both ends included."""

    element: str
    low: int | Decimal
    high: int | Decimal
    marks: tuple[bytes, ...] = ()
    """Terms of this very value: its unit, and the code of the component it is in."""


class Index(NamedTuple):
    """All that can be searched for in one resource."""

    terms: tuple[bytes, ...]
    ranges: tuple[Range, ...]
    present: int = 0
    """One bit a search parameter of the type (`index.bit_of`)."""


class HasTerm(NamedTuple):
    """The resource has this term."""

    term: bytes


class LacksTerm(NamedTuple):
    """The resource does not have this term."""

    term: bytes


class AnyTerm(NamedTuple):
    """The resource has at least one of these terms."""

    terms: tuple[bytes, ...]


class IsPresent(NamedTuple):
    """The resource has a value that the search parameter looks at."""

    parameter: str


class HasId(NamedTuple):
    """The resource has this id."""

    id: str


class Bound(NamedTuple):
    """`low` or `high` of a range, compared with a value."""

    end: str
    """`low` or `high`."""
    operator: str
    """`<`, `<=`, `>` or `>=`."""
    value: int | Decimal


class InRange(NamedTuple):
    """One of the resource's ranges of the element keeps all bounds, has all marks."""

    element: str
    bounds: tuple[Bound, ...]
    marks: tuple[bytes, ...] = ()
    is_repeated: bool = False
    """Whether the element may have several values, whose marks could be mixed up."""


class AllOf(NamedTuple):
    """The resource matches every one of these."""

    matches: tuple["Match", ...]


class AnyOf(NamedTuple):
    """The resource matches at least one of these."""

    matches: tuple["Match", ...]


class LooksLike(NamedTuple):
    """The resource has the term, and a string at the path that bears it out.

    For what terms alone cannot tell. Whoever searches opens the candidates and asks
    `index.holds`; those that fall through were disclosed to the process all the same.
    """

    candidate: bytes
    """Empty where no term narrows it down."""
    path: Path
    agrees: Callable[[Any], bool]
    """Of one value at the path."""


class OwnedBy(NamedTuple):
    """It belongs to one of these patients, by its type's usual element."""

    patients: tuple[str, ...]


class Linked(NamedTuple):
    """It refers to a resource that matches: a step of a chain.

    https://hl7.org/fhir/R4/search.html#chaining
    """

    elements: tuple[str, ...]
    """Where the reference may stand."""
    type: str
    """Of the resource that it refers to."""
    clauses: tuple["Clause", ...]


class Referring(NamedTuple):
    """A resource that matches refers to it: a step of `_has`.

    https://hl7.org/fhir/R4/search.html#has
    """

    type: str
    """Of the resources that refer."""
    parameter: "SearchParameter"
    clauses: tuple["Clause", ...]


Match = (
    HasTerm
    | LacksTerm
    | AnyTerm
    | IsPresent
    | HasId
    | InRange
    | AllOf
    | AnyOf
    | LooksLike
    | OwnedBy
    | Linked
    | Referring
)


class Clause(NamedTuple):
    """One parameter with its values."""

    code: str
    any_of: tuple[Match, ...]
    """Alternatives; none at all means that nothing can match."""
    is_negated: bool = False


class SearchParameter(NamedTuple):
    """A search parameter as compiled for one resource type."""

    resource_type: str
    code: str
    type: str
    paths: tuple[Path, ...] = ()
    targets: tuple[str, ...] = ()
    components: tuple["Composition", ...] = ()


class Composition(NamedTuple):
    """Where a composite's parts stand together: a base and its parts below it."""

    base: Path
    parts: tuple[SearchParameter, ...]

    @property
    def is_single(self) -> bool:
        """Whether there is one such place at most, so that "and" says as much."""
        return not any(step.is_list for step in self.base.steps)


Indexer = Callable[[Any, list[bytes], list[Range]], None]
"""Adds what one value is found by. The value comes from a resource that passed
`validation.check`: it has the type that the definitions say."""


class ParameterType(NamedTuple):
    """One type of search parameter: how it is indexed and how it is asked for."""

    name: str
    modifiers: frozenset[str]
    spread: Callable[[Path], tuple[Path, ...]]
    """From a path to the paths that are indexed: a name to its parts."""
    indexer: Callable[[Path], Indexer | None]
    """None where values of that FHIR type are not searchable by this type."""
    query: Callable[[SearchParameter, str, str], tuple[Match, ...] | Problem]
    """(parameter, modifier, text) to alternatives; none at all matches nothing."""


def itself(path: Path) -> tuple[Path, ...]:
    """For types that spread nothing."""
    return (path,)


def prefix(element: str, kind: str) -> str:
    return f"{element}{SEPARATOR}{kind}{SEPARATOR}"


def term(element: str, kind: str, value: str) -> bytes:
    return f"{element}{SEPARATOR}{kind}{SEPARATOR}{value}".encode()


def presence(element: str) -> bytes:
    """Says that the element is there where no other term does; it is not stored."""
    return term(element, "-", "")


def bounded(one: bytes) -> bytes:
    """The term, or where its value is very long the value's digest in its place.

    A megabyte of text in a code must not become a megabyte asked of the warden.
    """
    if len(one) <= MOST_TERM_BYTES:
        return one
    element, kind, _ = one.split(SEPARATOR.encode(), 2)
    return SEPARATOR.encode().join((element, kind, sha256(one).digest()))


def bad_value(parameter: SearchParameter, mend: str) -> Problem:
    wrong = f"the value does not fit a {parameter.type} parameter"
    return Problem(place=parameter.code, wrong=wrong, mend=mend)


def split(text: str, separator: str, *, most: int = -1) -> list[str]:
    r"""Split at a separator that is not escaped (`\,` `\|` `\$`); escapes stay.

    Source: https://hl7.org/fhir/R4/search.html#escaping.
    """
    parts, start, position = [], 0, 0
    while position < len(text) and most:
        if text[position] == "\\":
            position += 1
        elif text[position] == separator:
            parts.append(text[start:position])
            start = position + 1
            most -= 1
        position += 1
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    if "\\" not in text:
        return text
    out, is_escaped = [], False
    for character in text:
        if character == "\\" and not is_escaped:
            is_escaped = True
            continue
        if is_escaped and character not in ",|$\\":
            out.append("\\")
        out.append(character)
        is_escaped = False
    return "".join(out) + ("\\" if is_escaped else "")
