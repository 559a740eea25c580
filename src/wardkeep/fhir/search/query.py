# SPDX-License-Identifier: Apache-2.0
"""A search as it is asked: names and values to clauses, or every problem at once.

https://hl7.org/fhir/R4/search.html. Clauses are joined by "and"; within one, any match
will do. An unknown parameter or modifier is a problem, never ignored: an ignored
filter widens what is disclosed. What shapes the answer and filters nothing (includes,
sorts, counts) is read by the REST layer.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, assert_never

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import (
    ANY_RESOURCE,
    is_resource_type,
    targets_of,
)
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.index import holds as match_holds, index_of
from wardkeep.fhir.search.parameters import COMPOSITE, TYPES, search_parameter
from wardkeep.fhir.search.params import composite, special
from wardkeep.fhir.search.terms import (
    AllOf,
    AnyOf,
    AnyTerm,
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
    SearchParameter,
    bounded,
    split,
)
from wardkeep.fhir.search.units import is_of_ucum

MOST_ALTERNATIVES = 2_000
"""Values of one parameter, times the elements it looks at and a name's spellings."""
MOST_CLAUSES = 50
MOST_STEPS = 6
"""Of a chain, and of `_has` within `_has`."""
_NEGATIONS = frozenset({"not", "not-in"})
_MISSING = "missing"
_HAS = "_has:"
_HAS_PARTS = 4


class Query(NamedTuple):
    """A search within one resource type."""

    type: str
    clauses: tuple[Clause, ...]

    @property
    def needs_confirming(self) -> bool:
        """Whether candidates must be opened and asked with `holds`."""
        return any(_is_loose(one) for clause in self.clauses for one in clause.any_of)

    @property
    def loose(self) -> "Query":
        """The same with only those clauses that must be confirmed."""
        return self._replace(clauses=tuple(filter(is_loose, self.clauses)))


def _is_loose(match: Match) -> bool:
    if isinstance(match, AllOf | AnyOf):
        return any(_is_loose(one) for one in match.matches)
    if isinstance(match, InRange):
        is_mixed_up = bool(match.marks) and match.is_repeated
        return is_mixed_up or any(map(is_of_ucum, match.marks))
    return isinstance(match, LooksLike)


def is_loose(clause: Clause) -> bool:
    """Whether what the clause says must be confirmed on the open resource."""
    return any(map(_is_loose, clause.any_of))


def has_links(query: Query) -> bool:
    """Whether a clause is about other resources too: `holds` cannot tell those."""
    return any(
        isinstance(one, Linked | Referring)
        for clause in query.clauses
        for one in clause.any_of
    )


def holds(query: Query, resource: Resource) -> bool:
    """Whether an opened resource matches the query, links to others left aside."""
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
    found = [_clause(resource_type, name, value, step=1) for name, value in pairs]
    problems = tuple(one for one in found if isinstance(one, Problem))
    clauses = tuple(one for one in found if isinstance(one, Clause))
    return problems or Query(resource_type, clauses)


def is_unknown(resource_type: str, name: str) -> bool:
    """Whether the type has no parameter of this name at all."""
    code = name.partition(".")[0].partition(":")[0]
    return not name.startswith(_HAS) and search_parameter(resource_type, code) is None


def _clause(  # noqa: PLR0911 - one return a kind of problem
    resource_type: str, name: str, value: str, *, step: int
) -> Clause | Problem:
    if step > MOST_STEPS:
        wrong = f"it has more than {MOST_STEPS} steps"
        return Problem(place="search", wrong=wrong, mend="Ask in fewer steps.")
    if name.startswith(_HAS):
        return _referring(resource_type, name, value, step=step)
    head, dot, rest = name.partition(".")
    if dot:
        return _linked(resource_type, head, (rest, value), step=step)
    code, _, modifier = name.partition(":")
    parameter = _parameter(resource_type, code)
    if isinstance(parameter, Problem):
        return parameter
    problem = _modifier_problem(parameter, modifier) or _text_problem(code, value)
    if problem is not None:
        return problem
    if modifier == _MISSING:
        return _missing(code, value)
    matches = _alternatives(parameter, modifier, value)
    if isinstance(matches, Problem):
        return matches
    return Clause(code, matches, is_negated=modifier in _NEGATIONS)


def _missing(code: str, value: str) -> Clause | Problem:
    if value not in ("true", "false"):
        wrong = "the value of :missing is neither true nor false"
        return Problem(place=code, wrong=wrong, mend="Write one of the two.")
    return Clause(code, (IsPresent(code),), is_negated=value == "true")


def _linked(
    resource_type: str, head: str, rest: tuple[str, str], *, step: int
) -> Clause | Problem:
    """A chain: `subject:Patient.name=ash`, `patient.organization.name=fernhill`."""
    code, _, named = head.partition(":")
    parameter = _parameter(resource_type, code)
    if isinstance(parameter, Problem):
        return parameter
    targets = _chain_targets(parameter, named)
    if isinstance(targets, Problem):
        return targets
    found: list[Match] = []
    problems: list[Problem] = []
    for target in targets:
        inner = _clause(target, *rest, step=step + 1)
        if isinstance(inner, Problem):
            problems.append(inner)
        else:
            elements = elements_to(parameter, target)
            found.append(Linked(elements, target, (inner,)))
    return Clause(code, tuple(found)) if found else problems[0]


