# SPDX-License-Identifier: Apache-2.0
"""A search as SQL: conditions on tokens, ranges and columns, every value a parameter.

The text depends on the shape of a search alone, so the driver prepares each shape
once. A condition never widens: what the database cannot decide is left to be confirmed
once a candidate is open (`Query.needs_confirming`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import NamedTuple, assert_never

from wardkeep.base.clock import from_microseconds
from wardkeep.base.stored_id import stored_id
from wardkeep.fhir.model.primitives import EARLIEST, LATEST
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.compartment import owner_element, owner_is_one_of_many
from wardkeep.fhir.search.index import bit_of
from wardkeep.fhir.search.query import Query, is_loose, terms_in
from wardkeep.fhir.search.row_facts import (
    clinical_element,
    month_terms,
    not_by_owner,
    ordered,
    other_time_key,
    range_key,
)
from wardkeep.fhir.search.terms import (
    SEPARATOR,
    AllOf,
    AnyOf,
    AnyTerm,
    Bound,
    Clause,
    HasId,
    HasTerm,
    InRange,
    IsPresent,
    LacksTerm,
    Linked,
    LooksLike,
    Match,
    OwnedBy,
    Referring,
)
from wardkeep.fhir.search.units import stored_mark

LAST_UPDATED = ".meta.lastUpdated"
_OWN_REFERENCE = f"{SEPARATOR}r{SEPARATOR}Patient/"
_NOTHING, _EVERYTHING = "false", "true"
_UNKNOWN_TOKEN = 0
Tokens = Mapping[bytes, int]


def secrets_in(query: Query) -> list[bytes]:
    """Every term and key that the warden must turn into a token for this query."""
    found = dict.fromkeys(terms_in(query))
    found.update(dict.fromkeys(marks_of(query.type)))
    for clause in query.clauses:
        for match in clause.any_of:
            _gather(match, found)
    found.update(dict.fromkeys(months_of(query)))
    return list(found)


def _is_by_tokens(clause: Clause) -> bool:
    return not clause.is_negated and all(
        isinstance(one, HasTerm | AnyTerm) for one in clause.any_of
    )


def _plain_terms(type_: str, matches: Sequence[Match]) -> tuple[bytes, ...]:
    """The terms of alternatives that are nothing but terms; else none."""
    found: list[bytes] = []
    for match in matches:
        if isinstance(match, AnyTerm):
            found.extend(match.terms)
        elif isinstance(match, HasTerm) and not _may_be_owner(type_, match.term):
            found.append(match.term)
        else:
            return ()
    return tuple(dict.fromkeys(found))


def _may_be_owner(type_: str, term: bytes) -> bool:
    return term.startswith(f"{owner_element(type_)}{_OWN_REFERENCE}".encode())


def months_of(query: Query) -> tuple[bytes, ...]:
    """Terms of the months in which whatever matches takes place, where they are few.

    They narrow a search by code and date down to what has both (docs/performance.md).
    """
    element = clinical_element(query.type)
    low, high = EARLIEST, LATEST
    for clause in query.clauses:
        window = None if clause.is_negated else window_of(clause, element)
        if window is not None:
            low, high = max(low, window[0]), min(high, window[1])
    return month_terms(element, low, high) if element else ()


def window_of(clause: Clause, element: str) -> tuple[int, int] | None:
    """Within which time the element lies if the clause holds; None: anywhere."""
    lows, highs = [], []
    for match in clause.any_of:
        if not isinstance(match, InRange) or match.element != element:
            return None
        after = [int(one.value) for one in match.bounds if one.operator[0] == ">"]
        before = [int(one.value) for one in match.bounds if one.operator[0] == "<"]
        lows.append(max(after, default=EARLIEST))
        highs.append(min(before, default=LATEST))
    return (min(lows), max(highs)) if lows else None


@cache
def marks_of(resource_type: str) -> tuple[bytes, ...]:
    """The secrets that tell what a row leaves out."""
    element = owner_element(resource_type)
    marks = (not_by_owner(element),) if element else ()
    if not clinical_element(resource_type):
        return marks
    return (*marks, other_time_key(resource_type))


def _gather(match: Match, found: dict[bytes, None]) -> None:
    match match:
        case AllOf(matches) | AnyOf(matches):
            for one in matches:
                _gather(one, found)
        case InRange(element, _, marks):
            found[range_key(element)] = None
            found.update(dict.fromkeys(_stored(marks)))
        case Linked(_, type_, clauses):
            found.update(dict.fromkeys(secrets_in(Query(type_, clauses))))
        case Referring(type_, _, clauses):
            found.update(dict.fromkeys(secrets_in(Query(type_, clauses))))
        case _:
            return


class Parameters:
    """The values of a statement, in the order of their `$n`."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def add(self, value: object, cast: str = "") -> str:
        self.values.append(value)
        return f"${len(self.values)}{cast}"


