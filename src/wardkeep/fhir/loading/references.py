# SPDX-License-Identifier: Apache-2.0
"""References of a document made literal: `urn:uuid:x` becomes `Patient/x`.

https://hl7.org/fhir/R4/http.html#trules: within a transaction a reference may be an
entry's fullUrl, or a search that names one resource (`Practitioner?identifier=…`).
Both are resolved in the text, because decoding and writing it again would cost more
than all the rest.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote

import msgspec

from wardkeep.fhir.loading.documents import Entry
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.search.index import identifier_term

_SYMBOLIC = re.compile(
    rb'("reference"\s*:\s*")(urn:[^"\\]+|https?:[^"\\]+|[A-Z][A-Za-z]+\?[^"\\]+)"'
)
"""In JSON `"reference":` can only be a key: within a string the marks are escaped."""
_IDENTIFIER = "identifier="


class Conditional(msgspec.Struct, frozen=True, kw_only=True):
    """A reference by identifier: the resource of this type that has this term."""

    type: str
    term: bytes


def symbolic_in(entries: Iterable[Entry]) -> set[bytes]:
    """What the references say that are not literal yet."""
    return {found[1] for entry in entries for found in _SYMBOLIC.findall(entry.raw)}


def literals_of(entries: Iterable[Entry], ids: Iterable[str]) -> dict[bytes, bytes]:
    """What the document itself resolves: each entry's fullUrl."""
    return {
        entry.full_url.encode(): f"{entry.type}/{id_}".encode()
        for entry, id_ in zip(entries, ids, strict=True)
        if entry.full_url
    }


def conditional(reference: bytes) -> Conditional | None:
    """Read `Practitioner?identifier=system|value`; None where it is none."""
    type_, mark, query = reference.decode().partition("?")
    if not mark or not is_resource_type(type_):
        return None
    return conditional_of(type_, query)


def conditional_of(type_: str, query: str) -> Conditional | None:
    """Read the search of a conditional reference or create; by identifier only."""
    if not query.startswith(_IDENTIFIER) or "&" in query:
        return None
    system, bar, value = unquote(query.removeprefix(_IDENTIFIER)).partition("|")
    if not bar or not value:
        return None
    return Conditional(type=type_, term=identifier_term(type_, system, value))


def replacer(literals: Mapping[bytes, bytes]) -> Callable[[bytes], bytes]:
    """A function that writes the literals into a resource's text."""

    def literal(match: re.Match[bytes]) -> bytes:
        known = literals.get(match[2])
        return match[0] if known is None else b'%s%s"' % (match[1], known)

    def replace(raw: bytes) -> bytes:
        return _SYMBOLIC.sub(literal, raw)

    return replace