def _chain_targets(parameter: SearchParameter, named: str) -> tuple[str, ...] | Problem:
    if parameter.type != "reference":
        wrong = "a chain goes through references only"
        return Problem(place=parameter.code, wrong=wrong, mend="Search by its value.")
    is_any = not parameter.targets or ANY_RESOURCE in parameter.targets
    if not named:
        if not is_any:
            return parameter.targets
        mend = f"Name the type, as in {parameter.code}:Patient.name."
        wrong = "it may refer to anything"
        return Problem(place=parameter.code, wrong=wrong, mend=mend)
    if is_resource_type(named) and (is_any or named in parameter.targets):
        return (named,)
    mend = f"It refers to: {', '.join(parameter.targets) or 'any type'}."
    wrong = "it does not refer to that type"
    return Problem(place=parameter.code, wrong=wrong, mend=mend)


def elements_to(parameter: SearchParameter, target: str) -> tuple[str, ...]:
    """The elements in which the parameter's reference to this type may stand."""
    found = [
        path.element
        for path in parameter.paths
        if path.type.startswith("Reference")
        and path.constraint in ("", target)
        and target in (targets_of(path.type) or (target,))
    ]
    return tuple(dict.fromkeys(found))


def _referring(
    resource_type: str, name: str, value: str, *, step: int
) -> Clause | Problem:
    """`_has:Observation:patient:code=1234-5`: whoever has such an observation."""
    parts = name.split(":", _HAS_PARTS - 1)
    if len(parts) != _HAS_PARTS or not is_resource_type(parts[1]):
        mend = "Write _has:Type:reference:parameter=value."
        return Problem(place="_has", wrong="it cannot be read", mend=mend)
    _, type_, code, rest = parts
    parameter = _parameter(type_, code)
    if isinstance(parameter, Problem):
        return parameter
    if parameter.type != "reference" or not elements_to(parameter, resource_type):
        wrong = f"{type_}.{parameter.code} does not refer to {resource_type}"
        return Problem(place="_has", wrong=wrong, mend="Name a reference that does.")
    inner = _clause(type_, rest, value, step=step + 1)
    if isinstance(inner, Problem):
        return inner
    return Clause("_has", (Referring(type_, parameter, (inner,)),))


def _alternatives(
    parameter: SearchParameter, modifier: str, value: str
) -> tuple[Match, ...] | Problem:
    matches: dict[Match, None] = {}
    for one in split(value, ","):
        answer = _ask(parameter, modifier, one)
        if isinstance(answer, Problem):
            return answer
        matches.update(dict.fromkeys(map(_bounded, answer)))
        if sum(map(_weight, matches)) > MOST_ALTERNATIVES:
            wrong = f"it comes to more than {MOST_ALTERNATIVES} alternatives"
            mend = "Give fewer values."
            return Problem(place=parameter.code, wrong=wrong, mend=mend)
    return tuple(matches)


def _weight(match: Match) -> int:
    return len(match.terms) if isinstance(match, AnyTerm) else 1


def _bounded(match: Match) -> Match:
    """The match with its terms as they are indexed."""
    match match:
        case AllOf(matches):
            return AllOf(tuple(map(_bounded, matches)))
        case AnyOf(matches):
            return AnyOf(tuple(map(_bounded, matches)))
        case AnyTerm(terms):
            return AnyTerm(tuple(map(bounded, terms)))
        case HasTerm(one):
            return HasTerm(bounded(one))
        case LooksLike(candidate):
            return match._replace(candidate=bounded(candidate))
        case InRange():
            return match._replace(marks=tuple(map(bounded, match.marks)))
        case LacksTerm() | HasId() | IsPresent() | OwnedBy() | Linked() | Referring():
            return match
        case _:
            assert_never(match)


def _parameter(resource_type: str, code: str) -> SearchParameter | Problem:
    if code in special.REFUSED:
        return special.refuse(code, special.REFUSED[code])
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
    kind = None if parameter.code == special.ID else TYPES.get(parameter.type)
    known = kind.modifiers if kind is not None else frozenset[str]()
    if not modifier or modifier in known:
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


def terms_of(type_: str, asked: Iterable[tuple[str, str]]) -> list[bytes]:
    """The terms of a search, as parameters and values; none where it is no search."""
    query = parse_query(type_, asked)
    return list(terms_in(query)) if isinstance(query, Query) else []


def _terms_of(match: Match) -> Iterator[bytes]:
    match match:
        case AllOf(matches) | AnyOf(matches):
            for one in matches:
                yield from _terms_of(one)
        case AnyTerm(terms):
            yield from terms
        case HasTerm(term) | LacksTerm(term) | LooksLike(term):
            yield term
        case InRange():
            yield from match.marks
        case HasId() | IsPresent() | OwnedBy() | Linked() | Referring():
            return
        case _:
            assert_never(match)