class Conditions:
    """Writes the conditions of one statement."""

    def __init__(
        self, tokens: Tokens, parameters: Parameters, *, is_by_patient: bool = False
    ) -> None:
        """`is_by_patient`: rows are found by their patient and no other index."""
        self._is_by_patient = is_by_patient
        self._tokens = tokens
        self._parameters = parameters
        self._depth = 0

    def of_query(self, query: Query, row: str = "r") -> str:
        """The whole query about rows under this alias."""
        code = self._parameters.add(type_code(query.type), "::smallint")
        # Where tokens narrow it down, the index by type is kept out of the plan: to
        # join both costs 6 ms where the tokens alone cost 0.3 (docs/performance.md).
        by_tokens = not self._is_by_patient and any(map(_is_by_tokens, query.clauses))
        found = [f"{row}.type + 0 = {code}" if by_tokens else f"{row}.type = {code}"]
        found.extend(self._clause(query.type, clause, row) for clause in query.clauses)
        months = months_of(query)
        if months:
            found.append(self._any_term(months, row))
        return " and ".join(found)

    def _clause(self, type_: str, clause: Clause, row: str) -> str:
        if clause.is_negated and is_loose(clause):
            # Who may match is more than who does: their opposite says nothing.
            return _EVERYTHING
        terms = _plain_terms(type_, clause.any_of)
        if len(terms) > 1:
            found = self._any_term(terms, row)
            return f"not {found}" if clause.is_negated else found
        found = self._any([self._match(type_, one, row) for one in clause.any_of])
        return f"not {found}" if clause.is_negated else found

    @staticmethod
    def _any(alternatives: Sequence[str]) -> str:
        if not alternatives:
            return _NOTHING
        one = " or ".join(dict.fromkeys(alternatives))
        return f"({one})"

    def _match(self, type_: str, match: Match, row: str) -> str:  # noqa: C901, PLR0911, PLR0912 - one case a kind of match
        match match:
            case HasTerm(term):
                return self._has_term(type_, term, row)
            case LacksTerm(term):
                return f"not {self._has_term(type_, term, row)}"
            case AnyTerm(terms):
                return self._any_term(terms, row)
            case IsPresent(parameter):
                return self._is_present(bit_of(type_, parameter), row)
            case HasId(id_):
                return f"{row}.id = {self._parameters.add(stored_id(id_), '::bytea')}"
            case InRange():
                return self._in_range(type_, match, row)
            case AllOf(matches):
                every = [self._match(type_, one, row) for one in matches]
                return f"({' and '.join(every)})"
            case AnyOf(matches):
                return self._any([self._match(type_, one, row) for one in matches])
            case LooksLike(candidate):
                has_term = candidate and self._has_term(type_, candidate, row)
                return has_term or _EVERYTHING
            case OwnedBy(patients):
                return self._owned_by(type_, patients, row)
            case Linked():
                return self._linked(type_, match, row)
            case Referring():
                return self._referring(match, row)
            case _:
                assert_never(match)

    @staticmethod
    def _is_present(bit: int, row: str) -> str:
        # A bit beyond the last byte is none; to ask for it is an error.
        return (
            f"case when length({row}.present) > {bit // 8}"
            f" then get_bit({row}.present, {bit}) = 1 else false end"
        )

    def _array(self, terms: Sequence[bytes]) -> str:
        tokens = [self._tokens.get(term, _UNKNOWN_TOKEN) for term in terms]
        return self._parameters.add(tokens, "::bigint[]")

    def _has_term(self, type_: str, term: bytes, row: str) -> str:
        element, _, patient = term.decode(errors="replace").partition(_OWN_REFERENCE)
        if not patient or element != owner_element(type_):
            return f"{row}.tokens @> {self._array([term])}"
        # Its row says whose it is; another patient of a list has a term.
        owned = self._owned_by(type_, (patient,), row)
        if not owner_is_one_of_many(type_):
            return owned
        return f"({owned} or {row}.tokens @> {self._array([term])})"

    def _any_term(self, terms: Sequence[bytes], row: str) -> str:
        return f"{row}.tokens && {self._array(terms)}" if terms else _NOTHING

    def _owned_by(self, type_: str, patients: Sequence[str], row: str) -> str:
        numbers = (
            "(select p.number from record.patient as p"
            " where p.organisation = record.served_organisation() and p.id = "
        )
        if len(patients) == 1:
            # One number: the index gives the rows in the order of their time.
            whose = f"{row}.patient = {numbers}{self._parameters.add(patients[0])})"
        else:
            ids = self._parameters.add(list(patients), "::text[]")
            whose = f"{row}.patient = any(array{numbers}any({ids})))"
        return self._by_usual_element(type_, whose, row)

    def _by_usual_element(self, type_: str, whose: str, row: str) -> str:
        if type_ == "Patient":
            return whose
        mark = self._array([not_by_owner(owner_element(type_))])
        return f"({whose} and not {row}.tokens @> {mark})"

    # Ranges

    def _in_range(self, type_: str, match: InRange, row: str) -> str:
        if match.element.endswith(LAST_UPDATED):
            return self._updated(match.bounds, row)
        key = self._tokens.get(range_key(match.element), _UNKNOWN_TOKEN)
        place = self._parameters.add(key, "::bigint")
        ends = [
            f"{row}.ranges[at + {1 if bound.end == 'low' else 2}] {bound.operator}"
            f" {self._parameters.add(_number(bound.value), '::bigint')}"
            for bound in match.bounds
        ]
        written = (
            f"({row}.ranges && array[{place}] and exists (select from"
            f" generate_series(1, array_length({row}.ranges, 1), 3) as at"
            f" where {row}.ranges[at] = {place} and {' and '.join(ends)}))"
        )
        if match.element == clinical_element(type_):
            written = (
                f"({self._by_clinical_time(type_, match, row, place)} or {written})"
            )
        if not match.marks:
            return written
        return f"({row}.tokens @> {self._array(_stored(match.marks))} and {written})"

    def _by_clinical_time(self, type_: str, match: InRange, row: str, key: str) -> str:
        """Where the row's own time is the element's: `row_facts` says when."""
        other = self._tokens.get(other_time_key(type_), _UNKNOWN_TOKEN)
        other_key = self._parameters.add(other, "::bigint")
        ends = [
            f"{row}.clinical_at{_SECOND if bound.end == 'high' else ''}"
            f" {bound.operator} {self._parameters.add(_moment(bound), '::timestamptz')}"
            for bound in match.bounds
        ]
        return (
            f"({' and '.join(ends)} and ({row}.ranges is null"
            f" or not {row}.ranges && array[{key}, {other_key}]))"
        )

    def _updated(self, bounds: Sequence[Bound], row: str) -> str:
        ends = [
            f"{row}.last_updated {bound.operator}"
            f" {self._parameters.add(_moment(bound), '::timestamptz')}"
            for bound in bounds
        ]
        return f"({' and '.join(ends)})"

    # Links

    def _linked(self, type_: str, match: Linked, row: str) -> str:
        """Only links to the owner: `links.py` has turned all others into terms."""
        inner = self._inner(Query(match.type, match.clauses))
        whose = f"{row}.patient in (select {inner.alias}.patient {inner.source})"
        return self._by_usual_element(type_, whose, row)

    def _referring(self, match: Referring, row: str) -> str:
        inner = self._inner(Query(match.type, match.clauses))
        mark = self._array([not_by_owner(owner_element(match.type))])
        return (
            f"{row}.patient in (select {inner.alias}.patient {inner.source}"
            f" and not {inner.alias}.tokens @> {mark})"
        )

    def _inner(self, query: Query) -> "_Inner":
        self._depth += 1
        alias = f"s{self._depth}"
        where = self.of_query(query, alias)
        return _Inner(alias, f"from record.searchable as {alias} where {where}")


class _Inner(NamedTuple):
    alias: str
    source: str


_SECOND = " + interval '0.999999 second'"
_FIRST_MOMENT = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
_LAST_MOMENT = datetime.fromisoformat("9999-12-30T00:00:00+00:00")


def _stored(marks: Sequence[bytes]) -> list[bytes]:
    return [stored_mark(one) for one in marks]


def _number(value: int | Decimal) -> int:
    return value if isinstance(value, int) else ordered(value)


def _moment(bound: Bound) -> datetime:
    """A bound as a time that the database knows."""
    value = int(bound.value)
    if value <= EARLIEST:
        return _FIRST_MOMENT
    if value >= LATEST:
        return _LAST_MOMENT
    try:
        return from_microseconds(value)
    except OverflowError:
        return _FIRST_MOMENT if value < 0 else _LAST_MOMENT
