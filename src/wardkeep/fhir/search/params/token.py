# SPDX-License-Identifier: Apache-2.0
"""Token parameters: codes, identifiers, contact points, yes or no.

https://hl7.org/fhir/R4/search.html#token. Codes are compared without regard to case,
as the page advises; systems are compared as they are. Kinds of term:

    c  the code alone, whatever its system        code
    s  system and code                            system|code
    n  a code that has no system                  |code
    y  any value of the system, of identifiers and contact points: system|
    o  an identifier's type and value             :of-type=system|code|value

No term says that a coding is of a system: it would be a ninth of all tokens, and is
hardly asked for. Whoever asks has the candidates opened and looked at.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.base.plain_text import normalise
from wardkeep.fhir.model.terminology import hl7s_own, kin_of
from wardkeep.fhir.search.path import Path
from wardkeep.fhir.search.terms import (
    SEPARATOR,
    AllOf,
    AnyOf,
    HasTerm,
    Indexer,
    IsPresent,
    LacksTerm,
    LooksLike,
    Match,
    ParameterType,
    Range,
    SearchParameter,
    bad_value,
    itself,
    prefix,
    presence,
    split,
    term,
    unescape,
)

_PLAIN = ("code", "id", "string", "uri", "url", "canonical", "oid", "uuid", "markdown")
_DECEASED = "Patient.deceased"
"""Its expression asks whether the element exists and is not false."""
_OF_TYPE_PARTS = 3
_CODED = ("CodeableConcept", "Coding")
_Special = Callable[[SearchParameter, str], tuple[Match, ...] | Problem]
_WITH_TEXT = ("CodeableConcept", "Coding", "Identifier")


def indexer(path: Path) -> Indexer | None:
    found = _coded(path)
    if found is not None:
        return found
    if path.element == _DECEASED:
        return _deceased(path.element, is_date=path.type == "dateTime")
    if path.type == "boolean":
        return _boolean(path.element)
    return _plain(path.element) if path.type in _PLAIN else None


def _coded(path: Path) -> Indexer | None:
    if path.type == "CodeableConcept":
        return _concept(path.element)
    if path.type == "Coding":
        return _pair(path.element, "code", is_coding=True)
    if path.type == "Identifier":
        return _identifier(path.element)
    return _pair(path.element, "value") if path.type == "ContactPoint" else None


def _pair(element: str, member: str, *, is_coding: bool = False) -> Indexer:
    """A system and a code: terms c, s and y, or c and n where there is no system."""
    there = presence(element)
    c, s = prefix(element, "c"), prefix(element, "s")
    n, y = prefix(element, "n"), prefix(element, "y")

    def index(node: dict[str, Any], terms: list[bytes], _: list[Range]) -> None:
        code, system = node.get(member), node.get("system")
        if code is None:
            if system is not None:
                terms.append(there if is_coding else (y + system).encode())
            return
        code = code.lower()
        terms.append((c + code).encode())
        if system is None:
            terms.append((n + code).encode())
        else:
            terms.append((s + system + SEPARATOR + code).encode())
            if not is_coding:
                terms.append((y + system).encode())

    return index


def _concept(element: str) -> Indexer:
    index_coding = _pair(element, "code", is_coding=True)

    there = presence(element)

    def index(node: dict[str, Any], terms: list[bytes], ranges: list[Range]) -> None:
        codings = node.get("coding", ())
        for coding in codings:
            index_coding(coding, terms, ranges)
        if not codings:
            terms.append(there)

    return index


def _identifier(element: str) -> Indexer:
    index_pair = _pair(element, "value")

    def index(node: dict[str, Any], terms: list[bytes], ranges: list[Range]) -> None:
        index_pair(node, terms, ranges)
        kind, value = node.get("type"), node.get("value")
        if kind is not None and value is not None:
            for coding in kind.get("coding", ()):
                parts = (coding.get("system", ""), coding.get("code", ""), value)
                terms.append(_of_type(element, *parts))

    return index


def _of_type(element: str, system: str, code: str, value: str) -> bytes:
    parts = (system, code.lower(), value.lower())
    return term(element, "o", SEPARATOR.join(parts))


def _plain(element: str) -> Indexer:
    c = prefix(element, "c")

    def index(value: str, terms: list[bytes], _: list[Range]) -> None:
        terms.append((c + value.lower()).encode())

    return index


def _boolean(element: str) -> Indexer:
    yes, no = term(element, "c", "true"), term(element, "c", "false")

    def index(value: object, terms: list[bytes], _: list[Range]) -> None:
        terms.append(yes if value is True else no)

    return index


def _deceased(element: str, *, is_date: bool) -> Indexer:
    yes = term(element, "c", "true")

    def index(value: object, terms: list[bytes], _: list[Range]) -> None:
        if is_date or value is True:
            terms.append(yes)

    return index


def query(
    parameter: SearchParameter, modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    special = _BY_MODIFIER.get(modifier)
    if special is not None:
        return special(parameter, text)
    if not text.strip("|"):
        return bad_value(parameter, "Write code, system|code, |code or system|.")
    system, bar, code = _system_and_code(text)
    found: list[Match] = []
    for path in parameter.paths:
        if bar and system and not code and path.type in _CODED:
            found.append(LooksLike(b"", path, partial(_is_of_system, system)))
        else:
            found.extend(_query_path(path, system if bar else None, code.lower()))
    if any(isinstance(one, LooksLike) for one in found):
        return (AllOf((IsPresent(parameter.code), AnyOf(tuple(found)))),)
    return tuple(found)


def _is_of_system(system: str, node: dict[str, Any]) -> bool:
    codings = node.get("coding", ()) if "coding" in node else (node,)
    return any(one.get("system") == system for one in codings)


def _system_and_code(text: str) -> tuple[str, bool, str]:
    parts = [unescape(part) for part in split(text, "|", most=1)]
    return ("", False, parts[0]) if len(parts) == 1 else (parts[0], True, parts[1])


def _query_path(path: Path, system: str | None, code: str) -> tuple[Match, ...]:
    if path.element == _DECEASED:
        return _query_deceased(code)
    if path.type in _PLAIN or path.type == "boolean":
        return (HasTerm(term(path.element, "c", code)),)  # its system is implied
    if path.constraint:
        if system not in (None, path.constraint):
            return ()
        system = path.constraint
    return (HasTerm(_coded_term(path.element, system, code)),)


def _query_deceased(code: str) -> tuple[Match, ...]:
    """Whoever is not known to have died counts as living: the expression says so."""
    yes = term(_DECEASED, "c", "true")
    if code == "true":
        return (HasTerm(yes),)
    return (LacksTerm(yes),) if code == "false" else ()


def _coded_term(element: str, system: str | None, code: str) -> bytes:
    if system is None:
        return term(element, "c", code)
    if not system:
        return term(element, "n", code)
    if not code:
        return term(element, "y", system)
    return term(element, "s", system + SEPARATOR + code)


def _query_of_type(
    parameter: SearchParameter, text: str
) -> tuple[Match, ...] | Problem:
    parts = [unescape(part) for part in split(text, "|")]
    elements = [path.element for path in parameter.paths if path.type == "Identifier"]
    if len(parts) != _OF_TYPE_PARTS or not all(parts) or not elements:
        mend = "Write system|code|value, and only for identifiers."
        return bad_value(parameter, mend)
    return tuple(HasTerm(_of_type(element, *parts)) for element in elements)


def _query_text(parameter: SearchParameter, text: str) -> tuple[Match, ...] | Problem:
    """The text of a concept, the display of a coding, the text of an identifier's type.

    No index is kept of them: whoever has a code is opened and looked at.
    """
    wanted = normalise(unescape(text))
    found = [
        LooksLike(b"", path, partial(_says, wanted))
        for path in parameter.paths
        if path.type in _WITH_TEXT
    ]
    if not wanted or not found:
        return bad_value(parameter, "It has no text: search for its code.")
    return (AllOf((IsPresent(parameter.code), AnyOf(tuple(found)))),)


def _says(wanted: str, node: dict[str, Any]) -> bool:
    codings = node.get("coding") or ()
    kind = node.get("type")
    texts = [
        node.get("text"),
        node.get("display"),
        *(one.get("display") for one in codings),
    ]
    if isinstance(kind, dict):
        texts.append(kind.get("text"))
    return any(
        normalise(text).startswith(wanted) for text in texts if isinstance(text, str)
    )


def _query_value_set(
    parameter: SearchParameter, text: str
) -> tuple[Match, ...] | Problem:
    """The value sets of FHIR R4; those that are stored were listed before (rest)."""
    pairs = hl7s_own().expand(unescape(text))
    if pairs is None:
        wrong = "that value set is not known here, or its codes cannot be listed"
        mend = "Name one of FHIR R4's own or one that is stored, by its URL."
        return Problem(place=parameter.code, wrong=wrong, mend=mend)
    return _any_of(parameter, sorted(pairs))


def _any_of(
    parameter: SearchParameter, pairs: Iterable[tuple[str, str]]
) -> tuple[Match, ...]:
    found: dict[Match, None] = {}
    for path in parameter.paths:
        for system, code in pairs:
            found.update(dict.fromkeys(_query_path(path, system, code.lower())))
    return tuple(found)


def _query_hierarchy(
    parameter: SearchParameter, text: str, *, is_below: bool
) -> tuple[Match, ...] | Problem:
    """The code and what it is a kind of, or all that are kinds of it."""
    system, bar, code = _system_and_code(text)
    pairs = kin_of(hl7s_own(), system if bar else None, code, is_below=is_below)
    if pairs is None:
        wrong = "no hierarchy is known here that has this code"
        mend = "List the codes, or store their CodeSystem with all its concepts."
        return Problem(place=parameter.code, wrong=wrong, mend=mend)
    return _any_of(parameter, sorted(pairs))


_BY_MODIFIER: Mapping[str, _Special] = {
    "of-type": _query_of_type,
    "text": _query_text,
    "in": _query_value_set,
    "not-in": _query_value_set,
    "above": partial(_query_hierarchy, is_below=False),
    "below": partial(_query_hierarchy, is_below=True),
}


TYPE = ParameterType(
    name="token",
    modifiers=frozenset(
        {"not", "of-type", "text", "in", "not-in", "above", "below", "missing"}
    ),
    spread=itself,
    indexer=indexer,
    query=query,
)
