# SPDX-License-Identifier: Apache-2.0
"""Reference parameters: which resource another one points to.

https://hl7.org/fhir/R4/search.html#reference. Kinds of term:

    r  what the reference says, without a version: Patient/x, a URL, urn:uuid:x
    i  the identifier in the reference: `:identifier=system|value`
    v  its value alone: `:identifier=value`
"""

from typing import Any

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import ANY_RESOURCE, is_resource_type, targets_of
from wardkeep.fhir.model.type_codes import type_names
from wardkeep.fhir.search.path import Path
from wardkeep.fhir.search.terms import (
    SEPARATOR,
    HasTerm,
    Indexer,
    Match,
    ParameterType,
    Range,
    SearchParameter,
    bad_value,
    itself,
    prefix,
    split,
    term,
    unescape,
)

_HISTORY = "/_history/"


def indexer(path: Path) -> Indexer | None:
    if path.type.startswith("Reference"):
        return _reference(path.element)
    if path.type in ("canonical", "uri", "url"):
        return _address(path.element)
    return _carried(path.element) if path.type == ANY_RESOURCE else None


def _reference(element: str) -> Indexer:
    r, i, v = prefix(element, "r"), prefix(element, "i"), prefix(element, "v")

    def index(node: dict[str, Any], terms: list[bytes], _: list[Range]) -> None:
        literal = node.get("reference")
        if literal is not None and literal[0] != "#":
            terms.append((r + literal.partition(_HISTORY)[0]).encode())
        identifier = node.get("identifier")
        if identifier is not None and "value" in identifier:
            pair = (identifier.get("system", ""), identifier["value"].lower())
            terms.append((i + SEPARATOR.join(pair)).encode())
            terms.append((v + pair[1]).encode())

    return index


def _address(element: str) -> Indexer:
    r = prefix(element, "r")

    def index(value: str, terms: list[bytes], _: list[Range]) -> None:
        terms.append((r + value).encode())
        bare, bar, _version = value.partition("|")
        if bar:
            terms.append((r + bare).encode())

    return index


def _carried(element: str) -> Indexer:
    """A Bundle's first entry: the message header or composition itself."""
    r = prefix(element, "r")

    def index(node: dict[str, Any], terms: list[bytes], _: list[Range]) -> None:
        if "id" in node:
            terms.append(f"{r}{node['resourceType']}/{node['id']}".encode())

    return index


def query(
    parameter: SearchParameter, modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    if modifier == "identifier":
        return _query_identifier(parameter, text)
    wanted = unescape(text)
    if modifier and not is_resource_type(modifier):
        mend = "Use :identifier or the name of a resource type."
        return Problem(
            place=parameter.code, wrong="there is no such modifier here", mend=mend
        )
    if not wanted or (modifier and not is_fhir_id(wanted)):
        return bad_value(parameter, "Write an id, Type/id or a URL.")
    return tuple(
        HasTerm(term(path.element, "r", literal))
        for path in parameter.paths
        for literal in _literals(wanted, _targets(parameter, path, modifier))
    )


def _targets(parameter: SearchParameter, path: Path, modifier: str) -> tuple[str, ...]:
    if path.type in ("canonical", "uri", "url"):
        return ()
    allowed = (path.constraint,) if path.constraint else tuple(targets_of(path.type))
    named = parameter.targets if ANY_RESOURCE not in parameter.targets else ()
    if allowed and named:
        allowed = tuple(sorted(set(allowed) & set(named))) or allowed
    possible = allowed or named or type_names()
    if modifier:
        return (modifier,) if modifier in possible else ("",)
    return possible


def _literals(wanted: str, targets: tuple[str, ...]) -> tuple[str, ...]:
    """What the reference may say, given the types that it may point to."""
    kind, slash, rest = wanted.partition(_HISTORY)[0].partition("/")
    if not slash and is_fhir_id(wanted):
        return tuple(f"{target}/{wanted}" for target in targets if target)
    if slash and is_resource_type(kind) and is_fhir_id(rest):
        return (f"{kind}/{rest}",) if not targets or kind in targets else ()
    return (wanted,)


def _query_identifier(
    parameter: SearchParameter, text: str
) -> tuple[Match, ...] | Problem:
    parts = [unescape(part) for part in split(text, "|", most=1)]
    if not parts[-1]:
        return bad_value(parameter, "Write system|value or value.")
    kind = "v" if len(parts) == 1 else "i"
    wanted = SEPARATOR.join((*parts[:-1], parts[-1].lower()))
    return tuple(HasTerm(term(path.element, kind, wanted)) for path in parameter.paths)


TYPE = ParameterType(
    name="reference",
    modifiers=frozenset({"identifier", "missing", *type_names()}),
    spread=itself,
    indexer=indexer,
    query=query,
)
