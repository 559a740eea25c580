# SPDX-License-Identifier: Apache-2.0
"""A search as it is asked: names and values to clauses, or every problem at once.

https://hl7.org/fhir/R4/search.html. Clauses are joined by "and"; within one, any match
will do. An unknown parameter or modifier is a problem, never ignored: an ignored
filter widens what is disclosed. Chains, `_has`, includes and sorts are not read here
yet; a name that asks for one is refused, and each becomes a kind of clause of its own.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, assert_never

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.index import holds as match_holds, index_of
from wardkeep.fhir.search.parameters import COMPOSITE, TYPES, search_parameter
from wardkeep.fhir.search.params import composite, special
from wardkeep.fhir.search.terms import (
    AllOf,
    HasId,
    HasTerm,
    InRange,
    LacksTerm,
    LooksLike,
    Match,
    SearchParameter,
    bounded,
    split,
)

MOST_ALTERNATIVES = 1_000
"""Values of one parameter, times the elements it looks at."""
MOST_CLAUSES = 50
_NOT = "not"


class Clause(NamedTuple):
    """One parameter with its values."""

    code: str
    any_of: tuple[Match, ...]
    """Alternatives; none at all means that nothing can match."""
    is_negated: bool = False


class Query(NamedTuple):
    """A search within one resource type."""

    type: str
    clauses: tuple[Clause, ...]

    @property
    def needs_confirming(self) -> bool:
        """Whether candidates must be opened and asked with `holds`."""
        return any(_is_loose(one) for clause in self.clauses for one in clause.any_of)


def _is_loose(match: Match) -> bool:
    if isinstance(match, AllOf):
        return any(_is_loose(one) for one in match.matches)
    return isinstance(match, LooksLike)


def holds(query: Query, resource: Resource) -> bool:
    """Whether an opened resource matches the query."""
    index = index_of(resource)
    return resource.type == query.type and all(
        any(match_holds(one, resource, index) for one in clause.any_of)
        != clause.is_negated
        for clause in query.clauses
    )


def parse_query(
    resource_type: str, asked: Iterable[tuple[str, str]]
) -> Query | tuple[Problem, ...]:
    """Read (name, value) pairs as they come, decoded, from a URL or a form."""
    if not is_resource_type(resource_type):
        wrong = "it is not a type of FHIR R4 resource"
        return (Problem(place="type", wrong=wrong, mend="Name one, as in Patient."),)
    pairs = list(asked)
    if len(pairs) > MOST_CLAUSES:
        wrong = f"it has more than {MOST_CLAUSES} parameters"
        return (Problem(place="search", wrong=wrong, mend="Ask for less at once."),)
    found = [_clause(resource_type, name, value) for name, value in pairs]
    problems = tuple(one for one in found if isinstance(one, Problem))
    clauses = tuple(one for one in found if isinstance(one, Clause))
    return problems or Query(resource_type, clauses)


def _clause(resource_type: str, name: str, value: str) -> Clause | Problem:
    code, _, modifier = name.partition(":")
    parameter = _parameter(resource_type, code)
    if isinstance(parameter, Problem):
        return parameter
    problem = _modifier_problem(parameter, modifier) or _text_problem(code, value)
    if problem is not None:
        return problem
    matches = _alternatives(parameter, modifier, value)
    if isinstance(matches, Problem):
        return matches
    return Clause(code, matches, is_negated=modifier == _NOT)


def _alternatives(
    parameter: SearchParameter, modifier: str, value: str
) -> tuple[Match, ...] | Problem:
    matches: dict[Match, None] = {}
    for one in split(value, ","):
        answer = _ask(parameter, modifier, one)
        if isinstance(answer, Problem):
            return answer
        matches.update(dict.fromkeys(map(_bounded, answer)))
        if len(matches) > MOST_ALTERNATIVES:
            wrong = f"it comes to more than {MOST_ALTERNATIVES} alternatives"
            mend = "Give fewer values."
            return Problem(place=parameter.code, wrong=wrong, mend=mend)
    return tuple(matches)


def _bounded(match: Match) -> Match:
    """The match with its terms as they are indexed."""
    match match:
        case AllOf(matches):
            return AllOf(tuple(map(_bounded, matches)))
        case HasTerm(one):
            return HasTerm(bounded(one))
        case LooksLike(candidate):
            return match._replace(candidate=bounded(candidate))
        case InRange():
            return match._replace(marks=tuple(map(bounded, match.marks)))
        case LacksTerm() | HasId():
            return match
        case _:
            assert_never(match)


def _parameter(resource_type: str, code: str) -> SearchParameter | Problem:
    if code in special.REFUSED:
        return special.refuse(code, special.REFUSED[code])
    if "." in code or code == "_has":
        return special.refuse(_shown(code), "chained searches are not read yet")
    parameter = search_parameter(resource_type, code)
    if parameter is None:
        wrong = f"{resource_type} has no such search parameter"
        mend = "See the capability statement for those it has."
        return Problem(place=_shown(code), wrong=wrong, mend=mend)
    if not parameter.paths and not parameter.components:
        return special.refuse(code, "its parts do not stand in one place")
    return parameter


def _shown(code: str) -> str:
    """A name is the client's own words; only a plain one is repeated."""
    is_plain = code.isascii() and code.replace("-", "").replace("_", "").isalnum()
    return code if is_plain else "search"


def _text_problem(code: str, value: str) -> Problem | None:
    """Half a surrogate pair is what a wrongly decoded URL leaves behind."""
    if not any("\ud800" <= character <= "\udfff" for character in value):
        return None
    wrong = "the value has characters that are not text"
    return Problem(place=code, wrong=wrong, mend="Send UTF-8 text.")


def _modifier_problem(parameter: SearchParameter, modifier: str) -> Problem | None:
    kind = TYPES.get(parameter.type)
    known = kind.modifiers if kind is not None else frozenset[str]()
    if not modifier or (modifier in known and parameter.code != special.ID):
        return None
    wrong = f"a {parameter.type} parameter has no such modifier here"
    names = [f":{name}" for name in sorted(known) if not is_resource_type(name)]
    mend = f"There are: {', '.join(names)}." if names else "Leave it out."
    return Problem(place=parameter.code, wrong=wrong, mend=mend)


def _ask(
    parameter: SearchParameter, modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    if parameter.code == special.ID:
        return special.query_id(parameter, modifier, text)
    if parameter.type == COMPOSITE:
        return composite.query(parameter, text, ask=_ask_part)
    return TYPES[parameter.type].query(parameter, modifier, text)


def _ask_part(part: SearchParameter, text: str) -> tuple[Match, ...] | Problem:
    return TYPES[part.type].query(part, "", text)


def terms_in(query: Query) -> Iterator[bytes]:
    """Every term that the warden must turn into a token for this query."""
    for clause in query.clauses:
        for match in clause.any_of:
            yield from _terms_of(match)


def _terms_of(match: Match) -> Iterator[bytes]:
    match match:
        case AllOf(matches):
            for one in matches:
                yield from _terms_of(one)
        case HasTerm(term) | LacksTerm(term) | LooksLike(term):
            yield term
        case InRange():
            yield from match.marks
        case HasId():
            return
        case _:
            assert_never(match)
