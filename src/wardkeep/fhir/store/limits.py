# SPDX-License-Identifier: Apache-2.0
"""What an app's scopes leave of the store: one patient's, and what filters let through.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html. Whose keys
leave is the warden's to judge; here the same scopes decide what is looked for at all,
and filters, which only an opened resource can answer.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.compartment import owner_element
from wardkeep.fhir.search.query import Query, has_links, holds, is_loose, parse_query
from wardkeep.fhir.search.terms import AllOf, AnyOf, Clause, Match, OwnedBy

_PATIENT, _USER = "patient", "user"
_ANY = "*"
_READING = frozenset("rs")
CODE = "_scope"


class Right(NamedTuple):
    """One clinical scope of an app."""

    context: str
    type: str
    letters: frozenset[str]
    filter: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The clinical scopes of one token, and its patient."""

    patient: str
    rights: tuple[Right, ...]

    def clauses(self, type_: str) -> tuple[Clause, ...]:
        """What must hold of every resource of a type that is found."""
        alternatives: list[Match] = []
        for right in self._reading(type_):
            parts = self._parts(right, type_)
            if parts is None:
                continue
            if not parts:
                return ()
            alternatives.append(parts[0] if len(parts) == 1 else AllOf(tuple(parts)))
        return (Clause(CODE, tuple(alternatives)),)

    def _reading(self, type_: str) -> list[Right]:
        return [
            one
            for one in self.rights
            if one.type in (type_, _ANY) and one.letters & _READING
        ]

    def _parts(self, right: Right, type_: str) -> list[Match] | None:
        """None where its filter cannot be read: it gives nothing."""
        parts: list[Match] = []
        if (right.context == _PATIENT and owner_element(type_)) or (
            right.context == _PATIENT and type_ == "Patient"
        ):
            parts.append(OwnedBy((self.patient,)))
        if right.filter:
            filter_ = match_of(type_, right.filter)
            if isinstance(filter_, Problem):
                return None
            parts.append(filter_)
        return parts

    def narrowed(self, query: Query) -> Query:
        return query._replace(clauses=(*self.clauses(query.type), *query.clauses))

    def reaches(self, type_: str, patient: str) -> bool:
        """Whether a resource of a patient's may be asked for; empty: of nobody's."""
        return any(
            one.context == _USER or patient in ("", self.patient)
            for one in self._reading(type_)
        )

    def allows(self, *, type_: str, patient: str, text: bytes) -> bool:
        """Whether an opened resource may be given on."""
        fitting = [
            one
            for one in self._reading(type_)
            if one.context == _USER or patient in ("", self.patient)
        ]
        if any(not one.filter for one in fitting):
            return True
        resource = parse(text) if fitting else None
        return isinstance(resource, Resource) and any(
            _passes(one.filter, resource) for one in fitting
        )

    @property
    def has_filters(self) -> bool:
        return any(one.filter for one in self.rights)


def _passes(filter_: str, resource: Resource) -> bool:
    match = match_of(resource.type, filter_)
    if isinstance(match, Problem):
        return False
    return holds(Query(resource.type, (Clause(CODE, (match,)),)), resource)


@lru_cache(maxsize=512)
def match_of(type_: str, filter_: str) -> Match | Problem:
    """A scope's filter as the search decides it; what is wrong with it otherwise."""
    query = parse_query(type_, parse_qsl(filter_, keep_blank_values=True))
    if not isinstance(query, Query):
        return query[0]
    is_decided = (
        query.clauses
        and not has_links(query)
        and not any(one.is_negated or is_loose(one) for one in query.clauses)
    )
    if not is_decided:
        wrong = "it is no filter that the search decides by itself"
        return Problem(
            place=type_, wrong=wrong, mend="Use codes, dates or identifiers."
        )
    return AllOf(tuple(AnyOf(one.any_of) for one in query.clauses))


@lru_cache(maxsize=256)
def limits_of(scope: str, patient: str) -> Limits:
    """The limits of a token, from the scopes that the warden said it has."""
    return Limits(patient=patient, rights=tuple(rights_in(scope.split())))


def rights_in(names: Iterable[str]) -> Iterable[Right]:
    for name in names:
        bare, _, filter_ = name.partition("?")
        context, slash, rest = bare.partition("/")
        type_, dot, letters = rest.partition(".")
        if slash and dot and context in (_PATIENT, _USER):
            yield Right(context, type_, frozenset(letters), filter_)
