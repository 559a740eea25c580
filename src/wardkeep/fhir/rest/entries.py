# SPDX-License-Identifier: Apache-2.0
"""The entries of a batch or transaction, read one by one.

https://hl7.org/fhir/R4/http.html#transaction
"""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.rest.asking import pairs_of

MOST_ENTRIES = 20_000
METHODS = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""In the order in which a transaction processes them."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry's request, and its resource as content."""

    place: int
    full_url: str
    method: str
    parts: tuple[str, ...]
    """Of its URL's path, behind the base."""
    query: str
    content: dict[str, object] | None
    if_match: str = ""
    if_none_match: str = ""
    if_none_exist: str = ""

    @property
    def expression(self) -> str:
        return f"Bundle.entry[{self.place}]"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return pairs_of(self.query)


def read_entries(
    bundle: Mapping[str, object], *, base: str
) -> tuple[Entry, ...] | tuple[Problem, ...]:
    """Every entry, or every problem. The bundle's structure was judged before."""
    found: list[Entry] = []
    problems: list[Problem] = []
    entries = bundle.get("entry")
    listed = entries if isinstance(entries, list) else []
    if len(listed) > MOST_ENTRIES:
        wrong = f"it has more than {MOST_ENTRIES} entries"
        return (Problem(place="Bundle.entry", wrong=wrong, mend="Send fewer."),)
    for place, entry in enumerate(listed):
        one = _entry(place, entry, base)
        if isinstance(one, Entry):
            found.append(one)
        else:
            problems.append(one)
    return tuple(problems) if problems else tuple(found)


def _entry(place: int, entry: Mapping[str, object], base: str) -> Entry | Problem:
    where = f"Bundle.entry[{place}]"
    request = entry.get("request")
    if not isinstance(request, dict):
        mend = "Give its method and url."
        return Problem(place=f"{where}.request", wrong="it is missing", mend=mend)
    method = request.get("method")
    url = urlsplit(str(request.get("url", "")).removeprefix(f"{base}/").lstrip("/"))
    content = entry.get("resource")
    needs_content = method in ("POST", "PUT", "PATCH")
    is_operation = "$" in url.path or url.path.endswith("_search")
    if needs_content and content is None and not is_operation:
        mend = f"A {method} brings a resource."
        return Problem(place=f"{where}.resource", wrong="it is missing", mend=mend)
    return Entry(
        place=place,
        full_url=str(entry.get("fullUrl", "")),
        method=str(method),
        parts=tuple(unquote(part) for part in url.path.split("/") if part),
        query=url.query,
        content=content if isinstance(content, dict) else None,
        if_match=str(request.get("ifMatch", "")),
        if_none_match=str(request.get("ifNoneMatch", "")),
        if_none_exist=str(request.get("ifNoneExist", "")),
    )


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """Deletions first, readings last: https://hl7.org/fhir/R4/http.html#trules."""
    return sorted(entries, key=lambda one: METHODS.index(one.method))


def with_references(content: object, known: Mapping[str, str]) -> object:
    """The content with symbolic references in the place of which literal ones stand.

    `reference` members are looked at, and every other string that is exactly an
    entry's `urn:`: the specification has both replaced.
    """
    if isinstance(content, dict):
        return {
            key: _literal(value, known, is_reference=key == "reference")
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_literal(one, known, is_reference=False) for one in content]
    return content


def _literal(value: object, known: Mapping[str, str], *, is_reference: bool) -> object:
    if not isinstance(value, str):
        return with_references(value, known)
    if is_reference or value.startswith("urn:"):
        return known.get(value, value)
    return value


def conditional_references(content: object) -> set[str]:
    """References that are searches: `Patient?identifier=…`."""
    found: set[str] = set()
    left = [content]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            reference = node.get("reference")
            if isinstance(reference, str) and "?" in reference[:80]:
                found.add(reference)
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)
    return {one for one in found if "://" not in one.partition("?")[0]}
