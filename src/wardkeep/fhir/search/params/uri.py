# SPDX-License-Identifier: Apache-2.0
"""Uri parameters: canonical URLs, sources, profiles.

https://hl7.org/fhir/R4/search.html#uri. Kinds of term:

    u  the whole address; a canonical with a version also without it
    b  every beginning of a url or uri that ends before a slash: `:below`
"""

from collections.abc import Iterator

from wardkeep.base.outcome import Problem
from wardkeep.fhir.search.path import Path
from wardkeep.fhir.search.terms import (
    HasTerm,
    Indexer,
    Match,
    ParameterType,
    Range,
    SearchParameter,
    bad_value,
    itself,
    prefix,
    term,
    unescape,
)

_MOST_BEGINNINGS = 12


def _beginnings(address: str) -> Iterator[str]:
    """`a://b/c` gives `a://b` and `a://b/c`."""
    start = address.find("://") + len("://") if "://" in address else 0
    for _ in range(_MOST_BEGINNINGS):
        slash = address.find("/", start)
        if slash < 0:
            break
        yield address[:slash]
        start = slash + 1
    yield address.rstrip("/")


def indexer(path: Path) -> Indexer | None:
    u, b = prefix(path.element, "u"), prefix(path.element, "b")

    def index_canonical(value: str, terms: list[bytes], _: list[Range]) -> None:
        terms.append((u + value).encode())
        bare, bar, _version = value.partition("|")
        if bar:
            terms.append((u + bare).encode())

    def index_uri(value: str, terms: list[bytes], _: list[Range]) -> None:
        terms.append((u + value).encode())
        terms.extend((b + one).encode() for one in set(_beginnings(value)))

    if path.type == "canonical":
        return index_canonical
    return index_uri if path.type in ("uri", "url", "oid", "uuid") else None


def query(
    parameter: SearchParameter, modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    wanted = unescape(text)
    if not wanted:
        return bad_value(parameter, "Write the address.")
    found: list[Match] = []
    for path in parameter.paths:
        if modifier == "below":
            if path.type == "canonical":
                return bad_value(parameter, "Canonicals are found whole: no :below.")
            found.append(HasTerm(term(path.element, "b", wanted.rstrip("/"))))
        elif modifier == "above":
            found.extend(
                HasTerm(term(path.element, "u", one + ending))
                for one in dict.fromkeys((wanted.rstrip("/"), *_beginnings(wanted)))
                for ending in ("", "/")
            )
        else:
            found.append(HasTerm(term(path.element, "u", wanted)))
    return tuple(found)


TYPE = ParameterType(
    name="uri",
    modifiers=frozenset({"below", "above", "missing"}),
    spread=itself,
    indexer=indexer,
    query=query,
)
