# SPDX-License-Identifier: Apache-2.0
"""Short ways to ask one resource whether it matches a search."""

from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model import Resource, from_content
from wardkeep.fhir.search import Query, holds, index_of, parse_query, terms_in
from wardkeep.fhir.search.terms import HasTerm
from wardkeep.fhir.validation import check


def resource(content: dict[str, Any]) -> Resource:
    found = from_content(content)
    assert isinstance(found, Resource), found
    assert check(found) == ()
    return found


def query(type_name: str, *pairs: tuple[str, str]) -> Query:
    found = parse_query(type_name, pairs)
    assert isinstance(found, Query), found
    return found


def matches(content: dict[str, Any], name: str, value: str) -> bool:
    """Whether the resource is found; candidates by term alone must include it."""
    one = resource(content)
    asked = query(one.type, (name, value))
    is_found = holds(asked, one)
    clause = asked.clauses[0]
    if is_found and all(isinstance(match, HasTerm) for match in clause.any_of):
        assert set(terms_in(asked)) & set(index_of(one).terms) or clause.is_negated
    return is_found


def faults(type_name: str, name: str, value: str) -> list[str]:
    found = parse_query(type_name, [(name, value)])
    assert isinstance(found, tuple)
    assert all(isinstance(one, Problem) for one in found)
    return [one.wrong for one in found if isinstance(one, Problem)]
